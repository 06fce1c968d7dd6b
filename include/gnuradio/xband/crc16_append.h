// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>

namespace gr::xband {

/*!
 * \brief Appends the frame error control field (CRC-16) to frames.
 * \ingroup xband
 *
 * Input:  octets, frames of \p frame_len_bytes - 2 octets one after the other.
 * Output: octets, frames of \p frame_len_bytes, the CRC big-endian in the last two.
 * Standard: CCSDS 732.0-B-4, 4.1.6.
 */
class XBAND_API crc16_append : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<crc16_append>;
    /// \throws std::invalid_argument if frame_len_bytes is less than 3.
    static sptr make(std::size_t frame_len_bytes);
};

} // namespace gr::xband
