// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/sync_interpolator.h>
#include <gnuradio/xband/api.h>

namespace gr::xband {

/*!
 * \brief Convolutional encoder K=7, rate 1/2, G1 = 171, G2 = 133 octal.
 * \ingroup xband
 *
 * Input:  octets, 8 information bits each, most significant first.
 * Output: octets, one channel bit (0 or 1) each: G1 then G2 for each information bit, 16 for an input octet.
 * Standard: CCSDS 131.0-B-5, 3.3.
 */
class XBAND_API conv_encoder : virtual public gr::sync_interpolator
{
public:
    using sptr = std::shared_ptr<conv_encoder>;
    /// \param g2_inverted  invert the second channel bit of each pair, as the standard has it
    static sptr make(bool g2_inverted = true);
};

} // namespace gr::xband
