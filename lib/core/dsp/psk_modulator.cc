// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/psk_modulator.h"

#include "base/multiversion.h"
#include "base/require.h"
#include "dsp/rrc.h"

#include <algorithm>
#include <cmath>

namespace xband::core {
namespace {

constexpr double two_to_32 = 4294967296.0;
/// Scale of the pulse table: the largest tap (rolloff 1: 4 / pi) stays below 2^15, and rounding adds -81 dB of noise.
constexpr double pulse_scale = 16384.0;

/// One rail of consecutive samples: out[2 j] = scale * sum over taps of levels * pulse, at symbol times
/// (position + j step) / 2^32 counted from levels[half_span - 1].
XBAND_MULTIVERSION
void shape(const std::int16_t* levels,
           const std::int16_t* pulse,
           std::uint64_t position,
           std::uint64_t step,
           float scale,
           float* out,
           std::size_t n)
{
    constexpr unsigned log2_arms = 11;
    constexpr int n_taps = 2 * psk_modulator::half_span_symbols;
    for (std::size_t j = 0; j < n; ++j, position += step) {
        const std::int16_t* window = levels + (position >> 32);
        const std::int16_t* arm = pulse + ((position >> (32 - log2_arms)) & ((1u << log2_arms) - 1)) * n_taps;
        std::int32_t sum = 0;
        for (int k = 0; k < n_taps; ++k)
            sum += window[k] * arm[k];
        out[2 * j] = scale * static_cast<float>(sum);
    }
}

} // namespace

psk_modulator::psk_modulator(const psk_modulator_config& config)
    : d_config(config),
      d_doppler(config.doppler, config.sample_rate_hz),
      d_symbols_per_sample((1.0 + config.clock_error_ppm * 1e-6) / config.samples_per_symbol),
      d_symbols_per_cycle(0.0)
{
    require(config.samples_per_symbol >= 1.2 && config.samples_per_symbol <= 64.0,
            "samples_per_symbol",
            config.samples_per_symbol,
            "1.2 to 64");
    require(config.rolloff >= 0.05 && config.rolloff <= 1.0, "rolloff", config.rolloff, "0.05 to 1");
    require(std::abs(config.clock_error_ppm) <= 10000.0, "clock_error_ppm", config.clock_error_ppm, "-10000 to 10000");
    if (!config.doppler.empty()) {
        require(config.sample_rate_hz > 0.0 && std::isfinite(config.sample_rate_hz),
                "sample_rate_hz",
                config.sample_rate_hz,
                "above 0");
        require(config.centre_frequency_hz > 0.0 && std::isfinite(config.centre_frequency_hz),
                "centre_frequency_hz",
                config.centre_frequency_hz,
                "above 0");
        const double symbol_rate_hz = config.sample_rate_hz / config.samples_per_symbol;
        d_symbols_per_cycle = symbol_rate_hz / config.centre_frequency_hz;
    }

    constexpr std::size_t n_arms = std::size_t(1) << log2_arms;
    d_pulse.resize(n_arms * n_taps);
    for (std::size_t arm = 0; arm < n_arms; ++arm) {
        for (std::size_t k = 0; k < n_taps; ++k) {
            const double t = static_cast<double>(arm) / n_arms + half_span_symbols - 1.0 - static_cast<double>(k);
            d_pulse[arm * n_taps + k] =
                static_cast<std::int16_t>(std::lrint(pulse_scale * rrc_pulse(t, config.rolloff)));
        }
    }
    for (unsigned rail = 0; rail < rails(config.kind); ++rail)
        d_levels[rail].assign(n_taps, 0);
}

void psk_modulator::push(std::span<const std::uint8_t> bits)
{
    const auto level = [](std::uint8_t bit) { return static_cast<std::int16_t>(1 - 2 * (bit & 1)); };
    if (d_config.kind == modulation::bpsk) {
        for (const auto bit : bits)
            d_levels[0].push_back(level(bit));
        return;
    }
    for (const auto bit : bits) {
        if (d_has_odd_bit) {
            d_levels[0].push_back(level(d_odd_bit));
            d_levels[1].push_back(level(bit));
        }
        d_odd_bit = bit;
        d_has_odd_bit = !d_has_odd_bit;
    }
}

void psk_modulator::push_silence(std::size_t n_symbols)
{
    for (unsigned rail = 0; rail < rails(d_config.kind); ++rail)
        d_levels[rail].insert(d_levels[rail].end(), n_symbols, 0);
}

// Up to half a span behind the last symbol (and OQPSK's half symbol), where the window reaches as far again.
void psk_modulator::flush() { push_silence(n_taps); }

double psk_modulator::symbol_time(std::uint64_t sample) const
{
    const auto n = static_cast<double>(sample);
    return n * d_symbols_per_sample + d_symbols_per_cycle * d_doppler.cycles(n) - half_span_symbols;
}

psk_modulator::clock_line psk_modulator::clock_of_tile(std::uint64_t tile) const
{
    const double begin = symbol_time(tile * tile_samples);
    const double end = symbol_time((tile + 1) * tile_samples);
    // Half an arm on top turns the cut to whole arms in shape() into rounding.
    const double shifted = begin + 0.5 / (1u << log2_arms);
    const double whole = std::floor(shifted);
    return { static_cast<std::int64_t>(whole),
             static_cast<std::uint64_t>((shifted - whole) * two_to_32),
             static_cast<std::uint64_t>(std::llrint((end - begin) / tile_samples * two_to_32)) };
}

std::int64_t psk_modulator::last_symbol_needed(std::uint64_t sample) const
{
    const auto clock = clock_of_tile(sample / tile_samples);
    const std::uint64_t position = clock.fraction + sample % tile_samples * clock.step;
    return clock.symbol + static_cast<std::int64_t>(position >> 32) + half_span_symbols;
}

std::size_t psk_modulator::available() const
{
    const std::int64_t end_symbol = d_first_symbol + static_cast<std::int64_t>(d_levels[0].size());
    // Bisection: `low` samples can be made for certain, sample number `high` cannot.
    std::uint64_t low = 0;
    std::uint64_t high = 1;
    while (last_symbol_needed(d_next_sample + high) < end_symbol) {
        low = high;
        high *= 2;
    }
    if (low == 0 && last_symbol_needed(d_next_sample) >= end_symbol)
        return 0;
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        (last_symbol_needed(d_next_sample + middle) < end_symbol ? low : high) = middle;
    }
    return static_cast<std::size_t>(high);
}

std::size_t psk_modulator::pull(std::span<std::complex<float>> out)
{
    const std::size_t total = std::min(out.size(), available());
    const auto scale = static_cast<float>(1.0 / (pulse_scale * std::sqrt(rails(d_config.kind))));
    for (std::size_t done = 0; done < total;) {
        const std::uint64_t in_tile = d_next_sample % tile_samples;
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(total - done, tile_samples - in_tile));
        const auto clock = clock_of_tile(d_next_sample / tile_samples);
        // Index of the window's first level at the tile's first sample; d_levels keeps enough of the past for it.
        const auto base = static_cast<std::size_t>(clock.symbol - half_span_symbols + 1 - d_first_symbol);
        const std::uint64_t position = clock.fraction + in_tile * clock.step;
        auto* const iq = reinterpret_cast<float*>(out.data() + done); // complex<float> is two floats, [complex.numbers]
        shape(d_levels[0].data() + base, d_pulse.data(), position, clock.step, scale, iq, n);
        if (d_config.kind == modulation::bpsk) {
            for (std::size_t j = 0; j < n; ++j)
                iq[2 * j + 1] = 0.0f;
        } else {
            // Half a symbol later: one level back, then half a symbol forward.
            const bool is_offset = d_config.kind == modulation::oqpsk;
            shape(d_levels[1].data() + base - (is_offset ? 1 : 0),
                  d_pulse.data(),
                  position + (is_offset ? std::uint64_t(1) << 31 : 0),
                  clock.step,
                  scale,
                  iq + 1,
                  n);
        }
        done += n;
        d_next_sample += n;
    }
    drop_used_symbols();
    return total;
}

void psk_modulator::drop_used_symbols()
{
    constexpr std::int64_t batch = 1 << 16; // moving the rest to the front is then rare
    const std::int64_t oldest = clock_of_tile(d_next_sample / tile_samples).symbol - half_span_symbols;
    if (oldest - d_first_symbol < batch)
        return;
    for (unsigned rail = 0; rail < rails(d_config.kind); ++rail)
        d_levels[rail].erase(d_levels[rail].begin(), d_levels[rail].begin() + (oldest - d_first_symbol));
    d_first_symbol = oldest;
}

} // namespace xband::core
