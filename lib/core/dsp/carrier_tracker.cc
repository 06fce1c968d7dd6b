// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/carrier_tracker.h"

#include "base/multiversion.h"
#include "dsp/gardner.h"
#include "dsp/spurious_line.h"
#include "dsp/sums.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace xband::core {

namespace {

using std::numbers::pi_v;

constexpr float two_pi = 2.0f * pi_v<float>;

// Timing this far off was not reached by drifting: samples are missing. Noise seems so sure once in thousands of stretches.
constexpr float far_late_symbols = 0.15f, sure_timing = 4.0f;

/// Advances beyond `step` from each angle to the next, in -pi .. pi. \param angle n + 1 values
XBAND_MULTIVERSION void find_advances(const float* angle, std::size_t n, float step, float* advance)
{
    constexpr float rounder = 12582912.0f; // 1.5 x 2^23: adding it rounds to whole numbers
    for (std::size_t g = 0; g < n; ++g) {
        const float beyond = angle[g + 1] - angle[g] - step;
        advance[g] = beyond - two_pi * ((beyond * (1.0f / two_pi) + rounder) - rounder);
    }
}

/// Phases and slopes in the middle of groups from the unwrapped angles. \param angle n + 2 values, from the group before the first
XBAND_MULTIVERSION void
find_phases(const float* angle, std::size_t n, float multiple, float* phase_rad, float* slope_rad)
{
    const float per_angle = 1.0f / multiple;
    const float per_two_groups = 0.5f / (multiple * static_cast<float>(phasor_group));
    for (std::size_t g = 0; g < n; ++g) {
        phase_rad[g] = angle[g + 1] * per_angle;
        slope_rad[g] = (angle[g + 2] - angle[g]) * per_two_groups;
    }
}

} // namespace

carrier_tracker::carrier_tracker(modulation kind, double rolloff)
    : d_kind(kind),
      d_timing_slope(gardner_slope(rolloff)),
      d_power_swing(power_swing(rolloff))
{
}

void carrier_tracker::restart(const phase_meter& known)
{
    d_smoother.restart();
    for (auto& smoother : d_fine_smoothers)
        smoother.restart();
    d_meter = known;
    d_has_angle = false;
}

stretch_report carrier_tracker::process(symbol_buffer& symbols, std::size_t n, bool wants_all)
{
    const std::size_t n_groups = n / phasor_group;
    const std::size_t all_groups = symbols.size() / phasor_group;
    const std::size_t n_whole = wants_all ? n_groups : std::min(n_groups, timing_symbols / phasor_group);
    d_sums.resize(all_groups);
    d_smooth.resize(all_groups);
    sum_phasors(d_kind, symbols, d_sums.data());
    if (d_spurious_step_rad)
        remove_line(d_sums, *d_spurious_step_rad);
    d_meter.add(std::span(d_sums).first(n_groups));
    d_smoother.smooth(d_sums, n_groups, d_meter.alpha_per_group(), d_meter.step_rad(), d_smooth.data());
    unwrap(n_groups);
    if (d_kind == modulation::oqpsk)
        turn_offset_rails_upright(symbols, n_groups, n_whole);
    else
        turn_upright(symbols, n_groups, n_whole);
    if (wants_all)
        find_follower(symbols, n);

    stretch_report report{};
    report.coherence = d_meter.coherence();
    report.step_per_symbol_cycles =
        d_meter.step_rad() / (two_pi * static_cast<float>(phasor_group * phase_multiple(d_kind)));
    measure_timing(symbols, std::min(n, timing_symbols), report);
    if (d_kind == modulation::oqpsk)
        find_decision_gain(symbols, std::min(n, timing_symbols));
    return report;
}

void carrier_tracker::find_decision_gain(const symbol_buffer& symbols, std::size_t n)
{
    float i2, i4, q2, q4;
    sum_even_powers(symbols.on_re.data(), n, i2, i4);
    sum_even_powers(symbols.half_im.data(), n, q2, q4);
    const float count = static_cast<float>(2 * n);
    const float power = (i2 + q2) / count, fourth = (i4 + q4) / count;
    // Rail signal power S and noise N from the moments of +-sqrt(S) plus Gaussian noise: M4 = S^2 + 6 S N + 3 N^2.
    const float s = std::sqrt(std::max((3.0f * power * power - fourth) / 2.0f, 0.0f));
    const float noise = std::max(power - s, 0.02f * power);
    d_decision_gain = noise > 0.0f ? std::sqrt(s) / noise : 0.0f;
}

void carrier_tracker::unwrap(std::size_t n_groups)
{
    const std::size_t all_groups = d_smooth.size();
    const float step = d_meter.step_rad();
    d_angle.resize(all_groups + 2); // with the group before and the one after
    d_advance.resize(all_groups);
    d_phase_rad.resize(all_groups);
    d_slope_rad.resize(all_groups);
    angles(d_smooth.data(), all_groups, d_angle.data() + 1);
    d_angle[0] = d_has_angle ? d_last_angle : d_angle[1] - step;
    find_advances(d_angle.data(), all_groups, step, d_advance.data());
    for (std::size_t g = 0; g < all_groups; ++g)
        d_angle[g + 1] = d_angle[g] + (step + d_advance[g]);
    d_angle[all_groups + 1] = d_angle[all_groups] + step;
    const float multiple = static_cast<float>(phase_multiple(d_kind));
    find_phases(d_angle.data(), all_groups, multiple, d_phase_rad.data(), d_slope_rad.data());
    // Whole turns of the carrier are dropped so that the angle stays small enough for a float.
    const float turn = two_pi * multiple;
    d_last_angle = d_angle[n_groups] - turn * std::round(d_angle[n_groups] / turn);
    d_has_angle = true;
}

void carrier_tracker::turn_upright(symbol_buffer& symbols, std::size_t n_groups, std::size_t n_whole) const
{
    const float *phase = d_phase_rad.data(), *slope = d_slope_rad.data();
    derotate_groups(symbols.on_re.data(), symbols.on_im.data(), n_groups, phase, slope, 0.0f);
    derotate_groups(symbols.half_re.data(), symbols.half_im.data(), n_whole, phase, slope, 0.5f);
}

void carrier_tracker::turn_offset_rails_upright(symbol_buffer& symbols, std::size_t n_groups, std::size_t n_whole)
{
    const std::size_t n = n_groups * phasor_group, ahead = symbols.size() - n;
    d_look_ahead.resize(ahead);
    d_look_ahead.copy(symbols, n, ahead, 0);
    // The squared phasors carry the rails' mutual noise, which decisions remove (jitter falls by more than half).
    derotate_and_decide(symbols, d_phase_rad.data(), d_slope_rad.data(), d_sums.data());
    find_correction(d_fine_smoothers[0], n_groups);
    sum_soft_decisions(symbols, d_correction_rad.data(), d_decision_gain, d_sums.data());
    find_correction(d_fine_smoothers[1], n_groups);
    turn_groups_back(symbols, n_groups, n_whole, d_correction_rad.data());
    symbols.copy(d_look_ahead, 0, ahead, n);
}

void carrier_tracker::find_correction(phase_smoother& smoother, std::size_t n_groups)
{
    // A few degrees around zero: no carrier step.
    smoother.smooth(d_sums, n_groups, d_meter.alpha_per_group(), 0.0f, d_smooth.data());
    d_correction_rad.resize(d_smooth.size());
    angles(d_smooth.data(), d_smooth.size(), d_correction_rad.data());
}

void carrier_tracker::find_follower(const symbol_buffer& symbols, std::size_t n)
{
    const std::size_t group = n / phasor_group;
    d_follower.resize(0);
    d_follower.pad(phasor_group);
    if (group == d_phase_rad.size())
        return;
    d_follower.copy(symbols, n, phasor_group, 0);
    const float phase = d_phase_rad[group] + (d_kind == modulation::oqpsk ? d_correction_rad[group] : 0.0f);
    const float slope = d_slope_rad[group];
    derotate_groups(d_follower.on_re.data(), d_follower.on_im.data(), 1, &phase, &slope, 0.0f);
    derotate_groups(d_follower.half_re.data(), d_follower.half_im.data(), 1, &phase, &slope, 0.5f);
}

void carrier_tracker::measure_timing(const symbol_buffer& symbols, std::size_t n, stretch_report& report) const
{
    const std::size_t used = n - phasor_group; // the detector looks one symbol ahead
    const auto power = [&](const float* at) { return sum_squares(at, used); };
    const float* on_re = symbols.on_re.data();
    const float on_power = power(on_re);
    float total = sum_gardner(symbols.half_re.data(), on_re, on_re + 1, used);
    float swing = on_power - power(symbols.half_re.data());
    if (d_kind == modulation::qpsk) {
        const float* on_im = symbols.on_im.data();
        total += sum_gardner(symbols.half_im.data(), on_im, on_im + 1, used);
        swing += power(on_im) - power(symbols.half_im.data());
    } else if (d_kind == modulation::oqpsk) {
        total += sum_gardner(symbols.on_im.data() + 1, symbols.half_im.data(), symbols.half_im.data() + 1, used);
        swing += power(symbols.half_im.data()) - power(symbols.on_im.data() + 1);
    }
    report.timing_error_symbols = report.timing_jump_symbols = 0.0f;
    const float rails_used = d_kind == modulation::bpsk ? 1.0f : 2.0f;
    const float unit = rails_used * on_power;
    if (!(unit > 0.0f))
        return;
    report.timing_error_symbols = total / (unit * d_timing_slope);
    // The detector's mean is a sine of the error and cannot tell 0.45 from 0.05; the power's swing is the cosine.
    const float sine = two_pi * report.timing_error_symbols;
    const float cosine = swing / (unit * d_power_swing);
    const float late = std::atan2(sine, cosine) / two_pi;
    // Of noise alone: the difference of two mean squares of as many values.
    const float noise = 2.0f / (std::sqrt(rails_used * static_cast<float>(used)) * d_power_swing);
    if (std::abs(late) > far_late_symbols && std::hypot(sine, cosine) > sure_timing * noise)
        report.timing_jump_symbols = late;
}

} // namespace xband::core
