// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/phase_smoother.h"

#include "base/multiversion.h"
#include "base/vec16.h"
#include "dsp/phasors.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

namespace {

// A walk of 100 Hz takes some 10^5 symbols to show above the noise of its own measurement.
constexpr double memory_stretches = 128.0;
constexpr double groups_per_stretch = 256.0;

// Coherence of noise alone is 0.04 rms over a stretch, and its advance anything; QPSK at 1.5 dB has about 0.2. The carrier is
// steered to an advance of zero, so one that differs from the last by more than 0.1 rad is believed if it is plain, or the second
// of its kind.
constexpr float least_coherence = 0.1f, plain_coherence = 0.25f, near_step_rad = 0.1f;

/// Without the checks for infinities that the operator has to make.
std::complex<float> multiply(std::complex<float> a, std::complex<float> b)
{
    return { a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real() };
}

/// Sum of x[i + lag] conj(x[i]), i < n.
XBAND_MULTIVERSION std::complex<float> sum_lagged_products(const std::complex<float>* x, std::size_t lag, std::size_t n)
{
    const float* early = reinterpret_cast<const float*>(x);
    const float* late = early + 2 * lag;
    vec16 real{}, crossed{};
    std::size_t k = 0;
    for (; k + 16 <= 2 * n; k += 16) {
        vec16 a, b;
        load(a, late + k);
        load(b, early + k);
        real += a * b;
        crossed += a * __builtin_shufflevector(b, b, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    }
    float re_i, im_q, re_q, im_i;
    sum_pairs(real, re_i, im_q);
    sum_pairs(crossed, re_q, im_i);
    float re = re_i + im_q, im = im_i - re_q;
    for (; k < 2 * n; k += 2) {
        re += late[k] * early[k] + late[k + 1] * early[k + 1];
        im += late[k + 1] * early[k] - late[k] * early[k + 1];
    }
    return { re, im };
}

} // namespace

void phase_smoother::smooth(std::span<const std::complex<float>> sums,
                            std::size_t n_new,
                            float alpha_per_group,
                            float step_rad,
                            std::complex<float>* out)
{
    using complexf = std::complex<float>;
    const float keep = std::exp(-alpha_per_group);
    const complexf forward_step = std::polar(keep, step_rad);
    const complexf backward_step = std::conj(forward_step);
    const std::size_t n = sums.size();
    d_backward.resize(n);
    complexf backward{}, forward = d_forward;
    // Each recursion waits for its own last step; side by side they wait together.
    for (std::size_t i = 0; i < n; ++i) {
        forward = multiply(forward, forward_step) + sums[i];
        out[i] = forward;
        d_backward[n - 1 - i] = backward; // without the group itself, which the forward sum brings
        backward = multiply(backward + sums[n - 1 - i], backward_step);
    }
    d_forward = out[n_new - 1];
    for (std::size_t i = 0; i < n; ++i)
        out[i] += d_backward[i];
}

void phase_meter::add(std::span<const std::complex<float>> sums)
{
    if (sums.size() <= 2 * lags[n_lags - 1])
        return;
    const auto correlate = [&](std::size_t lag) {
        const std::size_t n = sums.size() - lag;
        return std::complex<double>(sum_lagged_products(sums.data(), lag, n)) / static_cast<double>(n);
    };
    const double power = correlate(0).real();
    std::complex<double> r[n_lags];
    for (std::size_t k = 0; k < n_lags; ++k)
        r[k] = correlate(lags[k]);
    // Advance: the angle at the shorter lags unwraps that of the next; weights grow with a lag's leverage.
    double numerator = 0.0, denominator = 1e-300, estimate = std::arg(r[0]);
    for (std::size_t k = 0; k < n_lags && lags[k] <= 8; ++k) {
        const double lag = static_cast<double>(lags[k]);
        const double angle = lag * estimate + std::arg(r[k] * std::polar(1.0, -lag * estimate));
        numerator += lag * angle * std::abs(r[k]);
        denominator += lag * lag * std::abs(r[k]);
        estimate = numerator / denominator;
    }
    double turned[n_lags];
    for (std::size_t k = 0; k < n_lags; ++k)
        turned[k] = (r[k] * std::polar(1.0, -estimate * static_cast<double>(lags[k]))).real();
    // Noise alone spreads over lags, a steady carrier does not; a fast walk leaves only the shortest lags.
    const double near = (turned[0] + turned[1]) / 2.0;
    const double wide = (turned[0] + turned[1] + turned[2] + turned[3] + turned[4] + turned[5]) / 6.0;
    d_coherence = power > 0.0 ? static_cast<float>(std::clamp(std::max(near, wide) / power, 0.0, 1.0)) : 0.0f;
    if (d_coherence < least_coherence) {
        d_doubted_step_rad.reset();
        return;
    }
    judge_step(static_cast<float>(estimate));
    const double gain = 1.0 / (1.0 + std::min(d_stretches, memory_stretches));
    d_stretches += 1.0;
    d_power += gain * (power - d_power);
    for (std::size_t k = 0; k < n_lags; ++k)
        d_correlation[k] += gain * (turned[k] - d_correlation[k]);
}

/// Believes what one stretch says of the advance, or keeps what was known.
void phase_meter::judge_step(float estimate_rad)
{
    const auto is_near = [&](float rad) { return std::abs(estimate_rad - rad) < near_step_rad; };
    const bool is_second = d_doubted_step_rad && is_near(*d_doubted_step_rad);
    d_doubted_step_rad.reset();
    if (is_near(d_step_rad) || is_second || d_coherence > plain_coherence)
        d_step_rad = estimate_rad;
    else
        d_doubted_step_rad = estimate_rad;
}

float phase_meter::alpha_per_group() const
{
    // Limits of alpha per symbol; the lower one bridges 2000 symbols, more than any oscillator in use allows.
    constexpr double least = 5e-4 * phasor_group, most = 0.5 * phasor_group;
    constexpr double prior = 0.005 * phasor_group;
    // Line through log R(m): slope -q/2, value at 0 the carrier's power. The variance of log R goes as 1/R^2.
    double w0 = 0, w1 = 0, w2 = 0, y0 = 0, y1 = 0;
    for (std::size_t k = 0; k < n_lags; ++k) {
        if (d_correlation[k] <= 0.0)
            break;
        const double x = static_cast<double>(lags[k]), y = std::log(d_correlation[k]);
        const double weight = d_correlation[k] * d_correlation[k];
        w0 += weight;
        w1 += weight * x;
        w2 += weight * x * x;
        y0 += weight * y;
        y1 += weight * x * y;
    }
    const double spread = w0 * w2 - w1 * w1;
    if (!(spread > 0.0))
        return static_cast<float>(prior);
    const double slope = (w0 * y1 - w1 * y0) / spread;
    const double carrier = std::exp((y0 - slope * w1) / w0);
    const double walk = std::max(-2.0 * slope, 0.0);                      // q, rad^2 a group
    const double noise = std::max((d_power / carrier - 1.0) / 2.0, 1e-4); // r, rad^2 a group
    const double measured = std::clamp(std::sqrt(walk / noise), least, most);
    // The guess gives way as the slope stands out from its own noise (the lags share most of that, hence the 4): a guess of
    // log alpha right to within 1 against a measurement right to within half the relative error of the walk.
    const double groups = std::min(d_stretches, memory_stretches) * groups_per_stretch;
    const double lag_noise = 4.0 * 2.0 * noise * (1.0 + noise) / groups;
    const double slope_noise = lag_noise * w0 * carrier * carrier / spread;
    const double weight = slope * slope / (slope * slope + 0.25 * slope_noise);
    return static_cast<float>(std::exp(weight * std::log(measured) + (1.0 - weight) * std::log(prior)));
}

} // namespace xband::core
