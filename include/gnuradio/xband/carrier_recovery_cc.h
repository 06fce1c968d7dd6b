// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <string>

namespace gr::xband {

/*!
 * \brief Turns symbols upright by a phase estimate that looks both ways in time.
 * \ingroup xband
 *
 * Input, output: complex float in pairs, as symbol_timing_cc gives them.
 *
 * Which of the upright positions is the right one (two for BPSK, four for QPSK) no demodulator can know; see frame_sync.
 */
class XBAND_API carrier_recovery_cc : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<carrier_recovery_cc>;
    /*!
     * \param modulation  bpsk, qpsk or oqpsk
     * \param rolloff     of the root-raised-cosine pulse
     * \throws std::invalid_argument naming the value and what is allowed.
     */
    static sptr make(const std::string& modulation, double rolloff = 0.5);

    /// Agreement of the phases over the last 4096 symbols, 0 noise to 1 clean. Callable from any thread.
    virtual float coherence() const = 0;
};

} // namespace gr::xband
