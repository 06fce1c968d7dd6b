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

// Groups whose sums are taken together.
constexpr std::size_t sum_batch = 8;

struct symbol_rails {
    const float *on_re, *on_im, *half_re, *half_im;
};

XBAND_INLINE void square(const float* re, const float* im, vec16& square_re, vec16& square_im, vec16& power)
{
    vec16 x, y;
    load(x, re);
    load(y, im);
    const vec16 xx = x * x, yy = y * y;
    square_re = xx - yy;
    square_im = 2.0f * x * y;
    power = xx + yy;
}

/// Phasors of one group of symbols from the k-th on.
template <modulation kind>
XBAND_INLINE void group_phasors(const symbol_rails& s, std::size_t k, vec16& re, vec16& im)
{
    vec16 power;
    square(s.on_re + k, s.on_im + k, re, im, power);
    if constexpr (kind == modulation::qpsk) {
        const vec16 weight = -1.0f / (power + 1e-12f);
        const vec16 fourth_re = re * re - im * im, fourth_im = 2.0f * re * im;
        re = fourth_re * weight;
        im = fourth_im * weight;
    } else if constexpr (kind == modulation::oqpsk) {
        vec16 half_re, half_im;
        square(s.half_re + k, s.half_im + k, half_re, half_im, power);
        re = re - half_re;
        im = im - half_im;
    }
}

template <modulation kind>
XBAND_INLINE void sum_groups(const symbol_rails& s, std::size_t n_groups, std::complex<float>* sums)
{
    std::size_t g = 0;
    vec16 re, im;
    for (; g + sum_batch <= n_groups; g += sum_batch) {
        vec16 eights[sum_batch], all;
        for (std::size_t i = 0; i < sum_batch; ++i) {
            group_phasors<kind>(s, (g + i) * phasor_group, re, im);
            fold_to_eights(eights[i], re, im);
        }
        sum_eights(all, eights);
        store(reinterpret_cast<float*>(sums + g), all);
    }
    for (; g < n_groups; ++g) {
        group_phasors<kind>(s, g * phasor_group, re, im);
        sums[g] = { sum(re), sum(im) };
    }
}

XBAND_MULTIVERSION void sum_bpsk(const symbol_rails& s, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups<modulation::bpsk>(s, n_groups, sums);
}

XBAND_MULTIVERSION void sum_qpsk(const symbol_rails& s, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups<modulation::qpsk>(s, n_groups, sums);
}

XBAND_MULTIVERSION void sum_oqpsk(const symbol_rails& s, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups<modulation::oqpsk>(s, n_groups, sums);
}

// Where soft_sign() reaches its ends.
constexpr float soft_sign_reach = 1.8f;

/// tanh(soft_sign_reach * x) as far as a soft decision needs it: the cubic that reaches +-1 level, at +-1.
XBAND_INLINE void soft_sign(vec16& x)
{
    const vec16 one = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    x = x > one ? one : x;
    x = x < -one ? -one : x;
    x = x * (1.5f - 0.5f * (x * x));
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

XBAND_MULTIVERSION void derotate(const float* in_re,
                                 const float* in_im,
                                 std::size_t n_groups,
                                 const float* base_re,
                                 const float* base_im,
                                 const float* slope,
                                 float delay,
                                 float* out_re,
                                 float* out_im)
{
    for (std::size_t g = 0; g < n_groups; ++g) {
        vec16 x, y, turn_re, turn_im;
        load(x, in_re + g * phasor_group);
        load(y, in_im + g * phasor_group);
        group_turns(base_re[g], base_im[g], slope[g], delay, turn_re, turn_im);
        store(out_re + g * phasor_group, x * turn_re + y * turn_im);
        store(out_im + g * phasor_group, y * turn_re - x * turn_im);
    }
}

XBAND_MULTIVERSION void turn_back(const float* in_re,
                                  const float* in_im,
                                  std::size_t n_groups,
                                  const float* base_re,
                                  const float* base_im,
                                  float* out_re,
                                  float* out_im)
{
    for (std::size_t g = 0; g < n_groups; ++g) {
        vec16 x, y;
        load(x, in_re + g * phasor_group);
        load(y, in_im + g * phasor_group);
        store(out_re + g * phasor_group, x * base_re[g] + y * base_im[g]);
        store(out_im + g * phasor_group, y * base_re[g] - x * base_im[g]);
    }
}

/// Products of the symbols of one group with their decisions, which are taken on the symbols turned back by the base.
XBAND_INLINE void
decided_phasors(const symbol_rails& s, std::size_t k, float base_re, float base_im, float gain, vec16& re, vec16& im)
{
    vec16 on_i, on_q, half_i, half_q;
    load(on_i, s.on_re + k);
    load(on_q, s.on_im + k);
    load(half_i, s.half_re + k);
    load(half_q, s.half_im + k);
    const float scale = gain / soft_sign_reach, cosine = scale * base_re, sine = scale * base_im;
    vec16 a = on_i * cosine + on_q * sine, b = half_q * cosine - half_i * sine;
    soft_sign(a);
    soft_sign(b);
    // on * a + half * (-j b)
    re = on_i * a + half_q * b;
    im = on_q * a - half_i * b;
}

XBAND_MULTIVERSION void sum_decided(const symbol_rails& s,
                                    std::size_t n_groups,
                                    const float* base_re,
                                    const float* base_im,
                                    float gain,
                                    std::complex<float>* sums)
{
    std::size_t g = 0;
    vec16 re, im;
    for (; g + sum_batch <= n_groups; g += sum_batch) {
        vec16 eights[sum_batch], all;
        for (std::size_t i = 0; i < sum_batch; ++i) {
            decided_phasors(s, (g + i) * phasor_group, base_re[g + i], base_im[g + i], gain, re, im);
            fold_to_eights(eights[i], re, im);
        }
        sum_eights(all, eights);
        store(reinterpret_cast<float*>(sums + g), all);
    }
    for (; g < n_groups; ++g) {
        decided_phasors(s, g * phasor_group, base_re[g], base_im[g], gain, re, im);
        sums[g] = { sum(re), sum(im) };
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
    const symbol_rails rails{ on_re, on_im, half_re, half_im };
    switch (kind) {
    case modulation::bpsk:
        sum_bpsk(rails, n / phasor_group, sums);
        break;
    case modulation::qpsk:
        sum_qpsk(rails, n / phasor_group, sums);
        break;
    case modulation::oqpsk:
        sum_oqpsk(rails, n / phasor_group, sums);
        break;
    }
}

void angles(const std::complex<float>* phasors, std::size_t n, float* radians) { find_angles(phasors, n, radians); }

void derotate_groups(const float* in_re,
                     const float* in_im,
                     std::size_t n_groups,
                     const float* phase_rad,
                     const float* slope_rad,
                     float delay_symbols,
                     float* out_re,
                     float* out_im)
{
    float base_re[turn_batch], base_im[turn_batch];
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch), at = first * phasor_group;
        find_turns(phase_rad + first, n, base_re, base_im);
        derotate(
            in_re + at, in_im + at, n, base_re, base_im, slope_rad + first, delay_symbols, out_re + at, out_im + at);
    }
}

void turn_groups_back(
    const float* in_re, const float* in_im, std::size_t n_groups, const float* phase_rad, float* out_re, float* out_im)
{
    float base_re[turn_batch], base_im[turn_batch];
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch), at = first * phasor_group;
        find_turns(phase_rad + first, n, base_re, base_im);
        turn_back(in_re + at, in_im + at, n, base_re, base_im, out_re + at, out_im + at);
    }
}

void sum_soft_decisions(const float* on_re,
                        const float* on_im,
                        const float* half_re,
                        const float* half_im,
                        std::size_t n_groups,
                        const float* phase_rad,
                        float gain,
                        std::complex<float>* sums)
{
    float base_re[turn_batch], base_im[turn_batch];
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch), at = first * phasor_group;
        find_turns(phase_rad + first, n, base_re, base_im);
        sum_decided({ on_re + at, on_im + at, half_re + at, half_im + at }, n, base_re, base_im, gain, sums + first);
    }
}

} // namespace xband::core
