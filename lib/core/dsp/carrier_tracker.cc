// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/carrier_tracker.h"

#include "base/multiversion.h"
#include "base/vec16.h"
#include "dsp/gardner.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace xband::core {

namespace {

using std::numbers::pi_v;

constexpr float two_pi = 2.0f * pi_v<float>;

float wrap_angle(float angle)
{
    constexpr float rounder = 12582912.0f; // 1.5 x 2^23: adding it rounds to whole numbers
    return angle - two_pi * ((angle * (1.0f / two_pi) + rounder) - rounder);
}

XBAND_MULTIVERSION void sum_moments(const float* x, std::size_t n, float& second, float& fourth)
{
    vec16 s2{}, s4{};
    for (std::size_t k = 0; k + 16 <= n; k += 16) {
        vec16 v;
        load(v, x + k);
        const vec16 square = v * v;
        s2 += square;
        s4 += square * square;
    }
    second = sum(s2);
    fourth = sum(s4);
}

} // namespace

carrier_tracker::carrier_tracker(modulation kind, double rolloff) : d_kind(kind), d_timing_slope(gardner_slope(rolloff))
{
}

void carrier_tracker::restart()
{
    d_smoother.restart();
    for (auto& smoother : d_fine_smoothers)
        smoother.restart();
    d_meter.restart();
    d_has_angle = false;
}

stretch_report carrier_tracker::process(symbol_buffer& symbols, std::size_t n)
{
    const std::size_t n_groups = n / phasor_group;
    const std::size_t all_groups = symbols.size() / phasor_group;
    d_sums.resize(all_groups);
    d_smooth.resize(all_groups);
    sum_phasors(d_kind,
                symbols.on_re.data(),
                symbols.on_im.data(),
                symbols.half_re.data(),
                symbols.half_im.data(),
                all_groups * phasor_group,
                d_sums.data());
    d_meter.add(std::span(d_sums).first(n_groups));
    d_smoother.smooth(d_sums, n_groups, d_meter.alpha_per_group(), d_meter.step_rad(), d_smooth.data());
    unwrap(n_groups);
    if (d_kind == modulation::oqpsk)
        refine_offset_rails(symbols, n_groups);
    turn_upright(symbols, n_groups);

    float i2, i4, q2, q4;
    sum_moments(symbols.on_re.data(), n, i2, i4);
    const auto& second_rail = d_kind == modulation::oqpsk ? symbols.half_im : symbols.on_im;
    sum_moments(second_rail.data(), n, q2, q4);
    const bool one_rail = d_kind == modulation::bpsk;
    const float count = static_cast<float>(one_rail ? n : 2 * n);
    stretch_report report{};
    report.rail_power = (i2 + (one_rail ? 0.0f : q2)) / count;
    report.rail_fourth = (i4 + (one_rail ? 0.0f : q4)) / count;
    report.coherence = d_meter.coherence();
    report.step_per_symbol_cycles =
        d_meter.step_rad() / (two_pi * static_cast<float>(phasor_group * phase_multiple(d_kind)));
    report.timing_error_symbols = timing_error(symbols, n);
    // Rail signal power S and noise N from the moments of +-sqrt(S) plus Gaussian noise: M4 = S^2 + 6 S N + 3 N^2.
    const float s =
        std::sqrt(std::max((3.0f * report.rail_power * report.rail_power - report.rail_fourth) / 2.0f, 0.0f));
    const float noise = std::max(report.rail_power - s, 0.02f * report.rail_power);
    d_decision_gain = noise > 0.0f ? std::sqrt(s) / noise : 0.0f;
    return report;
}

void carrier_tracker::unwrap(std::size_t n_groups)
{
    const std::size_t all_groups = d_smooth.size();
    const float step = d_meter.step_rad();
    const float before = d_last_angle;
    const bool had_angle = d_has_angle;
    d_angle.resize(all_groups);
    d_phase_rad.resize(all_groups);
    d_slope_rad.resize(all_groups);
    angles(d_smooth.data(), all_groups, d_angle.data());
    float expected = had_angle ? before + step : d_angle[0];
    for (std::size_t g = 0; g < all_groups; ++g) {
        d_angle[g] = expected + wrap_angle(d_angle[g] - expected);
        expected = d_angle[g] + step;
    }
    const float multiple = static_cast<float>(phase_multiple(d_kind));
    const float per_symbol = 1.0f / (multiple * static_cast<float>(phasor_group));
    for (std::size_t g = 0; g < all_groups; ++g) {
        const float previous = g > 0 ? d_angle[g - 1] : had_angle ? before : d_angle[0] - step;
        const float next = g + 1 < all_groups ? d_angle[g + 1] : d_angle[g] + step;
        d_phase_rad[g] = d_angle[g] / multiple;
        d_slope_rad[g] = 0.5f * (next - previous) * per_symbol;
    }
    // Whole turns of the carrier are dropped so that the angle stays small enough for a float.
    const float turn = two_pi * multiple;
    d_last_angle = d_angle[n_groups - 1] - turn * std::round(d_angle[n_groups - 1] / turn);
    d_has_angle = true;
}

void carrier_tracker::refine_offset_rails(const symbol_buffer& symbols, std::size_t n_groups)
{
    const std::size_t all_groups = d_angle.size();
    // The squared phasors carry the rails' mutual noise, which decisions remove (jitter falls by more than half).
    for (auto& smoother : d_fine_smoothers) {
        sum_soft_decisions(symbols.on_re.data(),
                           symbols.on_im.data(),
                           symbols.half_re.data(),
                           symbols.half_im.data(),
                           all_groups,
                           d_phase_rad.data(),
                           d_slope_rad.data(),
                           d_decision_gain,
                           d_sums.data());
        // The correction is a few degrees around zero: no carrier step.
        smoother.smooth(d_sums, n_groups, d_meter.alpha_per_group(), 0.0f, d_smooth.data());
        angles(d_smooth.data(), all_groups, d_angle.data());
        for (std::size_t g = 0; g < all_groups; ++g)
            d_phase_rad[g] += d_angle[g];
    }
}

void carrier_tracker::turn_upright(symbol_buffer& symbols, std::size_t n_groups) const
{
    derotate_groups(symbols.on_re.data(), symbols.on_im.data(), n_groups, d_phase_rad.data(), d_slope_rad.data(), 0.0f);
    const std::size_t half_groups =
        d_kind == modulation::oqpsk ? n_groups : std::min(n_groups, timing_symbols / phasor_group);
    derotate_groups(
        symbols.half_re.data(), symbols.half_im.data(), half_groups, d_phase_rad.data(), d_slope_rad.data(), 0.5f);
}

float carrier_tracker::timing_error(const symbol_buffer& symbols, std::size_t n) const
{
    const std::size_t used = std::min(n, d_kind == modulation::oqpsk ? stretch_symbols : timing_symbols) - phasor_group;
    const float* on_re = symbols.on_re.data();
    float total = sum_gardner(symbols.half_re.data(), on_re, on_re + 1, used);
    if (d_kind == modulation::qpsk)
        total += sum_gardner(symbols.half_im.data(), symbols.on_im.data(), symbols.on_im.data() + 1, used);
    else if (d_kind == modulation::oqpsk)
        total += sum_gardner(symbols.on_im.data() + 1, symbols.half_im.data(), symbols.half_im.data() + 1, used);
    float power = 0.0f, fourth = 0.0f;
    sum_moments(on_re, used, power, fourth);
    const float rails_used = d_kind == modulation::bpsk ? 1.0f : 2.0f;
    return power > 0.0f ? total / (rails_used * power * d_timing_slope) : 0.0f;
}

} // namespace xband::core
