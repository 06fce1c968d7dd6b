// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "dsp/rail_moments.h"
#include "dsp/symbol_buffer.h"

#include <array>
#include <cstddef>
#include <vector>

namespace xband::core {

/// Measures how much of a symbol is its neighbours (intersymbol interference), from upright symbols alone: the mean product of
/// the decisions with the rails 1 to 8 symbols before and after. Data without correlation leaves only the channel's response.
class isi_meter
{
public:
    static constexpr std::size_t reach_symbols = 8; ///< symbols it needs before and after those it measures

    explicit isi_meter(modulation kind) : d_kind(kind) {}
    void restart();

    /// Takes n upright symbols from the first one on, n a multiple of 16. The mean is over the last 64 calls.
    void add(const symbol_buffer& symbols, std::size_t first, std::size_t n);

    std::size_t measurements() const { return d_measurements; }
    /// Power of the neighbours over that of the symbol itself; what noise adds to the measurement is taken off, so it can be negative.
    double isi() const { return d_isi; }
    /// Standard deviation of isi() where there is none.
    double uncertainty() const { return d_uncertainty; }
    /// Noise, interference of symbols included, over the signal.
    double noise_to_signal() const { return 1.0 / d_moments.signal_to_noise(); }

private:
    static constexpr std::size_t n_lags = 2 * reach_symbols + 1;

    void evaluate();

    modulation d_kind;
    std::size_t d_measurements = 0;
    /// Mean products: decisions of rail a with rail b at a lag, [lag][2 a + b].
    std::array<std::array<double, 4>, n_lags> d_products{};
    rail_moments d_moments;
    double d_variance = 0.0; ///< of a mean product, for rails and decisions of unit power
    double d_isi = 0.0, d_uncertainty = 0.0;
    std::vector<float> d_decisions;
};

} // namespace xband::core
