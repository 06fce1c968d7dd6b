// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/gr_complex.h>
#include <gnuradio/xband/api.h>
#include <gnuradio/xband/frequency_plan.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
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
    std::string conditioner =
        "auto"; ///< off, auto: removes DC, I/Q imbalance and pulses where they are; measures always
};

/// State of a demodulator.
struct psk_demod_status {
    std::uint64_t samples = 0;         ///< taken since the flowgraph started
    std::uint64_t symbols = 0;         ///< put out
    std::uint64_t non_finite = 0;      ///< NaN or infinite samples, replaced by 0
    std::uint64_t acquisitions = 0;    ///< times a signal was found
    double band_rate_hz = 0.0;         ///< of recent_samples(): below the sample rate where that is decimated
    std::uint64_t skipped_samples = 0; ///< searched without finding a signal
    bool is_locked = false;
    double es_n0_db = 0.0;              ///< NaN while unknown
    double evm_percent = 0.0;           ///< error vector, rms, of the rms of the ideal symbols; NaN while unknown
    double carrier_offset_hz = 0.0;     ///< of the received signal, plan included
    double symbol_rate_error_ppm = 0.0; ///< received symbol rate against nominal
    double coherence = 0.0;             ///< of the carrier: 0 noise, 1 clean
    double phase_memory_symbols = 0.0;  ///< over which the carrier's phase is averaged
    double level_dbfs = 0.0; ///< in the signal's band; 0: a carrier at full scale; NaN before the first signal
    bool is_equaliser_active = false;
    double isi_db = 0.0;            ///< interference of neighbouring symbols before the equaliser; NaN while unknown
    double equaliser_gain_db = 0.0; ///< of signal-to-noise; 0 while inactive
    double dc_dbc = 0.0;            ///< constant part of the samples against all power; NaN while unknown
    bool is_dc_removed = false;
    double iq_gain_db = 0.0;   ///< Q over I
    double iq_phase_deg = 0.0; ///< Q leans towards I by this
    double iq_image_dbc = 0.0; ///< mirror image that these two leave; NaN while unknown
    bool is_iq_corrected = false;
    std::uint64_t blanked_samples = 0; ///< in pulses, silenced
    double saturated_share = 0.0; ///< of the samples' values, those at the largest: the converter is driven too far
};

/// Names of the fields, as messages and Python have them.
inline constexpr std::tuple psk_demod_status_fields{
    std::pair{ "samples", &psk_demod_status::samples },
    std::pair{ "symbols", &psk_demod_status::symbols },
    std::pair{ "non_finite", &psk_demod_status::non_finite },
    std::pair{ "acquisitions", &psk_demod_status::acquisitions },
    std::pair{ "band_rate_hz", &psk_demod_status::band_rate_hz },
    std::pair{ "skipped_samples", &psk_demod_status::skipped_samples },
    std::pair{ "is_locked", &psk_demod_status::is_locked },
    std::pair{ "es_n0_db", &psk_demod_status::es_n0_db },
    std::pair{ "evm_percent", &psk_demod_status::evm_percent },
    std::pair{ "carrier_offset_hz", &psk_demod_status::carrier_offset_hz },
    std::pair{ "symbol_rate_error_ppm", &psk_demod_status::symbol_rate_error_ppm },
    std::pair{ "coherence", &psk_demod_status::coherence },
    std::pair{ "phase_memory_symbols", &psk_demod_status::phase_memory_symbols },
    std::pair{ "level_dbfs", &psk_demod_status::level_dbfs },
    std::pair{ "is_equaliser_active", &psk_demod_status::is_equaliser_active },
    std::pair{ "isi_db", &psk_demod_status::isi_db },
    std::pair{ "equaliser_gain_db", &psk_demod_status::equaliser_gain_db },
    std::pair{ "dc_dbc", &psk_demod_status::dc_dbc },
    std::pair{ "is_dc_removed", &psk_demod_status::is_dc_removed },
    std::pair{ "iq_gain_db", &psk_demod_status::iq_gain_db },
    std::pair{ "iq_phase_deg", &psk_demod_status::iq_phase_deg },
    std::pair{ "iq_image_dbc", &psk_demod_status::iq_image_dbc },
    std::pair{ "is_iq_corrected", &psk_demod_status::is_iq_corrected },
    std::pair{ "blanked_samples", &psk_demod_status::blanked_samples },
    std::pair{ "saturated_share", &psk_demod_status::saturated_share },
};

/*!
 * \brief Complex samples to soft bits: acquisition, Doppler correction, matched filter, timing, carrier, AGC.
 * \ingroup xband
 *
 * Input:  complex samples, item size by iq_format: cs8 2 octets, cs16 4 (little-endian), cf32 8.
 * Output: int8 soft bits, +127 = surely 0, -127 = surely 1. QPSK and OQPSK: I, Q, I, Q...; BPSK: one a symbol.
 *         Stream tags "xband_mark" tie symbols to input samples and carry Es/N0, carrier offset and lock.
 * Messages: port "quality", a dictionary of the fields of psk_demod_status, ten times a second of the samples' own time
 *           (with a signal or without; at the same samples in every run) and at the end. docs/quality.md says what they mean.
 *         Stream tags "xband_report" stand where the reports were made, so that frame_decoder reports at the same places.
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
