// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/agc.h"

#include "base/multiversion.h"
#include "dsp/sums.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

namespace {

XBAND_MULTIVERSION void scale(float* x, std::size_t n, float gain)
{
    for (std::size_t i = 0; i < n; ++i)
        x[i] *= gain;
}

// Parts of a block that are looked at one by one, and the ratio of their powers that only a step of the gain explains.
constexpr std::size_t part_samples = 256;
constexpr float step_ratio = 8.0f;

} // namespace

float block_agc::measure(float* samples, std::size_t n)
{
    constexpr float smoothing = 0.1f;
    if (n == 0)
        return gain();
    float total = 0.0f, least = 0.0f, most = 0.0f;
    for (std::size_t at = 0; at < n; at += part_samples) {
        const std::size_t len = std::min(part_samples, n - at);
        const float squares = sum_squares(samples + 2 * at, 2 * len);
        const float power = squares / static_cast<float>(len);
        total += squares;
        most = std::max(most, power);
        if (power > 0.0f)
            least = least > 0.0f ? std::min(least, power) : power;
    }
    if (most > step_ratio * least) {
        level_parts(samples, n);
        return 1.0f;
    }
    const float power = total / static_cast<float>(n);
    const bool is_jump = power > 4.0f * d_power || power < 0.25f * d_power;
    if (power > 0.0f)
        d_power = is_jump ? power : d_power + smoothing * (power - d_power);
    return gain();
}

/// The level steps within the block: each part has a gain of its own.
void block_agc::level_parts(float* samples, std::size_t n)
{
    for (std::size_t at = 0; at < n; at += part_samples) {
        const std::size_t len = std::min(part_samples, n - at);
        const float power = sum_squares(samples + 2 * at, 2 * len) / static_cast<float>(len);
        if (power > 0.0f)
            d_power = power;
        scale(samples + 2 * at, 2 * len, gain());
    }
}

float block_agc::gain() const { return d_power > 0.0f ? 1.0f / std::sqrt(d_power) : 1.0f; }

void block_agc::process(float* samples, std::size_t n) { scale(samples, 2 * n, measure(samples, n)); }

void block_agc::hold(float* samples, std::size_t n) const { scale(samples, 2 * n, gain()); }

} // namespace xband::core
