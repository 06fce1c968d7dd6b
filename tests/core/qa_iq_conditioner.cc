// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/iq_conditioner.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <complex>
#include <random>
#include <vector>

using namespace xband::core;
using complexf = std::complex<float>;

namespace {

constexpr std::size_t tile = iq_conditioner::tile_samples;

std::vector<complexf> noise(std::size_t n, float power)
{
    std::mt19937 random(2);
    std::normal_distribution<float> gauss(0.0f, std::sqrt(power / 2.0f));
    std::vector<complexf> out(n);
    for (auto& x : out)
        x = { gauss(random), gauss(random) };
    return out;
}

float* floats(std::vector<complexf>& samples) { return reinterpret_cast<float*>(samples.data()); }

/// Learns from the first 20 tiles, repairs all.
conditioning repair(iq_conditioner& conditioner, std::vector<complexf>& samples)
{
    for (std::size_t t = 0; t < 20; ++t)
        conditioner.learn(floats(samples) + 2 * t * tile, tile);
    conditioner.end_learning();
    for (std::size_t at = 0; at < samples.size(); at += tile)
        conditioner.process(floats(samples) + 2 * at, std::min(tile, samples.size() - at));
    return conditioner.state();
}

complexf mean(const std::vector<complexf>& samples, bool is_squared)
{
    std::complex<double> total = 0.0;
    for (const auto& x : samples)
        total += std::complex<double>(is_squared ? x * x : x);
    return complexf(total / static_cast<double>(samples.size()));
}

} // namespace

BOOST_AUTO_TEST_CASE(leaves_a_clean_signal_alone)
{
    const auto clean = noise(50 * tile + 300, 0.1f);
    auto samples = clean;
    iq_conditioner conditioner(true);
    const auto state = repair(conditioner, samples);
    BOOST_TEST((samples == clean));
    BOOST_TEST(!state.is_dc_removed);
    BOOST_TEST(!state.is_iq_corrected);
    BOOST_TEST(state.blanked_samples == 0u);
    BOOST_TEST(state.dc_dbc < -40.0f);
    BOOST_TEST(state.image_dbc < -40.0f);
}

BOOST_AUTO_TEST_CASE(removes_a_constant_and_mends_the_balance)
{
    auto samples = noise(200 * tile, 0.1f);
    const float gain = std::pow(10.0f, 0.05f), lean = 5.0f * 3.14159265f / 180.0f; // 1 dB, 5 degrees
    for (auto& x : samples)
        x = { x.real() + 0.1f, gain * (x.imag() * std::cos(lean) + x.real() * std::sin(lean)) - 0.2f };
    iq_conditioner conditioner(true);
    const auto state = repair(conditioner, samples);
    BOOST_TEST(state.is_dc_removed);
    BOOST_TEST(state.is_iq_corrected);
    BOOST_TEST(std::abs(state.iq_gain_db - 1.0f) < 0.15f);
    BOOST_TEST(std::abs(state.iq_phase_deg - 5.0f) < 1.0f);
    BOOST_TEST(std::abs(state.dc_dbc - 10.0f * std::log10(0.05f / (0.05f + 0.05f * (1.0f + gain * gain)))) < 0.5f);
    BOOST_TEST(std::norm(mean(samples, false)) < 1e-4f);
    BOOST_TEST(std::abs(mean(samples, true)) < 0.02f * 0.1f); // image at -40 dB
}

BOOST_AUTO_TEST_CASE(does_not_judge_the_balance_of_bpsk)
{
    auto samples = noise(50 * tile, 0.1f);
    for (auto& x : samples)
        x = { x.real(), 0.1f * x.imag() };
    iq_conditioner conditioner(false);
    BOOST_TEST(!repair(conditioner, samples).is_iq_corrected);
}

BOOST_AUTO_TEST_CASE(silences_pulses_and_nothing_else)
{
    auto samples = noise(100 * tile, 0.1f);
    const auto clean = samples;
    const std::size_t every = 8 * tile, length = 330; // all inside a tile
    std::size_t pulses = 0;
    for (std::size_t at = 3 * tile + 501; at + every < samples.size(); at += every, ++pulses)
        for (std::size_t i = 0; i < length; ++i)
            samples[at + i] += std::polar(3.0f, 0.3f * static_cast<float>(i)); // 20 dB
    iq_conditioner conditioner(true);
    const auto state = repair(conditioner, samples);
    BOOST_TEST(state.blanked_samples >= pulses * length);
    BOOST_TEST(state.blanked_samples <= pulses * (length + 64));
    for (std::size_t i = 0; i < samples.size(); ++i)
        BOOST_TEST_REQUIRE((samples[i] == complexf(0.0f) || samples[i] == clean[i]));
}

// A step of the gain is no pulse: two tiles later all is as it comes.
BOOST_AUTO_TEST_CASE(takes_a_step_of_the_gain_for_what_it_is)
{
    auto samples = noise(60 * tile, 1e-5f);
    const std::size_t up = 30 * tile + 700, down = 45 * tile + 900;
    for (std::size_t i = up; i < down; ++i)
        samples[i] *= 100.0f;
    const auto sent = samples;
    iq_conditioner conditioner(true);
    repair(conditioner, samples);
    for (std::size_t i = 0; i < samples.size(); ++i)
        if (i < 30 * tile || i >= 32 * tile)
            BOOST_TEST_REQUIRE((samples[i] == sent[i]));
}

BOOST_AUTO_TEST_CASE(tells_how_many_values_are_the_largest)
{
    auto clean = noise(60 * tile, 0.1f);
    auto clipped = clean;
    const float limit = 0.1f; // a rail's deviation is 0.22: two thirds are beyond
    for (auto& x : clipped)
        x = { std::clamp(x.real(), -limit, limit), std::clamp(x.imag(), -limit, limit) };
    iq_conditioner of_clean(true), of_clipped(true);
    BOOST_TEST(repair(of_clean, clean).saturated_share < 0.005f);
    BOOST_TEST(std::abs(repair(of_clipped, clipped).saturated_share - 0.654f) < 0.03f);
}

BOOST_AUTO_TEST_CASE(switched_off_it_measures_and_changes_nothing)
{
    auto samples = noise(60 * tile, 0.1f);
    for (auto& x : samples)
        x = { x.real() + 0.3f, 2.0f * x.imag() };
    std::fill_n(samples.begin() + 1000, 50, complexf(9.0f, 9.0f));
    const auto before = samples;
    iq_conditioner conditioner(true, conditioner_mode::off);
    const auto state = repair(conditioner, samples);
    BOOST_TEST((samples == before));
    BOOST_TEST((!state.is_dc_removed && !state.is_iq_corrected));
    BOOST_TEST(state.blanked_samples == 0u);
    BOOST_TEST(state.dc_dbc > -20.0f);
    BOOST_TEST(state.image_dbc > -20.0f);
}
