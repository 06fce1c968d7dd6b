// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/isi_meter.h"

#include "dsp/equaliser_kernels.h"

namespace xband::core {

using namespace equaliser_kernels;

namespace {

constexpr double longest_mean = 64.0; // calls

} // namespace

void isi_meter::restart()
{
    d_measurements = 0;
    d_products = {};
    d_moments = {};
    d_variance = d_isi = d_uncertainty = 0.0;
}

void isi_meter::add(const symbol_buffer& symbols, std::size_t first, std::size_t n)
{
    const float* i = symbols.on_re.data() + first;
    const float* q = (d_kind == modulation::oqpsk ? symbols.half_im : symbols.on_im).data() + first;
    const std::size_t n_rails = rails(d_kind);
    d_decisions.resize(2 * n);
    float* of_i = d_decisions.data();
    float* of_q = of_i + n;
    signs(i, n, of_i);
    signs(q, n, of_q);
    const double gain = 1.0 / (1.0 + std::min(static_cast<double>(d_measurements), longest_mean - 1.0));
    ++d_measurements;
    double second = 0.0, fourth = 0.0;
    add_moments(i, n, second, fourth);
    if (n_rails == 2)
        add_moments(q, n, second, fourth);
    const double count = static_cast<double>(n);
    d_moments.mix(second / (count * n_rails), fourth / (count * n_rails), gain);
    d_variance = (1.0 - gain) * (1.0 - gain) * d_variance + gain * gain / count;
    for (std::size_t lag = 0; lag < n_lags; lag += 2) { // two at one go: the kernel takes four rows
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(lag) - static_cast<std::ptrdiff_t>(reach_symbols);
        const auto sums = sum_products(of_i, of_q, { i + at, q + at, i + at + 1, q + at + 1 }, n);
        for (std::size_t next = 0; next < 2 && lag + next < n_lags; ++next)
            for (std::size_t a = 0; a < 2; ++a)
                for (std::size_t b = 0; b < 2; ++b) {
                    double& mean = d_products[lag + next][2 * a + b];
                    mean += gain * (static_cast<double>(sums[n_rows * a + 2 * next + b]) / count - mean);
                }
    }
    evaluate();
}

void isi_meter::evaluate()
{
    const std::size_t n_rails = rails(d_kind);
    double power = 0.0, n_products = 0.0;
    for (std::size_t lag = 0; lag < n_lags; ++lag)
        for (std::size_t a = 0; a < n_rails; ++a)
            for (std::size_t b = 0; b < n_rails; ++b) {
                // The symbol itself; in QPSK also its other rail, which is a matter of phase. OQPSK's is half a symbol away.
                if (lag == reach_symbols && (a == b || d_kind == modulation::qpsk))
                    continue;
                power += d_products[lag][2 * a + b] * d_products[lag][2 * a + b];
                n_products += 1.0;
            }
    // A wrong decision takes away what a right one brings: the mean product is the response times 1 - 2 Pe.
    const double agreement = std::erf(std::sqrt(d_moments.signal_to_noise() / 2.0));
    const double unit = d_moments.signal() * agreement * agreement * static_cast<double>(n_rails);
    if (!(unit > 0.0))
        return;
    const double noise_power = d_variance * d_moments.second;
    d_isi = (power - n_products * noise_power) / unit;
    d_uncertainty = std::sqrt(2.0 * n_products) * noise_power / unit;
}

} // namespace xband::core
