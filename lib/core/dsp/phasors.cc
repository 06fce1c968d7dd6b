// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/phasors.h"

#include "base/multiversion.h"
#include "base/vec16.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

static_assert(phasor_group == 16, "one vec16 holds a group");

// Groups whose middles are turned into cosines and sines at one go.
static constexpr std::size_t turn_batch = 64;

namespace {

XBAND_MULTIVERSION void sum_bpsk(const float* re, const float* im, std::size_t n, std::complex<float>* sums)
{
    for (std::size_t k = 0; k < n; k += phasor_group) {
        vec16 x, y;
        load(x, re + k);
        load(y, im + k);
        sums[k / phasor_group] = { sum(x * x - y * y), sum(2.0f * x * y) };
    }
}

XBAND_MULTIVERSION void sum_qpsk(const float* re, const float* im, std::size_t n, std::complex<float>* sums)
{
    for (std::size_t k = 0; k < n; k += phasor_group) {
        vec16 x, y;
        load(x, re + k);
        load(y, im + k);
        const vec16 square_re = x * x - y * y, square_im = 2.0f * x * y;
        const vec16 weight = -1.0f / (x * x + y * y + 1e-12f);
        const vec16 fourth_re = square_re * square_re - square_im * square_im;
        const vec16 fourth_im = 2.0f * square_re * square_im;
        sums[k / phasor_group] = { sum(fourth_re * weight), sum(fourth_im * weight) };
    }
}

XBAND_MULTIVERSION void sum_oqpsk(const float* on_re,
                                  const float* on_im,
                                  const float* half_re,
                                  const float* half_im,
                                  std::size_t n,
                                  std::complex<float>* sums)
{
    for (std::size_t k = 0; k < n; k += phasor_group) {
        vec16 x, y, u, v;
        load(x, on_re + k);
        load(y, on_im + k);
        load(u, half_re + k);
        load(v, half_im + k);
        sums[k / phasor_group] = { sum((x * x - y * y) - (u * u - v * v)), sum(2.0f * x * y - 2.0f * u * v) };
    }
}

/// tanh by the rational x (27 + x^2) / (27 + 9 x^2), clipped at +-3 where it reaches 1: a soft decision needs no more.
XBAND_INLINE void soft_sign(vec16& x)
{
    const vec16 limit = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 };
    x = x > limit ? limit : x;
    x = x < -limit ? -limit : x;
    const vec16 square = x * x;
    x = x * (27.0f + square) / (27.0f + 9.0f * square);
}

XBAND_MULTIVERSION void find_angles(const std::complex<float>* phasors, std::size_t n, float* radians)
{
    constexpr float half_pi = 1.57079633f, pi = 3.14159265f;
    const float* x = reinterpret_cast<const float*>(phasors);
    for (std::size_t k = 0; k < n; ++k) {
        const float re = x[2 * k], im = x[2 * k + 1];
        const float width = std::fabs(re), height = std::fabs(im);
        const float small = width < height ? width : height, large = width < height ? height : width;
        const float t = small / (large + 1e-30f), t2 = t * t;
        // Arc tangent on 0 .. 1: odd polynomial, least largest error (Abramowitz and Stegun, 4.4.47).
        float angle = t * (0.9998660f + t2 * (-0.3302995f + t2 * (0.1801410f + t2 * (-0.0851330f + t2 * 0.0208351f))));
        angle = width < height ? half_pi - angle : angle;
        angle = re < 0.0f ? pi - angle : angle;
        radians[k] = im < 0.0f ? -angle : angle;
    }
}

/// cos and sin: the angle is brought to +-pi, quartered, put into the series, and the double angle taken twice.
XBAND_MULTIVERSION void find_turns(const float* radians, std::size_t n, float* cosines, float* sines)
{
    constexpr float two_pi = 6.28318531f, rounder = 12582912.0f; // 1.5 x 2^23: adding it rounds to whole numbers
    for (std::size_t k = 0; k < n; ++k) {
        const float turns = (radians[k] * (1.0f / two_pi) + rounder) - rounder;
        const float x = 0.25f * (radians[k] - turns * two_pi), x2 = x * x;
        float c = 1.0f + x2 * (-0.5f + x2 * (1.0f / 24.0f + x2 * (-1.0f / 720.0f + x2 * (1.0f / 40320.0f))));
        float s = x * (1.0f + x2 * (-1.0f / 6.0f + x2 * (1.0f / 120.0f - x2 * (1.0f / 5040.0f))));
        for (int doubling = 0; doubling < 2; ++doubling) {
            const float doubled = 2.0f * s * c;
            c = c * c - s * s;
            s = doubled;
        }
        cosines[k] = c;
        sines[k] = s;
    }
}

/// Phasors of the symbols of one group: its middle's, turned on by the slope. The angle from the middle is small: the series alone.
XBAND_INLINE void group_turns(float base_re, float base_im, float slope, float delay, vec16& re, vec16& im)
{
    const vec16 offset = { -7.5f, -6.5f, -5.5f, -4.5f, -3.5f, -2.5f, -1.5f, -0.5f,
                           0.5f,  1.5f,  2.5f,  3.5f,  4.5f,  5.5f,  6.5f,  7.5f };
    const vec16 a = (offset + delay) * slope;
    const vec16 a2 = a * a;
    const vec16 c = 1.0f + a2 * (-0.5f + a2 * (1.0f / 24.0f - a2 * (1.0f / 720.0f)));
    const vec16 s = a * (1.0f + a2 * (-1.0f / 6.0f + a2 * (1.0f / 120.0f - a2 * (1.0f / 5040.0f))));
    re = base_re * c - base_im * s;
    im = base_re * s + base_im * c;
}

XBAND_MULTIVERSION void derotate(float* re,
                                 float* im,
                                 std::size_t n_groups,
                                 const float* base_re,
                                 const float* base_im,
                                 const float* slope,
                                 float delay)
{
    for (std::size_t g = 0; g < n_groups; ++g) {
        vec16 x, y, turn_re, turn_im;
        load(x, re + g * phasor_group);
        load(y, im + g * phasor_group);
        group_turns(base_re[g], base_im[g], slope[g], delay, turn_re, turn_im);
        store(re + g * phasor_group, x * turn_re + y * turn_im);
        store(im + g * phasor_group, y * turn_re - x * turn_im);
    }
}

XBAND_MULTIVERSION void sum_decided(const float* on_re,
                                    const float* on_im,
                                    const float* half_re,
                                    const float* half_im,
                                    std::size_t n_groups,
                                    const float* base_re,
                                    const float* base_im,
                                    const float* slope,
                                    float gain,
                                    std::complex<float>* sums)
{
    for (std::size_t g = 0; g < n_groups; ++g) {
        const std::size_t k = g * phasor_group;
        vec16 x, y, turn_re, turn_im;
        load(x, on_re + k);
        load(y, on_im + k);
        group_turns(base_re[g], base_im[g], slope[g], 0.0f, turn_re, turn_im);
        const vec16 on_i = x * turn_re + y * turn_im, on_q = y * turn_re - x * turn_im;
        load(x, half_re + k);
        load(y, half_im + k);
        group_turns(base_re[g], base_im[g], slope[g], 0.5f, turn_re, turn_im);
        const vec16 half_i = x * turn_re + y * turn_im, half_q = y * turn_re - x * turn_im;
        vec16 a = gain * on_i, b = gain * half_q;
        soft_sign(a);
        soft_sign(b);
        // on * a + half * (-j b)
        sums[g] = { sum(on_i * a + half_q * b), sum(on_q * a - half_i * b) };
    }
}

} // namespace

void sum_phasors(modulation kind,
                 const float* on_re,
                 const float* on_im,
                 const float* half_re,
                 const float* half_im,
                 std::size_t n,
                 std::complex<float>* sums)
{
    switch (kind) {
    case modulation::bpsk:
        sum_bpsk(on_re, on_im, n, sums);
        break;
    case modulation::qpsk:
        sum_qpsk(on_re, on_im, n, sums);
        break;
    case modulation::oqpsk:
        sum_oqpsk(on_re, on_im, half_re, half_im, n, sums);
        break;
    }
}

void angles(const std::complex<float>* phasors, std::size_t n, float* radians) { find_angles(phasors, n, radians); }

void derotate_groups(
    float* re, float* im, std::size_t n_groups, const float* phase_rad, const float* slope_rad, float delay_symbols)
{
    float base_re[turn_batch], base_im[turn_batch];
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch);
        find_turns(phase_rad + first, n, base_re, base_im);
        const std::size_t at = first * phasor_group;
        derotate(re + at, im + at, n, base_re, base_im, slope_rad + first, delay_symbols);
    }
}

void sum_soft_decisions(const float* on_re,
                        const float* on_im,
                        const float* half_re,
                        const float* half_im,
                        std::size_t n_groups,
                        const float* phase_rad,
                        const float* slope_rad,
                        float gain,
                        std::complex<float>* sums)
{
    float base_re[turn_batch], base_im[turn_batch];
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch), at = first * phasor_group;
        find_turns(phase_rad + first, n, base_re, base_im);
        sum_decided(on_re + at,
                    on_im + at,
                    half_re + at,
                    half_im + at,
                    n,
                    base_re,
                    base_im,
                    slope_rad + first,
                    gain,
                    sums + first);
    }
}

} // namespace xband::core
