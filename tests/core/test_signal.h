// SPDX-License-Identifier: GPL-3.0-or-later
// A plain modulator for the demodulator's own tests: one pulse sum per sample, no tables. The independent one is in tests/peer.
#pragma once
#include "base/modulation.h"
#include "dsp/rrc.h"

#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

namespace test_signal {

/// A ray beside the direct one.
struct echo {
    double delay_symbols;
    std::complex<double> gain;
};

struct recipe {
    xband::core::modulation kind = xband::core::modulation::qpsk;
    double samples_per_symbol = 2.2;
    double rolloff = 0.5;
    double offset_cps = 0.0;
    double linewidth_norm = 0.0; ///< of a phase that walks at random, over the symbol rate
    double es_n0_db = 10.0;
    std::size_t symbols = 60000;
    std::vector<echo> echoes;
    unsigned seed = 1;
};

struct signal {
    std::vector<std::uint8_t> bits; ///< one per byte, I then Q
    std::vector<std::complex<float>> samples;
};

inline signal make(const recipe& r)
{
    using xband::core::modulation;
    constexpr int half_span = 10;
    std::mt19937 random(r.seed);
    signal out;
    const unsigned rails = xband::core::rails(r.kind);
    out.bits.resize(r.symbols * rails);
    for (auto& bit : out.bits)
        bit = static_cast<std::uint8_t>(random() >> 31);
    const double amplitude = rails == 2 ? std::numbers::sqrt2 / 2.0 : 1.0;
    const double noise = std::sqrt(std::pow(10.0, -r.es_n0_db / 10.0) * r.samples_per_symbol / 2.0);
    std::normal_distribution<double> gauss(0.0, noise);
    const auto level = [&](std::ptrdiff_t symbol, unsigned rail) {
        if (symbol < 0 || symbol >= static_cast<std::ptrdiff_t>(r.symbols))
            return 0.0;
        return out.bits[static_cast<std::size_t>(symbol) * rails + rail] ? -amplitude : amplitude;
    };
    std::mt19937 walk_random(r.seed + 1);
    std::normal_distribution<double> walk(0.0,
                                          std::sqrt(2.0 * std::numbers::pi * r.linewidth_norm / r.samples_per_symbol));
    double phase = 0.0;
    const auto n = static_cast<std::size_t>(static_cast<double>(r.symbols) * r.samples_per_symbol);
    out.samples.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        const auto wave = [&](double t) {
            double rail_value[2] = { 0.0, 0.0 };
            for (unsigned rail = 0; rail < rails; ++rail) {
                const double shifted = t - (r.kind == modulation::oqpsk && rail == 1 ? 0.5 : 0.0);
                const auto centre = static_cast<std::ptrdiff_t>(std::floor(shifted));
                for (std::ptrdiff_t k = centre - half_span; k <= centre + half_span; ++k)
                    rail_value[rail] +=
                        level(k, rail) * xband::core::rrc_pulse(shifted - static_cast<double>(k), r.rolloff);
            }
            return std::complex<double>(rail_value[0], rail_value[1]);
        };
        const double t = static_cast<double>(i) / r.samples_per_symbol;
        std::complex<double> value = wave(t);
        for (const auto& e : r.echoes)
            value += e.gain * wave(t - e.delay_symbols);
        if (r.linewidth_norm > 0.0)
            phase += walk(walk_random);
        const std::complex<double> turn =
            std::polar(1.0, phase + 2.0 * std::numbers::pi * r.offset_cps * static_cast<double>(i));
        value = turn * value + std::complex<double>(gauss(random), gauss(random));
        out.samples[i] = std::complex<float>(value);
    }
    return out;
}

/// Share of soft bits whose sign differs from what was sent, over the best of all delays and rail ambiguities.
inline double bit_error_rate(const signal& sent, const std::vector<std::int8_t>& soft, xband::core::modulation kind)
{
    const unsigned rails = xband::core::rails(kind);
    const std::size_t got = soft.size() / rails, count = sent.bits.size() / rails;
    double best = 1.0;
    const std::size_t begin = 2000, end = std::min(got, count) - 2000;
    for (int swap = 0; swap < static_cast<int>(rails); ++swap)
        for (std::ptrdiff_t delay = -3; delay <= 3; ++delay)
            for (std::ptrdiff_t skew = -1; skew <= 1; ++skew) {
                double rate = 0.0;
                for (unsigned rail = 0; rail < rails; ++rail) {
                    std::size_t wrong = 0;
                    const std::ptrdiff_t shift = delay + (rail == 1 ? skew : 0);
                    for (std::size_t k = begin; k < end; ++k) {
                        const bool bit =
                            sent.bits[static_cast<std::size_t>(static_cast<std::ptrdiff_t>(k) + shift) * rails + rail];
                        wrong += bit != (soft[k * rails + (swap ? rails - 1 - rail : rail)] < 0);
                    }
                    const double share = static_cast<double>(wrong) / static_cast<double>(end - begin);
                    rate += std::min(share, 1.0 - share) / rails;
                }
                best = std::min(best, rate);
            }
    return best;
}

} // namespace test_signal
