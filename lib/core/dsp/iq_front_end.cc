// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/iq_front_end.h"

#include "base/multiversion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>
#include <stdexcept>
#include <string>
#include <tuple>

namespace xband::core {

namespace {

// Samples that share one exactly computed phase; inside, the frequency is constant. At 3 kHz/s and 48 kHz, the worst case
// in use, the frequency moves 0.08 mHz over 64 samples.
constexpr std::size_t rotation_step = 64;

// Larger than any receiver's full scale, small enough that fourth powers stay finite.
constexpr float largest_sample = 1e8f;

XBAND_MULTIVERSION void widen_cs8(const std::int8_t* in, std::size_t n, float* out)
{
    for (std::size_t i = 0; i < 2 * n; ++i)
        out[i] = static_cast<float>(in[i]) * (1.0f / 128.0f);
}

XBAND_MULTIVERSION void widen_cs16(const std::int16_t* in, std::size_t n, float* out)
{
    for (std::size_t i = 0; i < 2 * n; ++i)
        out[i] = static_cast<float>(in[i]) * (1.0f / 32768.0f);
}

XBAND_MULTIVERSION std::uint64_t sanitise(float* iq, std::size_t n)
{
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < 2 * n; ++i) {
        const bool fine = std::fabs(iq[i]) <= largest_sample; // false for NaN
        bad += fine ? 0 : 1;
        iq[i] = fine ? iq[i] : 0.0f;
    }
    return bad;
}

/// iq[k] *= base * table[k], k < n <= rotation_step, table planar.
XBAND_MULTIVERSION void
rotate_step(float* iq, std::size_t n, float base_re, float base_im, const float* table_re, const float* table_im)
{
    for (std::size_t k = 0; k < n; ++k) {
        const float w_re = base_re * table_re[k] - base_im * table_im[k];
        const float w_im = base_re * table_im[k] + base_im * table_re[k];
        const float re = iq[2 * k], im = iq[2 * k + 1];
        iq[2 * k] = re * w_re - im * w_im;
        iq[2 * k + 1] = re * w_im + im * w_re;
    }
}

} // namespace

iq_front_end::iq_front_end(iq_format format, double sample_rate_hz, frequency_plan plan)
    : d_format(format),
      d_sample_rate_hz(sample_rate_hz),
      d_plan(std::move(plan))
{
    if (!(sample_rate_hz > 0))
        throw std::invalid_argument("sample_rate_hz " + std::to_string(sample_rate_hz) + " is not positive");
    const auto by_start = [](const auto& a, const auto& b) { return a.start_sample < b.start_sample; };
    if (!std::is_sorted(d_plan.begin(), d_plan.end(), by_start))
        throw std::invalid_argument("frequency plan: start_sample must ascend");
}

void iq_front_end::restart(std::uint64_t sample, double offset_cps)
{
    d_next_sample = sample;
    d_offset_cps = offset_cps;
    d_offset_phase = 0.0;
}

void iq_front_end::process(std::span<const std::byte> iq, float* out)
{
    const std::size_t n = iq.size() / sample_len_bytes(d_format);
    switch (d_format) {
    case iq_format::cs8:
        widen_cs8(reinterpret_cast<const std::int8_t*>(iq.data()), n, out);
        break;
    case iq_format::cs16:
        widen_cs16(reinterpret_cast<const std::int16_t*>(iq.data()), n, out);
        break;
    case iq_format::cf32:
        std::memcpy(out, iq.data(), iq.size());
        d_non_finite += sanitise(out, n);
        break;
    }
    rotate(out, n);
}

void iq_front_end::rotate(float* iq, std::size_t n)
{
    const auto turn = [](double cycles) {
        const double angle = -2.0 * std::numbers::pi * (cycles - std::floor(cycles));
        return std::pair{ static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle)) };
    };
    std::array<float, rotation_step> table_re, table_im;
    // One table a call: the plan's frequency changes by less than the step's resolution over a block.
    const double middle = static_cast<double>(d_next_sample) + static_cast<double>(n) / 2.0;
    const double frequency_cps = d_offset_cps + planned_hz(middle) / d_sample_rate_hz;
    for (std::size_t k = 0; k < rotation_step; ++k)
        std::tie(table_re[k], table_im[k]) = turn(frequency_cps * static_cast<double>(k));
    for (std::size_t begin = 0; begin < n; begin += rotation_step) {
        const double sample = static_cast<double>(d_next_sample + begin);
        const double plan_cycles = d_plan.empty() ? 0.0 : phase_cycles(d_plan, sample, d_sample_rate_hz);
        const auto [base_re, base_im] = turn(plan_cycles + d_offset_phase + d_offset_cps * static_cast<double>(begin));
        rotate_step(
            iq + 2 * begin, std::min(rotation_step, n - begin), base_re, base_im, table_re.data(), table_im.data());
    }
    d_offset_phase += d_offset_cps * static_cast<double>(n);
    d_offset_phase -= std::floor(d_offset_phase);
    d_next_sample += n;
}

} // namespace xband::core
