// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/phase_smoother.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <complex>
#include <random>
#include <vector>

using namespace xband::core;
namespace bdata = boost::unit_test::data;

namespace {

std::vector<std::complex<float>> noise(std::size_t n)
{
    std::mt19937 random(4);
    std::normal_distribution<float> gauss;
    std::vector<std::complex<float>> x(n);
    for (auto& value : x)
        value = { gauss(random), gauss(random) };
    return x;
}

} // namespace

// Against the sum it stands for, in double precision, over two calls: the second one's past is all of the first one's new groups.
BOOST_DATA_TEST_CASE(equals_the_plain_sum,
                     bdata::make({ 1, 7, 8, 24, 29, 256 }) * bdata::make({ 0, 1, 9, 32 }) *
                         bdata::make({ 0.008f, 0.3f, 8.0f }) * bdata::make({ 0.0f, -1.1f }),
                     n_new,
                     n_ahead,
                     alpha,
                     step_rad)
{
    const auto n = static_cast<std::size_t>(n_new), ahead = static_cast<std::size_t>(n_ahead);
    const auto x = noise(2 * n + ahead);
    phase_smoother smoother;
    for (std::size_t first : { std::size_t{ 0 }, n }) {
        const std::size_t end = first + n + ahead;
        std::vector<std::complex<float>> out(n + ahead);
        smoother.smooth({ &x[first], n + ahead }, n, alpha, step_rad, out.data());
        for (std::size_t i = first; i < end; ++i) {
            std::complex<double> want = 0.0;
            double size = 1.0;
            for (std::size_t k = 0; k < end; ++k) {
                const double away = static_cast<double>(i) - static_cast<double>(k);
                const double weight = std::exp(-static_cast<double>(alpha) * std::abs(away));
                want += std::complex<double>(x[k]) * std::polar(weight, static_cast<double>(step_rad) * away);
                size += weight;
            }
            BOOST_TEST(std::abs(std::complex<double>(out[i - first]) - want) < 1e-5 * size);
        }
    }
}

BOOST_AUTO_TEST_CASE(forgets_the_past_when_told)
{
    const auto x = noise(40);
    std::vector<std::complex<float>> out(40), again(40);
    phase_smoother smoother;
    smoother.smooth(x, 32, 0.1f, 0.2f, out.data());
    smoother.restart();
    smoother.smooth(x, 32, 0.1f, 0.2f, again.data());
    BOOST_TEST((again == out));
}
