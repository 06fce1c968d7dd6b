// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/symbol_meter.h"

#include "base/multiversion.h"
#include "base/vec16.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xband::core {

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// Smoothing over some five stretches of 4096 symbols: 0.1 dB rms at 0 dB, 0.03 dB from 10 dB on.
constexpr float smoothing = 0.2f;

// With less signal than this beside the noise of a rail there is none: one stretch of noise reaches 0.36 in 1 of 100.
constexpr double least_snr = 0.4;

// Of the power: keeps the ratio finite where nothing of the noise is left.
constexpr double least_noise = 1e-6;

// Errors this far apart share the wobble but not the noise, whose correlation the matched filter ends after one symbol.
constexpr std::size_t wobble_lag = 2;

/// Sums of |x| and of x^2.
XBAND_MULTIVERSION void sum_magnitudes(const float* x, std::size_t n, float& first, float& second)
{
    vec16 s1{}, s2{};
    std::size_t k = 0;
    for (; k + 16 <= n; k += 16) {
        vec16 v;
        load(v, x + k);
        s1 += v < 0.0f ? -v : v;
        s2 += v * v;
    }
    first = sum(s1);
    second = sum(s2);
    for (; k < n; ++k) {
        first += std::abs(x[k]);
        second += x[k] * x[k];
    }
}

/// Sum of (i^2 + q^2)^2.
XBAND_MULTIVERSION float sum_fourth(const float* i, const float* q, std::size_t n)
{
    vec16 total{};
    std::size_t k = 0;
    for (; k + 16 <= n; k += 16) {
        vec16 x, y;
        load(x, i + k);
        load(y, q + k);
        const vec16 power = x * x + y * y;
        total += power * power;
    }
    float rest = 0.0f;
    for (; k < n; ++k) {
        const float power = i[k] * i[k] + q[k] * q[k];
        rest += power * power;
    }
    return sum(total) + rest;
}

/// The first rail's error times what the second one leaks into it.
XBAND_MULTIVERSION void find_errors(const float* i, const float* across, std::size_t n, float level, float* error)
{
    for (std::size_t k = 0; k < n; ++k)
        error[k] = (i[k] - (i[k] < 0.0f ? -level : level)) * across[k];
}

/// \param n multiple of 16
XBAND_MULTIVERSION float sum_products(const float* a, const float* b, std::size_t n)
{
    vec16 total{};
    for (std::size_t k = 0; k < n; k += 16) {
        vec16 x, y;
        load(x, a + k);
        load(y, b + k);
        total += x * y;
    }
    return sum(total);
}

/// Mean magnitude squared over mean power of +-r in noise of variance 1: 2/pi for r = 0, towards 1 for large r.
double folded_ratio(double r)
{
    const double mean =
        std::sqrt(2.0 * std::numbers::inv_pi) * std::exp(-r * r / 2.0) + r * std::erf(r / std::numbers::sqrt2);
    return mean * mean / (1.0 + r * r);
}

constexpr std::size_t steps_per_unit = 32;
constexpr double last_tabulated = 4.0; // beyond it the wrong side of zero is never reached
using folded_table = std::array<double, static_cast<std::size_t>(last_tabulated) * steps_per_unit + 1>;

folded_table make_folded_table()
{
    folded_table table{};
    for (std::size_t k = 0; k < table.size(); ++k)
        table[k] = folded_ratio(static_cast<double>(k) / steps_per_unit);
    return table;
}

/// The square of the r that has this ratio.
double invert_folded_ratio(double ratio)
{
    static const folded_table table = make_folded_table();
    if (ratio <= table.front())
        return 0.0;
    if (ratio >= table.back())
        return ratio / (1.0 - std::min(ratio, 1.0 - 1e-9));
    const auto above = std::upper_bound(table.begin(), table.end(), ratio);
    const double whole = static_cast<double>(above - table.begin() - 1);
    const double r = (whole + (ratio - above[-1]) / (above[0] - above[-1])) / steps_per_unit;
    return r * r;
}

} // namespace

void symbol_meter::restart()
{
    d_stretches = 0;
    d_figures = {};
}

void symbol_meter::add(const float* i, const float* q, const float* across, std::size_t n)
{
    if (n == 0)
        return;
    float i1, i2, q1, q2;
    sum_magnitudes(i, n, i1, i2);
    sum_magnitudes(q, n, q1, q2);
    const float per_symbol = 1.0f / static_cast<float>(n);
    figures now;
    if (d_kind == modulation::bpsk) {
        now.mean_abs = i1 * per_symbol;
        now.power = i2 * per_symbol;
        now.off_power = q2 * per_symbol;
    } else {
        now.mean_abs = 0.5f * (i1 + q1) * per_symbol;
        now.power = 0.5f * (i2 + q2) * per_symbol;
        if (d_kind == modulation::qpsk)
            now.fourth = sum_fourth(i, q, n) * per_symbol;
        else
            now.wobble = wobble_of(i, across, n, now.mean_abs);
    }
    ++d_stretches;
    const float gain = std::max(smoothing, 1.0f / static_cast<float>(d_stretches));
    for (float figures::*field :
         { &figures::mean_abs, &figures::power, &figures::off_power, &figures::fourth, &figures::wobble })
        d_figures.*field += gain * (now.*field - d_figures.*field);
}

float symbol_meter::wobble_of(const float* i, const float* across, std::size_t n, float level)
{
    const std::size_t used = std::min(n, wobble_symbols);
    if (used < 16 + wobble_lag)
        return 0.0f;
    const std::size_t pairs = (used - wobble_lag) / 16 * 16;
    find_errors(i, across, used, level, d_error.data());
    const float leaking = sum_products(across, across, pairs);
    return leaking > 0.0f ? sum_products(d_error.data(), d_error.data() + wobble_lag, pairs) / leaking : 0.0f;
}

double symbol_meter::rail_snr() const
{
    const double power = d_figures.power, mean_abs = d_figures.mean_abs;
    if (!(power > 0.0))
        return 0.0;
    if (d_kind == modulation::qpsk) {
        // Of both rails together: M2 = S + N, M4 = S^2 + 4 S N + 2 N^2.
        const double second = 2.0 * power;
        const double noise =
            second - std::sqrt(std::max(2.0 * second * second - static_cast<double>(d_figures.fourth), 0.0));
        return second / std::max(noise, least_noise * second) - 1.0;
    }
    const double noise =
        power / (1.0 + invert_folded_ratio(mean_abs * mean_abs / power)) - static_cast<double>(d_figures.wobble);
    return power / std::max(noise, least_noise * power) - 1.0;
}

float symbol_meter::es_n0_db() const
{
    const double snr = rail_snr();
    if (!(snr > least_snr))
        return nan;
    // N0 is twice a rail's noise; a symbol's energy is that of one rail or two.
    return static_cast<float>(10.0 * std::log10(d_kind == modulation::bpsk ? 0.5 * snr : snr));
}

float symbol_meter::evm_percent() const
{
    if (!(rail_snr() > least_snr))
        return nan;
    const float ideal = d_figures.mean_abs * d_figures.mean_abs;
    return 100.0f * std::sqrt(std::max(d_figures.power - ideal + d_figures.off_power, 0.0f) / ideal);
}

float symbol_meter::rms() const { return std::sqrt(d_figures.power); }

} // namespace xband::core
