// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/phase_smoother.h"
#include "dsp/spurious_line.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

using namespace xband::core;
using complexf = std::complex<float>;

namespace {

constexpr std::size_t groups = 256;

/// Phasors that turn by step_rad from group to group, in noise.
std::vector<complexf> phasors(float amplitude, float step_rad, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> gauss(0.0f, std::sqrt(0.5f));
    std::vector<complexf> out(groups);
    for (std::size_t g = 0; g < groups; ++g)
        out[g] = std::polar(amplitude, step_rad * static_cast<float>(g)) + complexf(gauss(random), gauss(random));
    return out;
}

// A carrier as weak as QPSK at 1.5 dB: a fifth of the phasors' power.
constexpr float weak = 0.5f;

} // namespace

BOOST_AUTO_TEST_CASE(noise_does_not_move_the_carrier)
{
    phase_meter meter;
    meter.add(phasors(weak, 0.05f, 1));
    for (unsigned seed = 2; seed < 400; ++seed)
        meter.add(phasors(0.0f, 0.0f, seed));
    BOOST_TEST(std::abs(meter.step_rad()) < 0.2f);
    meter.add(phasors(weak, 0.05f, 400));
    BOOST_TEST(std::abs(meter.step_rad() - 0.05f) < 0.05f);
}

BOOST_AUTO_TEST_CASE(a_weak_carrier_elsewhere_is_believed_the_second_time)
{
    phase_meter meter;
    meter.add(phasors(weak, 0.0f, 1));
    meter.add(phasors(weak, 1.0f, 2));
    BOOST_TEST(std::abs(meter.step_rad()) < 0.05f);
    meter.add(phasors(weak, 1.0f, 3));
    BOOST_TEST(std::abs(meter.step_rad() - 1.0f) < 0.05f);
}

BOOST_AUTO_TEST_CASE(a_plain_carrier_is_believed_at_once)
{
    phase_meter meter;
    meter.add(phasors(2.0f, -1.0f, 1));
    BOOST_TEST(std::abs(meter.step_rad() + 1.0f) < 0.05f);
}

BOOST_AUTO_TEST_CASE(a_line_beside_the_carrier_goes_and_the_carrier_stays)
{
    auto sums = phasors(1.0f, 0.0f, 1);
    const auto clean = sums;
    for (std::size_t g = 0; g < groups; ++g)
        sums[g] += std::polar(3.0f, 0.5f * static_cast<float>(g) + 1.0f);
    remove_line(sums, 0.5f + 2.0f * std::numbers::pi_v<float>); // whole turns do not matter
    float rest = 0.0f;
    for (std::size_t g = 0; g < groups; ++g)
        rest += std::norm(sums[g] - clean[g]) / static_cast<float>(groups);
    BOOST_TEST(rest < 0.05f);
    auto carrier = clean;
    remove_line(carrier, 0.001f);
    BOOST_TEST((carrier == clean));
}
