// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/gr_complex.h>
#include <gnuradio/xband/api.h>
#include <gnuradio/xband/frequency_plan.h>

#include <cstdint>
#include <string>
#include <vector>

namespace gr::xband {

struct psk_demod_parameters {
    std::string modulation = "qpsk"; ///< bpsk, qpsk, oqpsk
    double sample_rate_hz = 0.0;
    double symbol_rate_hz = 0.0;
    double rolloff = 0.5;                   ///< of the root-raised-cosine pulse, 0.05 to 1
    std::string iq_format = "cs8";          ///< cs8, cs16, cf32
    double frequency_offset_hz = 0.0;       ///< where the carrier is expected beside the plan
    xband::frequency_plan frequency_plan{}; ///< predicted Doppler, taken out with a phase that never jumps
    std::string equaliser = "auto";         ///< off, auto (where it raises Es/N0), on
};

/// State of a demodulator.
struct psk_demod_status {
    std::uint64_t samples = 0;         ///< taken since the flowgraph started
    std::uint64_t symbols = 0;         ///< put out
    std::uint64_t non_finite = 0;      ///< NaN or infinite samples, replaced by 0
    std::uint64_t acquisitions = 0;    ///< times a signal was found
    std::uint64_t skipped_samples = 0; ///< searched without finding a signal
    bool is_locked = false;
    double es_n0_db = 0.0;              ///< NaN while unknown
    double carrier_offset_hz = 0.0;     ///< of the received signal, plan included
    double symbol_rate_error_ppm = 0.0; ///< received symbol rate against nominal
    bool is_equaliser_active = false;
    double isi_db = 0.0;            ///< interference of neighbouring symbols before the equaliser; NaN while unknown
    double equaliser_gain_db = 0.0; ///< Es/N0 after the equaliser over before; 0 while inactive
};

/*!
 * \brief Complex samples to soft bits: acquisition, Doppler correction, matched filter, timing, carrier, AGC.
 * \ingroup xband
 *
 * Input:  complex samples, item size by iq_format: cs8 2 octets, cs16 4 (little-endian), cf32 8.
 * Output: int8 soft bits, +127 = surely 0, -127 = surely 1. QPSK and OQPSK: I, Q, I, Q...; BPSK: one a symbol.
 *         Stream tags "xband_mark" tie symbols to input samples and carry Es/N0, carrier offset and lock.
 * Messages: port "status", a dictionary of the fields of psk_demod_status, ten times a second of signal.
 */
class XBAND_API psk_demod : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<psk_demod>;
    /// \throws std::invalid_argument naming the field, its value and the limit.
    static sptr make(const psk_demod_parameters& parameters);

    /// Callable from any thread.
    virtual psk_demod_status status() const = 0;
    /// Some of the latest symbols, unit amplitude for a clean signal. Callable from any thread.
    virtual std::vector<gr_complex> recent_symbols() const = 0;
    /// Some thousand consecutive samples, plan taken out, for a spectrum. Callable from any thread.
    virtual std::vector<gr_complex> recent_samples() const = 0;
    /// Impulse response of the equaliser, two taps a symbol, the middle one without delay; empty while inactive. Callable from
    /// any thread.
    virtual std::vector<gr_complex> recent_taps() const = 0;
};

} // namespace gr::xband
