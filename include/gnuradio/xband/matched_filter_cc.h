// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

namespace gr::xband {

/*!
 * \brief Root-raised-cosine filter matched to the pulse, at the rate of the input and without delay.
 * \ingroup xband
 *
 * Input, output: complex float, one for one. For displays and for timing of one's own: symbol_timing_cc filters by itself,
 * and twice filtered is not matched.
 */
class XBAND_API matched_filter_cc : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<matched_filter_cc>;
    /*!
     * \param samples_per_symbol  of the input, any real number
     * \param rolloff             of the pulse
     * \throws std::invalid_argument naming the value and its limit.
     */
    static sptr make(double samples_per_symbol, double rolloff = 0.5);
};

} // namespace gr::xband
