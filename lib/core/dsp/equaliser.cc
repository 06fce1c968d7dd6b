// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/equaliser.h"

#include "dsp/equaliser_kernels.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

using namespace equaliser_kernels;

namespace {

constexpr std::size_t margin = equaliser::look_ahead_symbols; // kept of the stretch before, too
static_assert(margin > tap_fit::reach_symbols);
constexpr std::size_t full_stretch = 4096;

// The watch: every fifth stretch (frames may be a power of two long; the part looked at must not always be a marker), one of
// 7 parts that leave the meter its room on both sides. The first stretch is looked at whole.
constexpr std::size_t watch_interval = 5, watch_symbols = 512, watch_parts = 7, watch_first = 256;
// Interference must stand clear of its own measurement, above what no link notices, and cost 0.05 dB at the noise there is.
constexpr double sure_deviations = 5.0, least_isi = 1e-3, least_isi_to_noise = 0.012;
constexpr std::size_t patient_measurements = 64;

// Learning: one of 4 windows a stretch, mean over 64 of them. With 50 real taps that costs under 0.01 dB at 2 dB.
constexpr std::size_t window_symbols = 1024, n_windows = full_stretch / window_symbols;
constexpr double fit_memory = 64.0, gain_memory = 32.0;
// One round towards a constant modulus opens the eye, three rounds of decisions do the rest.
constexpr int modulus_rounds = 1, decision_rounds = 3;
constexpr std::size_t solve_interval = 4, eager_windows = 16;
// A path changes over a pass, not over milliseconds: once the mean is full, three stretches of four are only filtered.
constexpr std::size_t settled_windows = 128, settled_interval = 4;

// Ratios of signal-to-noise: to go in at once, in time, and out.
constexpr double sure_gain = 1.1, least_gain = 1.007, lost_gain = 1.002, harmful_gain = 0.97;
constexpr std::size_t trial_windows = 64, proven_windows = 16;

} // namespace

void equaliser::restart()
{
    d_fit.restart();
    d_state = state::idle;
    d_has_failed = false;
    d_windows = 0;
    d_before = d_after = {};
    rewind();
}

void equaliser::rewind()
{
    d_meter.restart();
    d_wants_halves = d_mode != equaliser_mode::off; // the first stretch may need it
    d_stretches = 0;
    d_input.resize(0);
    d_input.pad(margin); // silence before the first symbol
}

void equaliser::process(symbol_buffer& symbols, std::size_t n, const symbol_buffer& ahead, bool is_locked)
{
    if (d_mode == equaliser_mode::off)
        return;
    const bool has_halves = d_wants_halves;
    const bool can_learn = is_locked && n == full_stretch;
    const bool was_active = is_active();
    if (has_halves)
        take_in(symbols, n, ahead);
    if (d_state == state::idle && can_learn) {
        watch(symbols);
        if (is_harmful() || d_mode == equaliser_mode::on) {
            d_state = state::trial;
            d_windows = 0;
        }
    }
    if (has_halves && can_learn && d_state == state::trial) {
        if (d_windows == 0) {
            if (!fit_anew(n))
                give_up();
        } else {
            const std::size_t first = margin + d_stretches % n_windows * window_symbols;
            d_rails.resize(2 * window_symbols);
            filter_decided(first, window_symbols, d_rails.data(), d_rails.data() + window_symbols);
            learn(first, d_rails.data(), d_rails.data() + window_symbols);
        }
        decide_state();
    }
    if (has_halves && is_active()) {
        filter(margin, n, 0, 1, symbols.on_re.data(), symbols.on_im.data());
        if (d_kind == modulation::oqpsk)
            filter(margin, n, 2, 3, symbols.half_re.data(), symbols.half_im.data());
        if (can_learn && was_active && (d_windows < settled_windows || d_stretches % settled_interval == 0)) {
            const std::size_t at = d_windows % n_windows * window_symbols;
            learn(margin + at, &symbols.on_re[at], second_rail_of(symbols, at));
            decide_state();
        }
    }
    ++d_stretches;
    d_wants_halves = d_state != state::idle;
}

void equaliser::take_in(const symbol_buffer& symbols, std::size_t n, const symbol_buffer& ahead)
{
    // Only a margin of silence, or a whole stretch with its margins: the end of the latter is what came last.
    const std::size_t old = d_input.size() > margin ? d_input.size() - 2 * margin : 0;
    const auto fill =
        [&](aligned_vector<float>& to, const aligned_vector<float>& from, const aligned_vector<float>& next) {
            std::copy_n(to.begin() + static_cast<std::ptrdiff_t>(old), margin, to.begin());
            to.resize(n + 2 * margin);
            std::copy_n(from.begin(), n, to.begin() + margin);
            std::copy_n(next.begin(), margin, to.end() - margin);
        };
    fill(d_input.on_re, symbols.on_re, ahead.on_re);
    fill(d_input.on_im, symbols.on_im, ahead.on_im);
    fill(d_input.half_re, symbols.half_re, ahead.half_re);
    fill(d_input.half_im, symbols.half_im, ahead.half_im);
}

void equaliser::watch(const symbol_buffer& symbols)
{
    if (d_stretches == 0)
        d_meter.add(symbols, watch_first, watch_parts * watch_symbols);
    else if (d_stretches % watch_interval == 0)
        d_meter.add(symbols, watch_first + d_stretches / watch_interval % watch_parts * watch_symbols, watch_symbols);
}

bool equaliser::is_harmful() const
{
    if (d_meter.measurements() == 0 || (d_has_failed && d_meter.measurements() < patient_measurements))
        return false;
    return d_meter.isi() > sure_deviations * d_meter.uncertainty() && d_meter.isi() > least_isi &&
           d_meter.isi() > least_isi_to_noise * d_meter.noise_to_signal();
}

bool equaliser::fit_anew(std::size_t n)
{
    d_fit.restart();
    d_fit.take_inputs(d_input, margin, n);
    d_rails.resize(2 * n);
    d_decisions.resize(2 * n);
    float *first_rail = d_rails.data(), *second_rail = first_rail + n;
    float *on_first = d_decisions.data(), *on_second = on_first + n;
    const bool has_second = rails(d_kind) == 2;
    for (int round = 0; round < modulus_rounds + decision_rounds; ++round) {
        filter_decided(margin, n, first_rail, second_rail);
        double slope = 0.0;
        if (round < modulus_rounds) {
            slope += static_cast<double>(pull_to_modulus(first_rail, n, on_first));
            slope += has_second ? static_cast<double>(pull_to_modulus(second_rail, n, on_second)) : 0.0;
        } else {
            const rail_moments m = moments_of(first_rail, second_rail, n);
            const auto gain = static_cast<float>(std::sqrt(m.signal()) / m.noise());
            slope += static_cast<double>(decide_softly(first_rail, n, gain, on_first));
            slope += has_second ? static_cast<double>(decide_softly(second_rail, n, gain, on_second)) : 0.0;
        }
        d_fit.take_decisions(on_first, on_second, slope, 1.0);
        if (!d_fit.solve())
            return false;
    }
    filter_decided(margin, n, first_rail, second_rail);
    d_before = moments_of(&d_input.on_re[margin], second_rail_of(d_input, margin), n);
    d_after = moments_of(first_rail, second_rail, n);
    d_windows = n / window_symbols;
    return d_fit.is_centred();
}

void equaliser::learn(std::size_t first, const float* first_rail, const float* second_rail)
{
    constexpr std::size_t n = window_symbols;
    ++d_windows;
    const double count = static_cast<double>(d_windows);
    const double gain_weight = 1.0 / std::min(count, gain_memory);
    const rail_moments before = moments_of(&d_input.on_re[first], second_rail_of(d_input, first), n);
    const rail_moments after = moments_of(first_rail, second_rail, n);
    d_before.mix(before.second, before.fourth, gain_weight);
    d_after.mix(after.second, after.fourth, gain_weight);

    d_decisions.resize(2 * n);
    const auto gain = static_cast<float>(std::sqrt(d_after.signal()) / d_after.noise());
    auto slope = static_cast<double>(decide_softly(first_rail, n, gain, d_decisions.data()));
    if (rails(d_kind) == 2)
        slope += static_cast<double>(decide_softly(second_rail, n, gain, d_decisions.data() + n));
    d_fit.take_inputs(d_input, first, n);
    d_fit.take_decisions(d_decisions.data(), d_decisions.data() + n, slope, 1.0 / std::min(count, fit_memory));
    if (d_windows < eager_windows || d_windows % solve_interval == 0)
        d_fit.solve();
}

void equaliser::decide_state()
{
    if (d_mode == equaliser_mode::on) {
        d_state = state::active;
        return;
    }
    if (d_state == state::trial) {
        // Before the first symbol is silence, so the first stretch can be equalised too; a later one needs the one before.
        const bool has_past = d_stretches == 0 || d_windows > n_windows;
        if ((has_past && gain() > sure_gain) || (d_windows >= proven_windows && gain() > least_gain))
            d_state = state::active;
        else if (d_windows >= trial_windows)
            give_up();
    } else if (d_state == state::active) {
        if (gain() < harmful_gain || (d_windows >= trial_windows && gain() < lost_gain))
            give_up();
    }
}

void equaliser::give_up()
{
    d_state = state::idle;
    d_has_failed = true;
    d_meter.restart();
    d_fit.restart();
    d_before = d_after = {};
}

rail_moments equaliser::moments_of(const float* first_rail, const float* second_rail, std::size_t n) const
{
    double second = 0.0, fourth = 0.0;
    add_moments(first_rail, n, second, fourth);
    if (rails(d_kind) == 2)
        add_moments(second_rail, n, second, fourth);
    const double count = static_cast<double>(n * rails(d_kind));
    return { second / count, fourth / count };
}

void equaliser::filter(std::size_t first, std::size_t n, std::size_t row_a, std::size_t row_b, float* a, float* b) const
{
    filter_rails(rows_at(d_input, first - tap_fit::reach_symbols),
                 tap_fit::n_shifts,
                 d_fit.taps()[row_a].data(),
                 d_fit.taps()[row_b].data(),
                 n,
                 a,
                 b);
}

float equaliser::isi_db() const
{
    const double isi = is_active() ? d_fit.isi() : d_meter.measurements() > 0 ? d_meter.isi() : 0.0;
    // Below its own uncertainty a measurement says no more than that.
    const double known = std::max(isi, is_active() ? 1e-9 : d_meter.uncertainty());
    return known > 0.0 ? static_cast<float>(10.0 * std::log10(known)) : std::numeric_limits<float>::quiet_NaN();
}

float equaliser::gain_db() const { return is_active() ? static_cast<float>(10.0 * std::log10(gain())) : 0.0f; }

std::vector<std::complex<float>> equaliser::taps() const
{
    return is_active() ? d_fit.impulse_response() : std::vector<std::complex<float>>{};
}

} // namespace xband::core
