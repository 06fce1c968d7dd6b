// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>

namespace gr::xband {

/*!
 * \brief Adds the CCSDS pseudo-random sequence to frames; doing it twice takes it away again.
 * \ingroup xband
 *
 * Input, output: octets, frames of \p frame_len_bytes without sync marker one after the other; the sequence starts anew
 * with each.
 * Standard: CCSDS 131.0-B-5, 10.4 (255-bit sequence, h(x) = x^8 + x^7 + x^5 + x^3 + 1).
 */
class XBAND_API randomizer : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<randomizer>;
    /// \throws std::invalid_argument if frame_len_bytes is 0.
    static sptr make(std::size_t frame_len_bytes);
};

} // namespace gr::xband
