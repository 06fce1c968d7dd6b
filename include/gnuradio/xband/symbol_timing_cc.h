// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <string>

namespace gr::xband {

/*!
 * \brief Finds carrier offset and symbol clock of BPSK or QPSK, filters, and gives two samples a symbol.
 * \ingroup xband
 *
 * Input:  complex float, levelled (agc_cc).
 * Output: complex float in pairs: the symbol at its instant and half a symbol later. Filtered by the matched
 *         root-raised-cosine, carrier offset taken out; its phase is not. Nothing comes out before a signal is found; then
 *         the samples kept since then come first.
 *
 * The offset is measured once, at the start: what moves later has to be taken out before (doppler_corrector) or stay
 * within what carrier_recovery_cc follows. psk_demod steers the frequency and also does OQPSK.
 */
class XBAND_API symbol_timing_cc : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<symbol_timing_cc>;
    /*!
     * \param modulation          bpsk or qpsk
     * \param samples_per_symbol  nominal, any real number
     * \param rolloff             of the root-raised-cosine pulse
     * \throws std::invalid_argument naming the value and what is allowed.
     */
    static sptr make(const std::string& modulation, double samples_per_symbol, double rolloff = 0.5);

    /// A signal was found. Callable from any thread.
    virtual bool is_locked() const = 0;
};

} // namespace gr::xband
