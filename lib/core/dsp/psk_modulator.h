// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "dsp/plan_integral.h"

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

struct psk_modulator_config {
    modulation kind = modulation::qpsk;
    double samples_per_symbol = 2.0; ///< nominal, any real number from 1.2 to 64
    double rolloff = 0.5;            ///< of the root-raised-cosine pulse, 0.05 to 1
    double clock_error_ppm = 0.0;    ///< the transmitter's symbol rate is higher than nominal by this, within +-10000

    /// Doppler shifts the symbol clock too, by the same part of the symbol rate as of the carrier.
    frequency_plan doppler;
    double sample_rate_hz = 1.0;      ///< only read with a plan
    double centre_frequency_hz = 0.0; ///< of the carrier on air; only read with a plan
};

/// Channel bits to root-raised-cosine shaped samples at any ratio of sample rate to symbol rate.
///
/// The wave is evaluated at each sampling instant from the 32 symbols around it, with a table of the pulse at 2048
/// instants per symbol, in integers: the output is the same on every machine and for any chunk size. Against the ideal wave
/// (pulse not cut, instants not rounded) the error is below -57 dB, nearly all of it the cut.
/// The centre of the first symbol is half_span_symbols behind the first sample, so that its pulse is whole.
/// Mean power of random data is 1.
class psk_modulator
{
public:
    static constexpr int half_span_symbols = 16;

    /// \throws std::invalid_argument naming value and limit.
    explicit psk_modulator(const psk_modulator_config& config);

    /// Appends channel bits, one per byte, bit 0 of each counts; QPSK and OQPSK: I, Q, I, Q, ... 0 is the positive level.
    void push(std::span<const std::uint8_t> bits);
    /// Samples that the pushed bits determine and that were not pulled yet.
    std::size_t available() const;
    /// Writes up to out.size() samples. \return how many.
    std::size_t pull(std::span<std::complex<float>> out);
    /// Appends symbols of no power: the transmitter is off.
    void push_silence(std::size_t n_symbols);
    /// End of the stream: the last pulses may fade out.
    void flush();
    /// Time of a sample in symbols: 0 at the centre of the first symbol, negative before it.
    double symbol_time(std::uint64_t sample) const;

private:
    static constexpr std::size_t n_taps = 2 * half_span_symbols;
    static constexpr unsigned log2_arms = 11;
    /// Samples between exact evaluations of the symbol clock. In between it runs evenly: with a Doppler rate of 5 kHz/s that
    /// is wrong by less than 1e-9 symbols.
    static constexpr std::uint64_t tile_samples = 128;

    struct clock_line {         ///< symbol time within one tile
        std::int64_t symbol;    ///< whole symbols at the tile's first sample
        std::uint64_t fraction; ///< the rest, times 2^32
        std::uint64_t step;     ///< symbols per sample, times 2^32
    };
    clock_line clock_of_tile(std::uint64_t tile) const;
    std::int64_t last_symbol_needed(std::uint64_t sample) const;
    void drop_used_symbols();

    psk_modulator_config d_config;
    plan_integral d_doppler;
    double d_symbols_per_sample;
    double d_symbols_per_cycle;                        ///< symbols gained per carrier cycle of Doppler
    std::vector<std::int16_t> d_pulse;                 ///< [arm][tap]
    std::array<std::vector<std::int16_t>, 2> d_levels; ///< per rail: +1, -1, or 0 before and after the data
    std::int64_t d_first_symbol = -static_cast<std::int64_t>(n_taps); ///< index of d_levels[...][0]
    std::uint64_t d_next_sample = 0;
    bool d_has_odd_bit = false;
    std::uint8_t d_odd_bit = 0;
};

} // namespace xband::core
