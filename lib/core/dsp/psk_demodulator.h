// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/aligned_vector.h"
#include "base/clock_mark.h"
#include "base/modulation.h"
#include "base/ring.h"
#include "base/soft_bit.h"
#include "dsp/agc.h"
#include "dsp/carrier_tracker.h"
#include "dsp/equaliser.h"
#include "dsp/iq_front_end.h"
#include "dsp/signal_search.h"
#include "dsp/soft_demapper.h"
#include "dsp/symbol_meter.h"
#include "dsp/symbol_sampler.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace xband::core {

struct psk_demodulator_config {
    modulation kind = modulation::qpsk;
    double sample_rate_hz = 0.0;
    double symbol_rate_hz = 0.0;
    double rolloff = 0.5;
    iq_format format = iq_format::cs8;
    double frequency_offset_hz = 0.0; ///< where the carrier is expected beside the plan; the search is around it
    frequency_plan plan;              ///< predicted Doppler, taken out with continuous phase
    bool searches_band = true;        ///< a recording of more than 4 samples a symbol is searched elsewhere too
    equaliser_mode equalisation = equaliser_mode::automatic;
    conditioner_mode conditioning = conditioner_mode::automatic;
    std::uint64_t report_interval_samples = 0; ///< 0: no reports are kept, see pull_report()
};

/// \throws std::invalid_argument naming the field, its value and its limit.
const psk_demodulator_config& checked(const psk_demodulator_config& c);

struct psk_demodulator_stats {
    std::uint64_t samples = 0;         ///< taken in
    std::uint64_t symbols = 0;         ///< given out
    std::uint64_t non_finite = 0;      ///< samples that were NaN or infinite, read as 0
    std::uint64_t acquisitions = 0;    ///< times a signal was found
    double band_rate_hz = 0.0;         ///< of recent_samples(): below the sample rate where that is decimated
    std::uint64_t skipped_samples = 0; ///< searched and found empty: no symbols were made of them
    bool is_locked = false;
    float es_n0_db = 0.0f;          ///< NaN while unknown
    float evm_percent = 0.0f;       ///< error vector, rms, of the rms of the ideal symbols; NaN while unknown
    float carrier_offset_hz = 0.0f; ///< plan included
    float symbol_rate_error_ppm = 0.0f;
    float coherence = 0.0f;
    float phase_memory_symbols = 0.0f;
    float level_dbfs = std::numeric_limits<
        float>::quiet_NaN(); ///< in the band that is left after decimation, if any; 0: a carrier at full scale
    xband::core::conditioning conditioning; ///< of the samples as they come
    bool is_equaliser_active = false;
    float isi_db = 0.0f;            ///< interference of neighbouring symbols before the equaliser; NaN while unknown
    float equaliser_gain_db = 0.0f; ///< of signal-to-noise; 0 while inactive
};

/// IQ samples to soft bits for BPSK, QPSK and OQPSK with root-raised-cosine pulses, in blocks and without decisions in a loop:
/// acquisition on kept samples (nothing is lost before the first lock), matched filter at the symbol instants, two-sided
/// carrier phase, and clock and carrier frequency steered once a stretch of 4096 symbols.
/// Streaming: any division of the input gives the same output.
class psk_demodulator
{
public:
    /// \throws std::invalid_argument naming the field, its value and its limit.
    explicit psk_demodulator(const psk_demodulator_config& config);

    /// Takes IQ bytes; a sample may be split between calls.
    void push(std::span<const std::byte> iq);
    /// End of stream: brings out what is still inside.
    void flush();

    std::size_t available() const { return d_soft.size() - d_soft_read; }
    /// Moves soft bits out. \return how many.
    std::size_t pull(std::span<soft_bit> soft);
    /// Next clock mark, in symbol order. \return false if there is none.
    bool pull_mark(clock_mark& mark);

    /// Next report: stats() as it was at the end of the block in which an interval of samples ended, with a signal or without.
    /// \return false if there is none.
    bool pull_report(psk_demodulator_stats& report);

    psk_demodulator_stats stats() const { return d_stats; }
    /// The last upright symbols (up to 1024), for a constellation plot: unit amplitude for a clean signal.
    std::vector<std::complex<float>> recent_symbols() const { return d_recent_symbols; }
    /// Some of the last samples (up to 4096), Doppler plan and found offset taken out, for a spectrum plot.
    std::vector<std::complex<float>> recent_samples() const { return d_recent_samples; }
    /// Impulse response of the equaliser, two taps a symbol, its centre in the middle; empty while inactive.
    std::vector<std::complex<float>> recent_taps() const { return d_equaliser.taps(); }

private:
    enum class state { search, track };

    void take_block(std::span<const std::byte> iq);
    void search(bool is_last);
    void start_tracking(const signal_search::finding& found);
    void begin_tracking(const signal_search::finding& found, std::uint64_t first_sample);
    void work_off(std::span<const std::byte> kept);
    void track(std::span<const std::byte> iq);
    void sample_symbols(bool is_last);
    void process_stretch(std::size_t n, std::size_t n_real);
    std::optional<float> spurious_step_rad() const;
    void equalise(std::size_t n, const stretch_report& report);
    void steer(const stretch_report& report, std::size_t n);
    void measure(std::size_t n);
    void judge(const stretch_report& report);
    void emit(std::size_t n);
    void lose_signal();

    psk_demodulator_config d_config;
    iq_front_end d_front_end;
    double d_decimation;         ///< input samples per sample behind the front end
    double d_nominal_sps;        ///< of those samples per symbol
    std::size_t d_block_samples; ///< input samples taken at one go
    signal_search d_search;
    symbol_sampler d_sampler;
    carrier_tracker d_tracker;
    equaliser d_equaliser;
    symbol_meter d_quality;
    block_agc d_agc;
    state d_state = state::search;
    bool d_is_rehearsal = false; ///< nothing is put out

    std::vector<std::byte> d_raw; ///< input that does not fill a block yet

    // Positions here count samples behind the front end; those in clock marks count samples of the input.
    aligned_vector<float> d_samples;  ///< track: turned and levelled, interleaved
    std::int64_t d_samples_start = 0; ///< index of d_samples[0]
    double d_next_symbol = 0.0;       ///< position of the next symbol
    double d_step = 0.0;              ///< samples per symbol now
    symbol_buffer d_symbols;
    ring<double> d_positions; ///< of the first symbol of each block in d_symbols

    bool d_has_jumped = false; ///< symbol timing was set anew at the end of the last stretch
    unsigned d_unlocked_stretches = 0;

    std::vector<soft_bit> d_soft;
    std::size_t d_soft_read = 0;
    ring<clock_mark> d_marks;
    ring<psk_demodulator_stats> d_reports;
    std::uint64_t d_intervals_reported = 0;
    psk_demodulator_stats d_stats;
    std::vector<std::complex<float>> d_recent_symbols, d_recent_samples;
};

} // namespace xband::core
