// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

namespace gr::xband {

/*!
 * \brief Levels a signal to unit mean power.
 * \ingroup xband
 *
 * Input, output: complex float, one for one. The gain is constant over each 4096 samples; a sudden change of level by more
 * than 6 dB is followed at once, others over some ten blocks.
 */
class XBAND_API agc_cc : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<agc_cc>;
    static sptr make();
};

} // namespace gr::xband
