// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/band_decimator.h"

#include "base/multiversion.h"
#include "base/vec16.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

using std::numbers::pi;

constexpr std::size_t taps_per_vector = 8;

/// Modified Bessel function of the first kind, order 0, by its power series.
double bessel_i0(double x)
{
    double term = 1.0, total = 1.0;
    for (int k = 1; term > 1e-16 * total; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        total += term;
    }
    return total;
}

XBAND_INLINE vec4 halves_added(const vec16& v)
{
    const vec8 eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                       __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
}

/// Sums of all lanes of four vectors at one go: a third of what four single sums take.
XBAND_INLINE void store_sums(float* out, const vec16& a, const vec16& b, const vec16& c, const vec16& d)
{
    const vec4 a4 = halves_added(a), b4 = halves_added(b), c4 = halves_added(c), d4 = halves_added(d);
    const vec4 ab = __builtin_shufflevector(a4, b4, 0, 4, 1, 5) + __builtin_shufflevector(a4, b4, 2, 6, 3, 7);
    const vec4 cd = __builtin_shufflevector(c4, d4, 0, 4, 1, 5) + __builtin_shufflevector(c4, d4, 2, 6, 3, 7);
    const vec4 sums = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    std::memcpy(out, &sums, sizeof sums);
}

XBAND_MULTIVERSION void decimate(const float* x,
                                 std::size_t stride,
                                 std::size_t n,
                                 const float* to_re,
                                 const float* to_im,
                                 std::size_t floats,
                                 float* out)
{
    // Two outputs share each load of the weights.
    std::size_t i = 0;
    for (; i + 2 <= n; i += 2, x += 2 * stride) {
        vec16 re0{}, im0{}, re1{}, im1{};
        for (std::size_t k = 0; k < floats; k += 16) {
            vec16 a, b, s0, s1;
            load(a, to_re + k);
            load(b, to_im + k);
            load(s0, x + k);
            load(s1, x + stride + k);
            re0 += a * s0;
            im0 += b * s0;
            re1 += a * s1;
            im1 += b * s1;
        }
        store_sums(out + 2 * i, re0, im0, re1, im1);
    }
    if (i == n)
        return;
    vec16 re{}, im{};
    for (std::size_t k = 0; k < floats; k += 16) {
        vec16 a, b, s;
        load(a, to_re + k);
        load(b, to_im + k);
        load(s, x + k);
        re += a * s;
        im += b * s;
    }
    float last[4];
    store_sums(last, re, im, re, im);
    out[2 * i] = last[0];
    out[2 * i + 1] = last[1];
}

} // namespace

band_decimator::band_decimator(unsigned factor, double pass_cps) : d_factor(factor)
{
    const double rate_cps = 1.0 / factor;
    const double transition_cps = rate_cps - 2.0 * pass_cps;
    if (factor < 2 || !(pass_cps > 0.0) || transition_cps < 0.1 * rate_cps)
        throw std::invalid_argument("decimation by " + std::to_string(factor) + " leaves no room beside a band of +-" +
                                    std::to_string(pass_cps) + " cycles per sample");
    // Kaiser's window and his formulas for its length and shape (J. F. Kaiser, 1974). The cut is in the transition's middle.
    const double length = (attenuation_db - 7.95) / (14.36 * transition_cps);
    const double shape = 0.1102 * (attenuation_db - 8.7);
    d_reach = static_cast<std::size_t>(std::ceil(length / 2.0));
    const double cut_cps = rate_cps / 2.0;
    const std::size_t taps = 2 * d_reach + 1;
    d_pulse.resize(taps);
    double total = 0.0;
    const auto value = [&](std::size_t tap) {
        const double t = static_cast<double>(tap) - static_cast<double>(d_reach);
        const double place = t / static_cast<double>(d_reach + 1);
        const double sinc = t == 0.0 ? 2.0 * cut_cps : std::sin(2.0 * pi * cut_cps * t) / (pi * t);
        return sinc * bessel_i0(shape * std::sqrt(1.0 - place * place)) / bessel_i0(shape);
    };
    for (std::size_t tap = 0; tap < taps; ++tap)
        total += value(tap);
    for (std::size_t tap = 0; tap < taps; ++tap)
        d_pulse[tap] = static_cast<float>(value(tap) / total);
    const std::size_t padded = (taps + taps_per_vector - 1) / taps_per_vector * taps_per_vector;
    d_to_re.assign(2 * padded, 0.0f);
    d_to_im.assign(2 * padded, 0.0f);
    tune(0.0);
}

void band_decimator::tune(double centre_cps)
{
    d_centre_cps = centre_cps;
    for (std::size_t tap = 0; tap < d_pulse.size(); ++tap) {
        const double cycles = centre_cps * (static_cast<double>(tap) - static_cast<double>(d_reach));
        const double turn = 2.0 * pi * (cycles - std::floor(cycles));
        const auto re = static_cast<float>(d_pulse[tap] * std::cos(turn));
        const auto im = static_cast<float>(-d_pulse[tap] * std::sin(turn));
        d_to_re[2 * tap] = re;
        d_to_re[2 * tap + 1] = -im;
        d_to_im[2 * tap] = im;
        d_to_im[2 * tap + 1] = re;
    }
}

void band_decimator::process(const float* samples, std::size_t n, float* out) const
{
    decimate(samples, 2 * d_factor, n, d_to_re.data(), d_to_im.data(), d_to_re.size(), out);
}

unsigned decimation_factor(double samples_per_symbol, double rolloff)
{
    // Below that the filter's transition gets so short that its length costs more than the samples it saves.
    const double fewest = std::max(2.2, 1.7 + rolloff);
    return static_cast<unsigned>(std::max(std::floor(samples_per_symbol / fewest), 1.0));
}

unsigned tracking_decimation(double samples_per_symbol)
{
    // By measurement (docs/kernels-frontend.md): both ways are as fast at 16 samples a symbol; more or less than 4 to 5 samples
    // left is slower. The matched filter's own stop band is 45 to 60 dB down a symbol rate beside the signal.
    constexpr double most_undecimated = 16.0, fewest = 4.5;
    return samples_per_symbol <= most_undecimated ? 1 : static_cast<unsigned>(samples_per_symbol / fewest);
}

double band_half_width_cps(double samples_per_symbol, double rolloff)
{
    return ((1.0 + rolloff) / 2.0 + band_room_norm) / samples_per_symbol;
}

} // namespace xband::core
