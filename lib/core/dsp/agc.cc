// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/agc.h"

#include "base/multiversion.h"
#include "base/vec16.h"

#include <cmath>

namespace xband::core {

namespace {

XBAND_MULTIVERSION float sum_squares(const float* x, std::size_t n)
{
    vec16 total{};
    std::size_t k = 0;
    for (; k + 16 <= n; k += 16) {
        vec16 v;
        load(v, x + k);
        total += v * v;
    }
    float rest = 0.0f;
    for (; k < n; ++k)
        rest += x[k] * x[k];
    return sum(total) + rest;
}

XBAND_MULTIVERSION void scale(float* x, std::size_t n, float gain)
{
    for (std::size_t i = 0; i < n; ++i)
        x[i] *= gain;
}

} // namespace

float block_agc::measure(const float* samples, std::size_t n)
{
    constexpr float smoothing = 0.1f;
    const float power = n > 0 ? sum_squares(samples, 2 * n) / static_cast<float>(n) : 0.0f;
    const bool is_jump = power > 4.0f * d_power || power < 0.25f * d_power;
    if (power > 0.0f)
        d_power = is_jump ? power : d_power + smoothing * (power - d_power);
    return gain();
}

float block_agc::gain() const { return d_power > 0.0f ? 1.0f / std::sqrt(d_power) : 1.0f; }

void block_agc::process(float* samples, std::size_t n) { scale(samples, 2 * n, measure(samples, n)); }

void block_agc::hold(float* samples, std::size_t n) const { scale(samples, 2 * n, gain()); }

} // namespace xband::core
