// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <string>

namespace gr::xband {

/*!
 * \brief Convolutional encoder K=7, G1 = 171, G2 = 133 octal, rate 1/2 or punctured.
 * \ingroup xband
 *
 * Input:  octets, 8 information bits each, most significant first.
 * Output: octets, one channel bit (0 or 1) each: G1 then G2 for each information bit, 16 for an input octet; of a punctured
 *         code those that are sent, in the same order.
 * Standard: CCSDS 131.0-B-5, 3.3; punctured 3.4.
 */
class XBAND_API conv_encoder : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<conv_encoder>;
    /*!
     * \param g2_inverted  invert the second channel bit of each pair, as the standard has it at rate 1/2
     * \param rate         1/2, 2/3, 3/4, 5/6, 7/8
     * \throws std::invalid_argument for any other rate.
     */
    static sptr make(bool g2_inverted = true, const std::string& rate = "1/2");
};

} // namespace gr::xband
