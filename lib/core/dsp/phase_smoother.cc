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

constexpr std::size_t batch = 8; // complex values in a vec16

/// A complex constant, to multiply interleaved values with.
struct factor {
    vec16 re, im;
};

XBAND_INLINE void spread(factor& f, std::complex<float> value)
{
    const float a = value.real(), b = value.imag();
    f.re = vec16{} + a;
    f.im = vec16{ -b, b, -b, b, -b, b, -b, b, -b, b, -b, b, -b, b, -b, b };
}

/// sum += x * f
XBAND_INLINE void add_product(vec16& sum, const vec16& x, const factor& f)
{
    sum += x * f.re + __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14) * f.im;
}

/// y[i] = x[i] + step * y[i - 1], a batch at a time: values that are 1, 2 and 4 apart are added in turn, then what came before.
/// \tparam is_forward false: y[i + 1] in place of y[i - 1]
template <bool is_forward>
class recursion
{
public:
    recursion(std::complex<float> before, std::complex<float> step)
    {
        const std::complex<float> step_2 = multiply(step, step);
        spread(d_step, step);
        spread(d_step_2, step_2);
        spread(d_step_4, multiply(step_2, step_2));
        std::complex<float> power = 1.0f;
        for (std::size_t i = 0; i < batch; ++i) {
            power = multiply(power, step);
            const std::size_t at = 2 * (is_forward ? i : batch - 1 - i);
            d_powers[at] = power.real();
            d_powers[at + 1] = power.imag();
            d_turned_powers[at] = -power.imag();
            d_turned_powers[at + 1] = power.real();
        }
        d_before_re = vec16{} + before.real();
        d_before_im = vec16{} + before.imag();
    }

    /// \param v the x, then the y of the next batch
    XBAND_INLINE void step(vec16& v)
    {
        const vec16 zero{};
        if constexpr (is_forward) {
            add_product(
                v, __builtin_shufflevector(v, zero, 16, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), d_step);
            add_product(
                v, __builtin_shufflevector(v, zero, 16, 16, 16, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), d_step_2);
            add_product(
                v, __builtin_shufflevector(v, zero, 16, 16, 16, 16, 16, 16, 16, 16, 0, 1, 2, 3, 4, 5, 6, 7), d_step_4);
        } else {
            add_product(
                v, __builtin_shufflevector(v, zero, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16), d_step);
            add_product(v,
                        __builtin_shufflevector(v, zero, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16),
                        d_step_2);
            add_product(v,
                        __builtin_shufflevector(v, zero, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 16),
                        d_step_4);
        }
        v += d_before_re * d_powers + d_before_im * d_turned_powers;
        constexpr int re = is_forward ? 14 : 0, im = re + 1;
        d_before_re = __builtin_shufflevector(v, v, re, re, re, re, re, re, re, re, re, re, re, re, re, re, re, re);
        d_before_im = __builtin_shufflevector(v, v, im, im, im, im, im, im, im, im, im, im, im, im, im, im, im, im);
    }
    std::complex<float> last() const { return { d_before_re[0], d_before_im[0] }; }

private:
    factor d_step, d_step_2, d_step_4;
    vec16 d_powers, d_turned_powers; ///< of the step, as far as each value is from the batch before; the same times j
    vec16 d_before_re, d_before_im;
};

/// out[i]: sum of x[i + k] weighted by step^|k|, conjugate for k > 0. \param before such a sum over what came before x[0]
XBAND_MULTIVERSION void sum_both_ways(const std::complex<float>* x,
                                      std::size_t n,
                                      std::complex<float> before,
                                      std::complex<float> step,
                                      std::complex<float>* out,
                                      std::complex<float>* backward)
{
    const std::size_t whole = n / batch * batch;
    std::complex<float> after{};
    for (std::size_t i = n; i-- > whole;)
        backward[i] = after = multiply(after, std::conj(step)) + x[i];
    recursion<true> forward_sum(before, step);
    recursion<false> backward_sum(after, std::conj(step));
    // Each recursion waits for its own last step; side by side they wait together.
    for (std::size_t i = 0; i < whole; i += batch) {
        const std::size_t at = whole - batch - i;
        vec16 v, w;
        load(v, reinterpret_cast<const float*>(x + i));
        load(w, reinterpret_cast<const float*>(x + at));
        forward_sum.step(v);
        backward_sum.step(w);
        store(reinterpret_cast<float*>(out + i), v);
        store(reinterpret_cast<float*>(backward + at), w);
    }
    std::complex<float> forward = forward_sum.last();
    for (std::size_t i = whole; i < n; ++i)
        out[i] = forward = multiply(forward, step) + x[i];
}

/// out[i] += backward[i] - x[i]: x itself is in both.
XBAND_MULTIVERSION void add_sums(const float* backward, const float* x, std::size_t n, float* out)
{
    for (std::size_t i = 0; i < n; ++i)
        out[i] += backward[i] - x[i];
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
    const std::size_t n = sums.size();
    const std::complex<float> step = std::polar(std::exp(-alpha_per_group), step_rad);
    d_backward.resize(n);
    sum_both_ways(sums.data(), n, d_forward, step, out, d_backward.data());
    d_forward = out[n_new - 1];
    add_sums(reinterpret_cast<const float*>(d_backward.data()),
             reinterpret_cast<const float*>(sums.data()),
             2 * n,
             reinterpret_cast<float*>(out));
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
    d_alpha_per_group = find_alpha();
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

float phase_meter::find_alpha() const
{
    // Limits of alpha per symbol; the lower one bridges 2000 symbols, more than any oscillator in use allows.
    constexpr double least = 5e-4 * phasor_group, most = 0.5 * phasor_group;
    constexpr double prior = prior_alpha_per_group;
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
        return prior_alpha_per_group;
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
