// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>
#include <cstdint>

namespace gr::xband {

/*!
 * \brief Checks the frame error control field (CRC-16) of frames; passes all of them on.
 * \ingroup xband
 *
 * Input, output: octets, frames of \p frame_len_bytes one after the other, the CRC in the last two octets. The first octet
 * of each frame carries a stream tag "xband_fecf": true if the CRC is right.
 * Standard: CCSDS 732.0-B-4, 4.1.6.
 */
class XBAND_API crc16_check : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<crc16_check>;
    /// \throws std::invalid_argument if frame_len_bytes is less than 3.
    static sptr make(std::size_t frame_len_bytes);

    /// Frames since the block was made. Callable from any thread.
    virtual std::uint64_t frames_right() const = 0;
    virtual std::uint64_t frames_wrong() const = 0;
};

} // namespace gr::xband
