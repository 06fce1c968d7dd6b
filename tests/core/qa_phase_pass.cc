// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/conv_encoder.h"
#include "framing/phase_pass.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <random>
#include <vector>

using namespace xband::core;

namespace {

constexpr std::size_t n_bits = 8000;

struct transmission {
    std::vector<std::uint8_t> bits;
    std::vector<double> sent;
    std::vector<soft_bit> received;
};

/// QPSK symbols of amplitude 36 a rail, turned to and fro by an angle, in noise of an Es/N0 of 1.5 dB.
transmission transmit(double swing_deg, double period_symbols)
{
    std::mt19937 random(1);
    std::normal_distribution<double> gauss(0, 30);
    transmission t;
    t.bits.resize(n_bits / 8);
    std::generate(t.bits.begin(), t.bits.end(), [&] { return std::uint8_t(random()); });
    std::vector<std::uint8_t> symbols(2 * n_bits);
    conv_encoder(false).encode(t.bits, symbols);
    const auto soft = [](double value) { return soft_bit(std::lround(std::clamp(value, -127.0, 127.0))); };
    for (std::size_t k = 0; k < n_bits; ++k) {
        const double i = symbols[2 * k] != 0 ? -36 : 36, q = symbols[2 * k + 1] != 0 ? -36 : 36;
        const double phase =
            swing_deg / 180 * std::numbers::pi * std::sin(2 * std::numbers::pi * double(k) / period_symbols);
        const double noise_i = gauss(random), noise_q = gauss(random);
        t.sent.insert(t.sent.end(), { i, q });
        t.received.insert(t.received.end(),
                          { soft(i * std::cos(phase) - q * std::sin(phase) + noise_i),
                            soft(i * std::sin(phase) + q * std::cos(phase) + noise_q) });
    }
    return t;
}

/// Rms of the carrier's phase over 100 symbols; noise alone makes some 3 degrees of it.
double rms_phase_deg(const transmission& t, const std::vector<soft_bit>& soft)
{
    double sum = 0;
    for (std::size_t at = 0; at < soft.size(); at += 200) {
        double re = 0, im = 0;
        for (std::size_t k = at; k < at + 200; k += 2) {
            re += soft[k] * t.sent[k] + soft[k + 1] * t.sent[k + 1];
            im += soft[k + 1] * t.sent[k] - soft[k] * t.sent[k + 1];
        }
        const double phase_deg = std::atan2(im, re) / std::numbers::pi * 180;
        sum += phase_deg * phase_deg;
    }
    return std::sqrt(sum / (double(soft.size()) / 200));
}

} // namespace

BOOST_AUTO_TEST_CASE(a_slow_phase_is_taken_out)
{
    const transmission t = transmit(15, 2000);
    auto soft = t.received;
    phase_pass().apply(soft, t.bits);
    BOOST_TEST(rms_phase_deg(t, t.received) > 10);
    BOOST_TEST(rms_phase_deg(t, soft) < 4);
    // Wrong decisions as they are near the threshold: bursts in one octet of 14.
    auto bits = t.bits;
    for (std::size_t i = 0; i < bits.size(); i += 14)
        bits[i] ^= 0x3c;
    soft = t.received;
    phase_pass().apply(soft, bits);
    BOOST_TEST(rms_phase_deg(t, soft) < 4.5);
}

BOOST_AUTO_TEST_CASE(without_a_phase_little_changes)
{
    const transmission t = transmit(0, 2000);
    auto soft = t.received;
    phase_pass().apply(soft, t.bits);
    BOOST_TEST(rms_phase_deg(t, soft) < 4);
    std::vector<soft_bit> nothing(2 * n_bits, 0);
    phase_pass().apply(nothing, t.bits);
    BOOST_TEST((nothing == std::vector<soft_bit>(2 * n_bits, 0)));
}
