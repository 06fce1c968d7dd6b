// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/band_decimator.h"
#include "dsp/rrc.h"
#include "dsp/symbol_sampler.h"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

using namespace xband::core;
namespace bdata = boost::unit_test::data;
using complexd = std::complex<double>;

namespace {

complexd turn(double cycles) { return std::polar(1.0, 2.0 * std::numbers::pi * cycles); }

/// The filter's taps, read off its answer to single samples.
std::vector<complexd> taps_of(const band_decimator& decimator)
{
    const std::size_t n = 2 * decimator.reach() + 1;
    std::vector<complexd> taps(n);
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<float> samples(2 * (n + 16), 0.0f);
        samples[2 * i] = 1.0f;
        float out[2];
        decimator.process(samples.data(), 1, out);
        taps[i] = { out[0], out[1] };
    }
    return taps;
}

/// Gain at a frequency, the phase as seen from the output's own sample.
complexd gain(const std::vector<complexd>& taps, double cps)
{
    const double middle = static_cast<double>(taps.size() / 2);
    complexd total = 0.0;
    for (std::size_t i = 0; i < taps.size(); ++i)
        total += taps[i] * turn(cps * (static_cast<double>(i) - middle));
    return total;
}

} // namespace

BOOST_DATA_TEST_CASE(equals_the_plain_sum, bdata::make({ 2u, 3u, 7u }) * bdata::make({ 1u, 2u, 9u }), factor, n)
{
    band_decimator decimator(factor, 0.34 / factor);
    decimator.tune(-0.313);
    const auto taps = taps_of(decimator);
    std::mt19937 random(3);
    std::normal_distribution<float> gauss;
    std::vector<float> samples(2 * (n * factor + 2 * decimator.reach() + 16));
    for (auto& x : samples)
        x = gauss(random);
    std::vector<float> out(2 * n);
    decimator.process(samples.data(), n, out.data());
    for (unsigned m = 0; m < n; ++m) {
        complexd want = 0.0;
        for (std::size_t i = 0; i < taps.size(); ++i)
            want += taps[i] * complexd(samples[2 * (m * factor + i)], samples[2 * (m * factor + i) + 1]);
        BOOST_TEST(std::abs(want - complexd(out[2 * m], out[2 * m + 1])) < 1e-5);
    }
}

// What passes passes with unit gain and no phase, wherever the band lies; what would fold into it is 65 dB down.
BOOST_DATA_TEST_CASE(passes_its_band_and_stops_what_would_fold_into_it,
                     bdata::make({ 4.4, 6.667, 10.3, 64.0 }) * bdata::make({ 0.0, 0.31, -0.5 }),
                     sps,
                     centre)
{
    const unsigned factor = decimation_factor(sps, 0.5);
    const double half_width = band_half_width_cps(sps, 0.5);
    band_decimator decimator(factor, half_width);
    decimator.tune(centre);
    const auto taps = taps_of(decimator);
    double ripple = 0.0, leak = 0.0;
    for (int i = -100; i <= 100; ++i) {
        const double place = half_width * i / 100.0;
        ripple = std::max(ripple, std::abs(gain(taps, centre + place) - 1.0));
        for (unsigned image = 1; image < factor; ++image)
            leak = std::max(leak, std::abs(gain(taps, centre + place + static_cast<double>(image) / factor)));
    }
    BOOST_TEST(ripple < 1e-3);
    BOOST_TEST(20.0 * std::log10(leak) < -65.0);
}

namespace {

// Decimator and matched filter together, in dB of signal-to-noise ratio against the exact matched filter at the input's rate:
// exact sums. Interference counts as noise at Es/N0 = 8.8 dB, where Aqua works. The carrier is as far off the filter's middle as
// it may be.
double worst_loss_db(double sps, double rolloff, unsigned factor)
{
    const double es_n0 = std::pow(10.0, 0.88);
    band_decimator decimator(factor, band_half_width_cps(sps, rolloff));
    const double carrier_cps = 0.02 / sps;
    const auto taps = taps_of(decimator);
    const symbol_sampler sampler(sps / factor, rolloff);
    const std::size_t n_out = 2 * sampler.reach() + 2;
    double worst = 0.0;
    for (double fraction : { 0.0, 0.0077, 0.4961 }) {
        const double at_output = static_cast<double>(sampler.reach()) + fraction;
        // Weights of the samples behind the decimator, then of those before it, carrier turned back.
        std::vector<complexd> weights((n_out - 1) * factor + taps.size());
        for (std::size_t k = 0; k < n_out; ++k) {
            std::vector<float> impulse(2 * n_out + 32, 0.0f);
            impulse[2 * k] = 1.0f;
            float re = 0.0f, im = 0.0f;
            sampler.sample(impulse.data(), at_output, sps / factor, 1, &re, &im);
            for (std::size_t i = 0; i < taps.size(); ++i)
                weights[k * factor + i] +=
                    static_cast<double>(re) * taps[i] * turn(-carrier_cps * static_cast<double>(k * factor));
        }
        const double position = at_output * factor + static_cast<double>(decimator.reach());
        double noise = 0.0, signal = 0.0, interference = 0.0;
        for (const auto& w : weights)
            noise += std::norm(w);
        for (int m = -12; m <= 12; ++m) {
            complexd response = 0.0;
            for (std::size_t i = 0; i < weights.size(); ++i) {
                const double t = static_cast<double>(i) - static_cast<double>(decimator.reach());
                response += weights[i] * turn(carrier_cps * t) *
                            rrc_pulse((static_cast<double>(i) - position) / sps - m, rolloff);
            }
            (m == 0 ? signal : interference) += std::norm(response);
        }
        noise *= sps / es_n0; // variance of a sample's noise at this Es/N0
        worst = std::max(worst, 10.0 * std::log10(es_n0 / (signal / (noise + interference))));
    }
    return worst;
}

} // namespace

BOOST_DATA_TEST_CASE(loss_is_below_two_hundredths_of_a_db,
                     bdata::make({ 4.4, 5.0, 6.667, 8.0, 10.3, 16.0, 43.0 }) * bdata::make({ 0.35, 0.5, 1.0 }),
                     sps,
                     rolloff)
{
    const unsigned factor = decimation_factor(sps, rolloff);
    BOOST_TEST_REQUIRE(factor >= 2u - (rolloff > 0.5));
    if (factor >= 2)
        BOOST_TEST(worst_loss_db(sps, rolloff, factor) < 0.02);
}

// The same for the demodulator itself, which takes up to 16 samples a symbol as they are.
BOOST_DATA_TEST_CASE(tracking_loses_less_than_two_hundredths_of_a_db,
                     bdata::make({ 16.1, 22.4, 43.0, 64.0 }) * bdata::make({ 0.35, 0.5, 1.0 }),
                     sps,
                     rolloff)
{
    const unsigned factor = tracking_decimation(sps);
    BOOST_TEST_REQUIRE(factor >= 3u);
    BOOST_TEST(worst_loss_db(sps, rolloff, factor) < 0.02);
}

BOOST_AUTO_TEST_CASE(keeps_enough_samples)
{
    for (double rolloff : { 0.2, 0.5, 1.0 })
        for (double sps = 1.2; sps <= 64.0; sps *= 1.07) {
            const unsigned factor = decimation_factor(sps, rolloff);
            BOOST_TEST((factor == 1 || sps / factor >= std::max(2.2, 1.7 + rolloff)));
            if (factor > 1)
                BOOST_CHECK_NO_THROW(band_decimator(factor, band_half_width_cps(sps, rolloff)));
            const unsigned of_tracking = tracking_decimation(sps);
            BOOST_TEST(((of_tracking == 1) == (sps <= 16.0) && sps / of_tracking >= std::min(4.5, sps)));
            if (of_tracking > 1)
                BOOST_CHECK_NO_THROW(band_decimator(of_tracking, band_half_width_cps(sps, rolloff)));
        }
}

BOOST_AUTO_TEST_CASE(refuses_a_band_without_room)
{
    BOOST_CHECK_THROW(band_decimator(1, 0.1), std::invalid_argument);
    BOOST_CHECK_THROW(band_decimator(2, 0.24), std::invalid_argument);
    BOOST_CHECK_THROW(band_decimator(2, 0.0), std::invalid_argument);
}
