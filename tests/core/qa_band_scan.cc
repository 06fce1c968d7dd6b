// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/band_scan.h"
#include "test_signal.h"

#include <boost/test/unit_test.hpp>

using namespace xband::core;

namespace {

constexpr double sps = 9.0;

std::vector<std::complex<float>> noise(std::size_t n)
{
    std::mt19937 random(11);
    std::normal_distribution<float> gauss;
    std::vector<std::complex<float>> out(n);
    for (auto& x : out)
        x = { gauss(random), gauss(random) };
    return out;
}

void add_line(std::vector<std::complex<float>>& samples, double cps, double amplitude)
{
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] +=
            std::complex<float>(std::polar(amplitude, 2.0 * std::numbers::pi * (cps * static_cast<double>(i) - 0.1)));
}

std::vector<double> places(const std::vector<std::complex<float>>& samples)
{
    band_scan scan(sps, 0.5);
    scan.add(std::span(reinterpret_cast<const float*>(samples.data()), 2 * samples.size()));
    return scan.places();
}

} // namespace

BOOST_AUTO_TEST_CASE(noise_and_lines_are_no_places)
{
    auto samples = noise(36000);
    BOOST_TEST(places(samples).empty());
    add_line(samples, 0.0, 3.0);
    add_line(samples, 0.23, 10.0);
    add_line(samples, -0.4, 30.0);
    BOOST_TEST(places(samples).empty());
    BOOST_TEST(places(std::vector<std::complex<float>>(36000)).empty());
}

// At 1 dB Es/N0, beside a line 20 dB stronger than all of the signal, a residue at zero and a neighbour of three times the symbol
// rate that is 26 dB stronger.
BOOST_AUTO_TEST_CASE(finds_a_weak_signal_among_others)
{
    test_signal::recipe r;
    r.samples_per_symbol = sps;
    r.es_n0_db = 1.0;
    r.symbols = 4096;
    for (double offset : { -0.37, 0.05, 0.31 }) {
        r.offset_cps = offset;
        auto samples = test_signal::make(r).samples;
        add_line(samples, offset + 0.15, std::sqrt(100.0 / sps));
        add_line(samples, 0.0, std::sqrt(10.0 / sps));
        test_signal::recipe other = r;
        other.samples_per_symbol = sps / 3.0;
        other.es_n0_db = 60.0;
        other.symbols = 3 * r.symbols;
        other.offset_cps = offset < 0.0 ? offset + 0.45 : offset - 0.45;
        const auto neighbour = test_signal::make(other).samples;
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] += 20.0f / std::sqrt(3.0f) * neighbour[i];
        const auto found = places(samples);
        BOOST_TEST_REQUIRE(!found.empty());
        BOOST_TEST(std::abs(found.front() - offset) < 0.06 / sps); // acquisition searches twice as far
    }
}
