// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/iq_conditioner.h"

#include "base/multiversion.h"
#include "base/vec16.h"
#include "dsp/sums.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace xband::core {

namespace {

constexpr std::size_t measured_every = 16; // tiles
// Over so many samples the mean of noise is -45 dB of its power and its image -48 dB: below what is acted upon.
constexpr std::size_t samples_to_conclude = 32768;

// On above the first, off below the second. A constant at -30 dBc costs 0.01 dB; an image matters where a mirrored neighbour
// is stronger than the signal.
constexpr float dc_on_dbc = -32.0f, dc_off_dbc = -36.0f;
constexpr float image_on_dbc = -34.0f, image_off_dbc = -38.0f;

// A tile with a pulse in it is this much louder; then groups of 16 samples are looked at. Of noise a group's power exceeds three
// times the mean once in 10^9.
constexpr float loud_tile = 1.5f, loud_group = 6.0f;
constexpr std::size_t group = 16;
// What fills more tiles than this is a new level and no pulse (60 us at 33 Msample/s).
constexpr unsigned longest_pulse_tiles = 1;
constexpr float level_smoothing = 0.125f;
// Of a tile that is measured, so many are enough to see saturation.
constexpr std::size_t saturation_samples = 256;
// A converter's two limits may differ by one step in 127.
constexpr float nearly_all = 0.99f;
// A tile's power is read off every fourth vector of eight samples: a pulse worth the look is longer.
constexpr std::size_t power_stride = 64;

/// Mean power of a complex sample, from every fourth vector. Four sums side by side: each addition waits for the one before it.
XBAND_MULTIVERSION float tile_power(const float* x, std::size_t n)
{
    vec16 a{}, b{}, c{}, d{};
    const auto add = [&](vec16 & to, std::size_t k) __attribute__((always_inline))
    {
        vec16 v;
        load(v, x + k);
        to += v * v;
    };
    std::size_t k = 0, vectors = 0;
    for (; k + 3 * power_stride + 16 <= 2 * n; k += 4 * power_stride, vectors += 4) {
        add(a, k);
        add(b, k + power_stride);
        add(c, k + 2 * power_stride);
        add(d, k + 3 * power_stride);
    }
    for (; k + 16 <= 2 * n; k += power_stride, ++vectors)
        add(a, k);
    const vec16 total = (a + b) + (c + d);
    return vectors > 0 ? sum(total) / static_cast<float>(8 * vectors) : 0.0f;
}

/// i, q, ii, qq, iq over whole vectors of eight samples.
XBAND_MULTIVERSION void sum_moments(const float* x, std::size_t n, float* sums)
{
    vec16 first{}, second{}, mixed{};
    for (std::size_t k = 0; k + 16 <= 2 * n; k += 16) {
        vec16 v;
        load(v, x + k);
        const vec16 swapped = __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        first += v;
        second += v * v;
        mixed += v * swapped;
    }
    sum_pairs(first, sums[0], sums[1]);
    sum_pairs(second, sums[2], sums[3]);
    float again;
    sum_pairs(mixed, sums[4], again);
}

/// How many of n values, a multiple of 16, are the largest there is, to either side.
XBAND_MULTIVERSION std::size_t count_largest(const float* x, std::size_t n)
{
    typedef int mask16 __attribute__((vector_size(64)));
    vec16 most{};
    for (std::size_t k = 0; k < n; k += 16) {
        vec16 v;
        load(v, x + k);
        v = v < 0.0f ? -v : v;
        most = v > most ? v : most;
    }
    float largest = 0.0f;
    for (int lane = 0; lane < 16; ++lane)
        largest = std::max(largest, most[lane]);
    if (!(largest > 0.0f))
        return 0;
    const float limit = nearly_all * largest;
    mask16 counts{};
    for (std::size_t k = 0; k < n; k += 16) {
        vec16 v;
        load(v, x + k);
        v = v < 0.0f ? -v : v;
        counts -= v >= limit; // true is -1
    }
    std::size_t count = 0;
    for (int lane = 0; lane < 16; ++lane)
        count += static_cast<std::size_t>(counts[lane]);
    return count;
}

XBAND_MULTIVERSION void correct(float* x, std::size_t n, float dc_i, float dc_q, float from_i, float from_q)
{
    for (std::size_t k = 0; k < n; ++k) {
        const float i = x[2 * k] - dc_i, q = x[2 * k + 1] - dc_q;
        x[2 * k] = i;
        x[2 * k + 1] = from_i * i + from_q * q;
    }
}

float to_db(double ratio)
{
    return ratio > 0.0 ? static_cast<float>(10.0 * std::log10(ratio)) : -std::numeric_limits<float>::infinity();
}

bool switched(bool is_on, float value, float on, float off) { return value > (is_on ? off : on); }

} // namespace

iq_conditioner::iq_conditioner(bool judges_balance, conditioner_mode mode)
    : d_judges_balance(judges_balance),
      d_mode(mode)
{
    d_state.dc_dbc = d_state.image_dbc = std::numeric_limits<float>::quiet_NaN();
}

float iq_conditioner::add_moments(const float* iq, std::size_t n)
{
    std::array<float, 5> s;
    sum_moments(iq, n, s.data());
    d_sums.i += s[0];
    d_sums.q += s[1];
    d_sums.ii += s[2];
    d_sums.qq += s[3];
    d_sums.iq += s[4];
    d_sums.samples += n / 8 * 8;
    const std::size_t looked_at = 2 * std::min(n / 8 * 8, saturation_samples);
    d_sums.saturated += count_largest(iq, looked_at);
    d_sums.looked_at += looked_at;
    return (s[2] + s[3]) / static_cast<float>(std::max<std::size_t>(n / 8 * 8, 1));
}

void iq_conditioner::learn(const float* iq, std::size_t n)
{
    if (d_learnt_powers.empty())
        d_sums = {};
    d_learnt_powers.push_back(add_moments(iq, n));
}

void iq_conditioner::end_learning()
{
    if (d_learnt_powers.empty())
        return;
    // Pulses raise the power of few tiles.
    const auto middle = d_learnt_powers.begin() + static_cast<std::ptrdiff_t>(d_learnt_powers.size() / 2);
    std::nth_element(d_learnt_powers.begin(), middle, d_learnt_powers.end());
    d_level = *middle;
    d_learnt_powers.clear();
    d_hot_tiles = 0;
    d_tiles = 0;
    conclude();
}

void iq_conditioner::conclude()
{
    if (d_sums.samples == 0)
        return;
    const double n = static_cast<double>(d_sums.samples);
    const double i = d_sums.i / n, q = d_sums.q / n;
    const double ii = d_sums.ii / n - i * i, qq = d_sums.qq / n - q * q, iq = d_sums.iq / n - i * q;
    const double all = (d_sums.ii + d_sums.qq) / n;
    d_state.saturated_share =
        static_cast<float>(static_cast<double>(d_sums.saturated) / static_cast<double>(d_sums.looked_at));
    d_sums = {};
    if (!(ii > 0.0 && qq > 0.0))
        return;
    d_state.dc_dbc = to_db((i * i + q * q) / all);
    const bool may_act = d_mode != conditioner_mode::off;
    d_state.is_dc_removed = may_act && switched(d_state.is_dc_removed, d_state.dc_dbc, dc_on_dbc, dc_off_dbc);
    d_dc_i = d_state.is_dc_removed ? static_cast<float>(i) : 0.0f;
    d_dc_q = d_state.is_dc_removed ? static_cast<float>(q) : 0.0f;
    if (!d_judges_balance)
        return;
    const double gain = std::sqrt(qq / ii), lean = std::clamp(iq / std::sqrt(ii * qq), -0.9, 0.9);
    d_state.iq_gain_db = to_db(qq / ii);
    d_state.iq_phase_deg = static_cast<float>(std::asin(lean) * 180.0 / std::numbers::pi);
    // |E[x^2]| is twice the image's amplitude.
    d_state.image_dbc = to_db(((ii - qq) * (ii - qq) + 4.0 * iq * iq) / (4.0 * (ii + qq) * (ii + qq)));
    d_state.is_iq_corrected =
        may_act && switched(d_state.is_iq_corrected, d_state.image_dbc, image_on_dbc, image_off_dbc);
    const double upright = std::sqrt(1.0 - lean * lean);
    d_from_q = d_state.is_iq_corrected ? static_cast<float>(1.0 / (gain * upright)) : 1.0f;
    d_from_i = d_state.is_iq_corrected ? static_cast<float>(-lean / upright) : 0.0f;
}

void iq_conditioner::process(float* iq, std::size_t n)
{
    if (d_tiles++ % measured_every == 0) {
        add_moments(iq, n);
        if (d_sums.samples >= samples_to_conclude)
            conclude();
    }
    if (d_mode == conditioner_mode::off)
        return;
    if (d_state.is_dc_removed || d_state.is_iq_corrected)
        correct(iq, n, d_dc_i, d_dc_q, d_from_i, d_from_q);
    blank(iq, n, tile_power(iq, n));
}

void iq_conditioner::blank(float* iq, std::size_t n, float power)
{
    const bool is_loud = d_level > 0.0f && power > loud_tile * d_level;
    if (!is_loud || d_hot_tiles >= longest_pulse_tiles) {
        // Usual, silent, or louder for good.
        const bool is_new = is_loud || power < 0.25f * d_level || d_level == 0.0f;
        if (power > 0.0f)
            d_level = is_new ? power : d_level + level_smoothing * (power - d_level);
        d_hot_tiles = 0;
        return;
    }
    const std::size_t groups = n / group;
    std::array<float, tile_samples / group> powers{};
    for (std::size_t g = 0; g < groups; ++g)
        powers[g] = sum_squares(iq + 2 * g * group, 2 * group) / static_cast<float>(group);
    float rest = 0.0f; // power of the groups without a pulse
    const auto count_hot = [&] {
        std::size_t hot = 0;
        rest = 0.0f;
        for (std::size_t g = 0; g < groups; ++g) {
            const bool is_hot = powers[g] > loud_group * d_level;
            hot += is_hot;
            rest += is_hot ? 0.0f : powers[g];
        }
        rest /= static_cast<float>(std::max<std::size_t>(groups - hot, 1));
        return hot;
    };
    std::size_t hot = count_hot();
    if (2 * hot < groups && rest > loud_tile * d_level) { // pulses alone do not explain it
        d_level = rest;
        hot = count_hot();
    }
    for (std::size_t g = 0; g < groups && hot > 0; ++g) {
        const float beside = std::max(g > 0 ? powers[g - 1] : 0.0f, g + 1 < groups ? powers[g + 1] : 0.0f);
        if (std::max(powers[g], beside) > loud_group * d_level) {
            std::fill_n(iq + 2 * g * group, 2 * group, 0.0f);
            d_state.blanked_samples += group;
        }
    }
    d_hot_tiles = 2 * hot > groups ? d_hot_tiles + 1 : 0;
}

} // namespace xband::core
