// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>
#include <gnuradio/xband/framing_parameters.h>

namespace gr::xband {

/*!
 * \brief Transfer frames to channel bits: Reed-Solomon, randomiser, sync marker, NRZ-M, convolutional code.
 * \ingroup xband
 *
 * Input:  octets, transfer frames of parameters.frame_len_bytes one after the other, a FECF already in them.
 * Output: octets, one channel bit (0 or 1) each, in the order of the modulator's rails: I, Q, I, Q...
 * Standard: CCSDS 131.0-B-5, 3.3, 4, 9 and 10.
 */
class XBAND_API cadu_encoder : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<cadu_encoder>;
    /*!
     * \param g2_inverted  invert the second bit of the convolutional code's pairs, as the standard has it
     * \throws std::invalid_argument naming the field, its value and the limit.
     */
    static sptr make(const framing_parameters& parameters, bool g2_inverted = true);
};

} // namespace gr::xband
