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

/// Where the samples of a symbol_buffer lie.
struct symbol_rails {
    float *on_re, *on_im, *half_re, *half_im;
};

/// Sums of the products that phasors(g, re, im) makes of each group.
template <typename Phasors>
XBAND_INLINE void sum_groups(const Phasors& phasors, std::size_t n_groups, std::complex<float>* sums)
{
    std::size_t g = 0;
    vec16 re, im;
    for (; g + sum_batch <= n_groups; g += sum_batch) {
        vec16 eights[sum_batch], all;
        for (std::size_t i = 0; i < sum_batch; ++i) {
            phasors(g + i, re, im);
            fold_to_eights(eights[i], re, im);
        }
        sum_eights(all, eights);
        store(reinterpret_cast<float*>(sums + g), all);
    }
    for (; g < n_groups; ++g) {
        phasors(g, re, im);
        sums[g] = { sum(re), sum(im) };
    }
}

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

/// Phasors free of the data, whatever the phase.
template <modulation kind>
struct free_phasors {
    const float *on_re, *on_im, *half_re, *half_im;

    XBAND_INLINE void operator()(std::size_t g, vec16& re, vec16& im) const
    {
        const std::size_t k = g * phasor_group;
        vec16 power;
        square(on_re + k, on_im + k, re, im, power);
        if constexpr (kind == modulation::qpsk) {
            const vec16 weight = -1.0f / (power + 1e-12f);
            const vec16 fourth_re = re * re - im * im, fourth_im = 2.0f * re * im;
            re = fourth_re * weight;
            im = fourth_im * weight;
        } else if constexpr (kind == modulation::oqpsk) {
            vec16 later_re, later_im;
            square(half_re + k, half_im + k, later_re, later_im, power);
            re = re - later_re;
            im = im - later_im;
        }
    }
};

XBAND_MULTIVERSION void
sum_bpsk(const free_phasors<modulation::bpsk>& phasors, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups(phasors, n_groups, sums);
}

XBAND_MULTIVERSION void
sum_qpsk(const free_phasors<modulation::qpsk>& phasors, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups(phasors, n_groups, sums);
}

XBAND_MULTIVERSION void
sum_oqpsk(const free_phasors<modulation::oqpsk>& phasors, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups(phasors, n_groups, sums);
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

/// cos and sin of the angles of a group's symbols against its middle: at 0.2 rad, which only a carrier that walks as 10 kHz of
/// linewidth at 15 Msym/s reaches, the first terms are right to 1e-4.
XBAND_INLINE void small_turns(float slope, vec16& c, vec16& s)
{
    const vec16 offset = { -7.5f, -6.5f, -5.5f, -4.5f, -3.5f, -2.5f, -1.5f, -0.5f,
                           0.5f,  1.5f,  2.5f,  3.5f,  4.5f,  5.5f,  6.5f,  7.5f };
    const vec16 a = offset * slope;
    const vec16 a2 = a * a;
    c = 1.0f - a2 * 0.5f;
    s = a * (1.0f - a2 * (1.0f / 6.0f));
}

/// Turns of a group's symbols: its middle's, the base, turned on by each symbol's angle against it.
XBAND_INLINE void group_turns(float base_re, float base_im, float slope, vec16& turn_re, vec16& turn_im)
{
    vec16 c, s;
    small_turns(slope, c, s);
    turn_re = base_re * c - base_im * s;
    turn_im = base_re * s + base_im * c;
}

XBAND_INLINE void turn_back(vec16& x, vec16& y, const vec16& turn_re, const vec16& turn_im)
{
    const vec16 re = x * turn_re + y * turn_im;
    y = y * turn_re - x * turn_im;
    x = re;
}

XBAND_MULTIVERSION void
derotate(float* re, float* im, std::size_t n_groups, const float* base_re, const float* base_im, const float* slope)
{
    for (std::size_t g = 0; g < n_groups; ++g) {
        vec16 x, y, turn_re, turn_im;
        load(x, re + g * phasor_group);
        load(y, im + g * phasor_group);
        group_turns(base_re[g], base_im[g], slope[g], turn_re, turn_im);
        turn_back(x, y, turn_re, turn_im);
        store(re + g * phasor_group, x);
        store(im + g * phasor_group, y);
    }
}

typedef int int16v __attribute__((vector_size(64)));
constexpr int sign_bit = static_cast<int>(0x80000000u);

/// x where y is positive, -x where it is negative.
XBAND_INLINE void take_sign(vec16& x, const vec16& y)
{
    x = reinterpret_cast<vec16>(reinterpret_cast<int16v>(x) ^ (reinterpret_cast<int16v>(y) & sign_bit));
}

XBAND_INLINE void magnitude(vec16& x) { x = reinterpret_cast<vec16>(reinterpret_cast<int16v>(x) & 0x7fffffff); }

/// Derotates both instants of each symbol, in place: on * sign(Re on) - j half * sign(Im half).
struct signed_phasors {
    symbol_rails rails;
    const float *base_re, *base_im, *slope;

    XBAND_INLINE void operator()(std::size_t g, vec16& re, vec16& im) const
    {
        const std::size_t k = g * phasor_group;
        vec16 on_i, on_q, half_i, half_q, turn_re, turn_im;
        load(on_i, rails.on_re + k);
        load(on_q, rails.on_im + k);
        load(half_i, rails.half_re + k);
        load(half_q, rails.half_im + k);
        group_turns(base_re[g], base_im[g], slope[g], turn_re, turn_im);
        turn_back(on_i, on_q, turn_re, turn_im);
        const float ahead = 0.5f * slope[g]; // over half a symbol: so small that it is its own sine, and its cosine 1
        const vec16 half_turn_re = turn_re - ahead * turn_im, half_turn_im = turn_im + ahead * turn_re;
        turn_back(half_i, half_q, half_turn_re, half_turn_im);
        store(rails.on_re + k, on_i);
        store(rails.on_im + k, on_q);
        store(rails.half_re + k, half_i);
        store(rails.half_im + k, half_q);
        take_sign(on_q, on_i);
        take_sign(half_i, half_q);
        magnitude(on_i);
        magnitude(half_q);
        re = on_i + half_q;
        im = on_q - half_i;
    }
};

XBAND_MULTIVERSION void sum_signed(const signed_phasors& phasors, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups(phasors, n_groups, sums);
}

// Where a soft decision reaches its ends: it is the cubic that reaches +-1 level, at +-1, of 1 / decision_reach of its input,
// within 0.06 of the hyperbolic tangent.
constexpr float decision_reach = 1.8f;

/// Twice the soft decision. \param x over decision_reach
XBAND_INLINE void decide_twice(vec16& x)
{
    // Cut to -1 .. 1: magnitudes of floats are in the order of their bits.
    constexpr int one = 0x3f800000;
    const int16v bits = reinterpret_cast<int16v>(x), size = bits & 0x7fffffff;
    x = reinterpret_cast<vec16>((size < one ? size : int16v{} + one) | (bits & sign_bit));
    x = x * (3.0f - x * x);
}

/// on * a + half * (-j b) with the decisions a of Re on and b of Im half, both turned back by the base.
struct decided_phasors {
    const float *on_re, *on_im, *half_re, *half_im;
    const float *base_re, *base_im;
    float scale;

    XBAND_INLINE void operator()(std::size_t g, vec16& re, vec16& im) const
    {
        const std::size_t k = g * phasor_group;
        vec16 on_i, on_q, half_i, half_q;
        load(on_i, on_re + k);
        load(on_q, on_im + k);
        load(half_i, half_re + k);
        load(half_q, half_im + k);
        const float cosine = scale * base_re[g], sine = scale * base_im[g];
        vec16 a = on_i * cosine + on_q * sine, b = half_q * cosine - half_i * sine;
        decide_twice(a);
        decide_twice(b);
        re = on_i * a + half_q * b;
        im = on_q * a - half_i * b;
    }
};

XBAND_MULTIVERSION void sum_decided(const decided_phasors& phasors, std::size_t n_groups, std::complex<float>* sums)
{
    sum_groups(phasors, n_groups, sums);
}

XBAND_MULTIVERSION void turn_rails_back(
    const symbol_rails& rails, std::size_t n_groups, std::size_t n_whole, const float* base_re, const float* base_im)
{
    for (std::size_t g = 0; g < n_groups; ++g) {
        const std::size_t k = g * phasor_group;
        vec16 on_i, on_q, half_i, half_q;
        load(on_i, rails.on_re + k);
        load(on_q, rails.on_im + k);
        load(half_i, rails.half_re + k);
        load(half_q, rails.half_im + k);
        store(rails.on_re + k, on_i * base_re[g] + on_q * base_im[g]);
        store(rails.half_im + k, half_q * base_re[g] - half_i * base_im[g]);
        if (g < n_whole) {
            store(rails.on_im + k, on_q * base_re[g] - on_i * base_im[g]);
            store(rails.half_re + k, half_i * base_re[g] + half_q * base_im[g]);
        }
    }
}

symbol_rails rails_at(symbol_buffer& symbols, std::size_t at)
{
    return { &symbols.on_re[at], &symbols.on_im[at], &symbols.half_re[at], &symbols.half_im[at] };
}

} // namespace

void sum_phasors(modulation kind, const symbol_buffer& symbols, std::complex<float>* sums)
{
    const std::size_t n_groups = symbols.size() / phasor_group;
    const float *on_re = symbols.on_re.data(), *on_im = symbols.on_im.data();
    const float *half_re = symbols.half_re.data(), *half_im = symbols.half_im.data();
    switch (kind) {
    case modulation::bpsk:
        sum_bpsk({ on_re, on_im, half_re, half_im }, n_groups, sums);
        break;
    case modulation::qpsk:
        sum_qpsk({ on_re, on_im, half_re, half_im }, n_groups, sums);
        break;
    case modulation::oqpsk:
        sum_oqpsk({ on_re, on_im, half_re, half_im }, n_groups, sums);
        break;
    }
}

void angles(const std::complex<float>* phasors, std::size_t n, float* radians) { find_angles(phasors, n, radians); }

void derotate_groups(
    float* re, float* im, std::size_t n_groups, const float* phase_rad, const float* slope_rad, float delay_symbols)
{
    float delayed_rad[turn_batch], base_re[turn_batch], base_im[turn_batch];
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch), at = first * phasor_group;
        for (std::size_t k = 0; k < n; ++k)
            delayed_rad[k] = phase_rad[first + k] + delay_symbols * slope_rad[first + k];
        find_turns(delayed_rad, n, base_re, base_im);
        derotate(re + at, im + at, n, base_re, base_im, slope_rad + first);
    }
}

void derotate_and_decide(symbol_buffer& symbols,
                         const float* phase_rad,
                         const float* slope_rad,
                         std::complex<float>* sums)
{
    float base_re[turn_batch], base_im[turn_batch];
    const std::size_t n_groups = symbols.size() / phasor_group;
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch);
        find_turns(phase_rad + first, n, base_re, base_im);
        const symbol_rails rails = rails_at(symbols, first * phasor_group);
        sum_signed({ rails, base_re, base_im, slope_rad + first }, n, sums + first);
    }
}

void sum_soft_decisions(const symbol_buffer& symbols, const float* phase_rad, float gain, std::complex<float>* sums)
{
    float base_re[turn_batch], base_im[turn_batch];
    const std::size_t n_groups = symbols.size() / phasor_group;
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch), at = first * phasor_group;
        find_turns(phase_rad + first, n, base_re, base_im);
        sum_decided({ &symbols.on_re[at],
                      &symbols.on_im[at],
                      &symbols.half_re[at],
                      &symbols.half_im[at],
                      base_re,
                      base_im,
                      gain / decision_reach },
                    n,
                    sums + first);
    }
}

void turn_groups_back(symbol_buffer& symbols, std::size_t n_groups, std::size_t n_whole, const float* phase_rad)
{
    float base_re[turn_batch], base_im[turn_batch];
    for (std::size_t first = 0; first < n_groups; first += turn_batch) {
        const std::size_t n = std::min(n_groups - first, turn_batch);
        find_turns(phase_rad + first, n, base_re, base_im);
        const std::size_t whole = n_whole > first ? std::min(n_whole - first, n) : 0;
        turn_rails_back(rails_at(symbols, first * phasor_group), n, whole, base_re, base_im);
    }
}

} // namespace xband::core
