// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/iq_front_end.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

using namespace xband::core;

namespace {
std::span<const std::byte> bytes_of(const auto& v) { return std::as_bytes(std::span(v)); }
} // namespace

// A chirp made by the plan's own definition, turned back by the front end, must stand still: phase-continuous over segment
// borders, offset changes and any block length.
BOOST_AUTO_TEST_CASE(takes_out_a_doppler_plan_with_continuous_phase)
{
    const double rate = 1e6;
    const frequency_plan plan{ { 0, { 20e3, -3000.0, 40.0 } }, { 30000, { 19.9e3, -2900.0, 10.0 } } };
    const std::size_t n = 60000;
    std::vector<std::complex<float>> samples(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double cycles = phase_cycles(plan, static_cast<double>(i), rate) + 0.01 * static_cast<double>(i);
        samples[i] = std::complex<float>(std::polar(1.0, 2.0 * std::numbers::pi * (cycles - std::floor(cycles))));
    }
    iq_front_end front_end(iq_format::cf32, rate, plan);
    front_end.restart(0, 0.01);
    std::vector<std::complex<float>> out(n);
    std::mt19937 random(3);
    for (std::size_t at = 0; at < n;) {
        const std::size_t len = std::min<std::size_t>(n - at, 1 + random() % 5000);
        front_end.process(bytes_of(samples).subspan(8 * at, 8 * len), reinterpret_cast<float*>(out.data() + at));
        at += len;
    }
    float worst = 0.0f;
    for (const auto& y : out)
        worst = std::max(worst, std::abs(y - std::complex<float>(1.0f, 0.0f)));
    // Inside 64 samples the frequency is that of the block's middle: 7.5 Hz of ramp and the plan's own step of 10 Hz turn 0.4 degrees.
    BOOST_TEST(worst < 7e-3f);
}

// The same behind a decimation: output m is the input's sample 5 m, exactly, also when the filter follows the plan by 2 kHz and
// when the start is no multiple of 5.
BOOST_AUTO_TEST_CASE(decimates_without_delay_and_follows_the_plan)
{
    const double rate = 1e6;
    const frequency_plan plan{ { 0, { 200e3, -3e4 } }, { 30000, { 199e3, -2e4 } } };
    const std::size_t n = 90000, first = 4998;
    std::vector<std::complex<float>> samples(n);
    for (std::size_t i = 0; i < n; ++i) {
        const double cycles = phase_cycles(plan, static_cast<double>(i), rate) - 0.4 * static_cast<double>(i);
        samples[i] = std::complex<float>(std::polar(1.0, 2.0 * std::numbers::pi * (cycles - std::floor(cycles))));
    }
    iq_front_end front_end(iq_format::cf32, rate, plan, band_of(11.0, 0.5));
    BOOST_TEST_REQUIRE(front_end.decimation() == 5u);
    front_end.restart(first, -0.4);
    std::vector<std::complex<float>> out(n);
    std::size_t made = 0;
    std::mt19937 random(3);
    for (std::size_t at = first; at < n;) {
        const std::size_t len = std::min<std::size_t>(n - at, 1 + random() % 9000);
        made +=
            front_end.process(bytes_of(samples).subspan(8 * at, 8 * len), reinterpret_cast<float*>(out.data() + made));
        at += len;
    }
    BOOST_TEST(front_end.next_sample() == n);
    made += front_end.finish(reinterpret_cast<float*>(out.data() + made));
    BOOST_TEST(made == (n - 5000 + 4) / 5);
    // The phase counts from the first output on, which stands for sample 5000.
    const std::complex<float> start = out[20];
    BOOST_TEST(std::abs(std::abs(start) - 1.0f) < 1e-3f);
    float worst = 0.0f;
    for (std::size_t m = 20; m + 20 < made; ++m)
        worst = std::max(worst, std::abs(out[m] - start));
    BOOST_TEST(worst <
               0.15f); // 320 us share the frequency of their run, which moves by 60 Hz to either side of its middle
}

BOOST_AUTO_TEST_CASE(reads_all_formats_alike)
{
    const std::vector<std::int8_t> eight{ 127, -128, 0, 64, -1, 1 };
    std::vector<std::int16_t> sixteen;
    std::vector<float> floats;
    for (int x : eight) {
        sixteen.push_back(static_cast<std::int16_t>(x * 256));
        floats.push_back(static_cast<float>(x) / 128.0f);
    }
    const auto run = [](iq_format format, std::span<const std::byte> bytes) {
        iq_front_end front_end(format, 1e6, {});
        std::vector<float> out(6);
        front_end.process(bytes, out.data());
        return out;
    };
    const auto want = run(iq_format::cf32, bytes_of(floats));
    BOOST_TEST(run(iq_format::cs8, bytes_of(eight)) == want);
    BOOST_TEST(run(iq_format::cs16, bytes_of(sixteen)) == want);
}

BOOST_AUTO_TEST_CASE(counts_and_silences_what_is_no_number)
{
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    const std::vector<float> samples{ 1.0f, nan, -inf, 0.5f, 1e30f, 0.0f };
    iq_front_end front_end(iq_format::cf32, 1e6, {});
    std::vector<float> out(6);
    front_end.process(bytes_of(samples), out.data());
    BOOST_TEST(front_end.non_finite() == 3u);
    for (float x : out)
        BOOST_TEST(std::isfinite(x));
}

BOOST_AUTO_TEST_CASE(refuses_a_plan_out_of_order)
{
    BOOST_CHECK_THROW(iq_front_end(iq_format::cs8, 1e6, { { 10, {} }, { 5, {} } }), std::invalid_argument);
    BOOST_CHECK_THROW(iq_front_end(iq_format::cs8, 0.0, {}), std::invalid_argument);
}
