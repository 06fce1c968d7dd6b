// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/rrc.h"
#include "dsp/symbol_sampler.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <vector>

using namespace xband::core;
namespace bdata = boost::unit_test::data;

// The filter's output against the sum it stands for, in double precision: no padding, no table of arms.
BOOST_DATA_TEST_CASE(equals_the_plain_sum,
                     bdata::make({ 1.2, 1.8, 2.0, 2.2, 3.7, 16.0 }) * bdata::make({ 0.2, 0.5 }),
                     sps,
                     rolloff)
{
    const symbol_sampler sampler(sps, rolloff);
    std::mt19937 random(7);
    std::normal_distribution<float> gauss;
    const std::size_t n_samples = 4000;
    std::vector<float> samples(2 * n_samples);
    for (auto& x : samples)
        x = gauss(random);
    const std::size_t n = 50;
    const double first = static_cast<double>(sampler.reach()) + 0.25, step = sps * 1.00002;
    std::vector<float> re(n), im(n);
    sampler.sample(samples.data(), first, step, n, re.data(), im.data());
    for (std::size_t k = 0; k < n; ++k) {
        // The nearest arm stands for the instant.
        const double position = first + step * static_cast<double>(k);
        const double arm = std::floor(position * symbol_sampler::arms + 0.5) / symbol_sampler::arms;
        double want_re = 0.0, want_im = 0.0, size = 0.0;
        for (std::size_t i = 0; i < n_samples; ++i) {
            const double t = (static_cast<double>(i) - arm) / sps;
            // The filter's own cut: reach() taps on either side of the sample at or before the instant.
            const double place = static_cast<double>(i) - std::floor(arm);
            const auto reach = static_cast<double>(sampler.reach());
            if (place < 1.0 - reach || place > reach)
                continue;
            const double h = rrc_pulse(t, rolloff) / sps;
            want_re += h * samples[2 * i];
            want_im += h * samples[2 * i + 1];
            size += std::abs(h);
        }
        BOOST_TEST(std::abs(re[k] - want_re) < 1e-5 * (1.0 + size));
        BOOST_TEST(std::abs(im[k] - want_im) < 1e-5 * (1.0 + size));
    }
}

// What the cut pulse and the 64 arms cost, in dB of signal-to-noise ratio, against the exact matched filter: exact sums, no
// random numbers. Interference counts as noise at Es/N0 = 8.8 dB, where Aqua works.
BOOST_DATA_TEST_CASE(loss_is_below_a_hundredth_of_a_db, bdata::make({ 1.8, 2.0, 2.133, 2.718, 4.7, 16.0 }), sps)
{
    const double rolloff = 0.5, es_n0 = std::pow(10.0, 0.88);
    const symbol_sampler sampler(sps, rolloff);
    double worst = 0.0;
    for (double fraction : { 0.0, 0.003, 0.0077, 0.25, 0.4961 }) {
        const std::size_t reach = sampler.reach(), n = 2 * reach + 2;
        const double position = static_cast<double>(reach) + fraction;
        // The taps in use, one sample at a time; then the response to each symbol of a pulse train.
        double noise = 0.0, signal = 0.0, interference = 0.0;
        std::vector<double> taps(n);
        for (std::size_t i = 0; i < n; ++i) {
            std::vector<float> impulse(2 * n, 0.0f);
            impulse[2 * i] = 1.0f;
            float re = 0.0f, im = 0.0f;
            sampler.sample(impulse.data(), position, sps, 1, &re, &im);
            taps[i] = re;
            noise += taps[i] * taps[i];
        }
        for (int m = -12; m <= 12; ++m) {
            double response = 0.0;
            for (std::size_t i = 0; i < n; ++i)
                response += taps[i] * rrc_pulse((static_cast<double>(i) - position) / sps - m, rolloff);
            (m == 0 ? signal : interference) += response * response;
        }
        noise *= sps / es_n0; // variance of a sample's noise at this Es/N0
        worst = std::max(worst, 10.0 * std::log10(es_n0 / (signal / (noise + interference))));
    }
    BOOST_TEST_MESSAGE("loss at " << sps << " samples per symbol: " << worst << " dB");
    BOOST_TEST(worst < 0.01);
}

BOOST_AUTO_TEST_CASE(refuses_ratios_it_cannot_do)
{
    BOOST_CHECK_THROW(symbol_sampler(1.0, 0.5), std::invalid_argument);
    BOOST_CHECK_THROW(symbol_sampler(100.0, 0.5), std::invalid_argument);
    BOOST_CHECK_THROW(symbol_sampler(2.0, 0.0), std::invalid_argument);
    BOOST_CHECK_THROW(symbol_sampler(std::nan(""), 0.5), std::invalid_argument);
}
