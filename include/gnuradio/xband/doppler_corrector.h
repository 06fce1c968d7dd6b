// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>
#include <gnuradio/xband/frequency_plan.h>

#include <string>

namespace gr::xband {

/*!
 * \brief Takes a predicted frequency out of a signal, with a phase that never jumps, and converts it to complex float.
 * \ingroup xband
 *
 * Input:  complex samples, item size by iq_format: cs8 2 octets, cs16 4 (little-endian), cf32 8.
 * Output: complex float samples, full scale 1. NaN and infinite samples become 0.
 *
 * psk_demod does this by itself when it is given the plan.
 */
class XBAND_API doppler_corrector : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<doppler_corrector>;
    /*!
     * \param sample_rate_hz  of the input
     * \param iq_format       cs8, cs16 or cf32
     * \param plan            frequency to take out, keyed to the sample count since the flowgraph started
     * \throws std::invalid_argument if the rate is not positive, the format unknown or the plan not ascending.
     */
    static sptr make(double sample_rate_hz, const std::string& iq_format = "cf32", const frequency_plan& plan = {});
};

} // namespace gr::xband
