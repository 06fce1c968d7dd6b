// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/symbol_sampler.h"

#include "base/multiversion.h"
#include "base/vec16.h"
#include "dsp/rrc.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

// Positions are 32.32 fixed point: exact steps, one shift for the sample and one for the arm.
constexpr double fixed_one = 4294967296.0;
constexpr unsigned arm_shift = 32 - 6;
static_assert(symbol_sampler::arms == 1u << 6);

/// What sample_points() works through.
struct cursor {
    const float* samples;
    std::uint64_t position, step;
    const float* rows;
    std::size_t row_floats;
};

/// Products of samples and taps at the next position, summed down to four pairs. Half vectors, for an unaligned load of a
/// whole one would nearly always straddle two cache lines. \tparam known_row_floats 0: as c says.
template <std::size_t known_row_floats>
XBAND_INLINE void filter_one(vec8& eight, cursor& c)
{
    const std::size_t row_floats = known_row_floats != 0 ? known_row_floats : c.row_floats;
    const float* x = c.samples + 2 * (c.position >> 32);
    const float* row = c.rows + ((c.position & 0xffffffffu) >> arm_shift) * row_floats;
    vec8 a, b, low, high;
    load(a, x);
    load(b, row);
    low = a * b;
    load(a, x + 8);
    load(b, row + 8);
    high = a * b;
    for (std::size_t k = 16; k < row_floats; k += 16) {
        load(a, x + k);
        load(b, row + k);
        low += a * b;
        load(a, x + k + 8);
        load(b, row + k + 8);
        high += a * b;
    }
    eight = low + high;
    c.position += c.step;
}

template <std::size_t known_row_floats>
XBAND_INLINE void filter_four(vec16& fours, cursor& c)
{
    vec8 a, b, d, e;
    filter_one<known_row_floats>(a, c);
    filter_one<known_row_floats>(b, c);
    filter_one<known_row_floats>(d, c);
    filter_one<known_row_floats>(e, c);
    fold_to_fours(fours, a, b, d, e);
}

template <std::size_t known_row_floats>
XBAND_INLINE void filter_points(cursor& c, std::size_t n, float* re, float* im)
{
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        vec16 a, b, first, second;
        filter_four<known_row_floats>(a, c);
        filter_four<known_row_floats>(b, c);
        fold_to_pairs(first, a, b);
        filter_four<known_row_floats>(a, c);
        filter_four<known_row_floats>(b, c);
        fold_to_pairs(second, a, b);
        split_pairs(a, b, first, second);
        store(re + i, a);
        store(im + i, b);
    }
    for (; i < n; ++i) {
        vec8 eight;
        filter_one<known_row_floats>(eight, c);
        sum_pairs(eight, re[i], im[i]);
    }
}

XBAND_MULTIVERSION void sample_points(const cursor& from, std::size_t n, float* re, float* im)
{
    cursor c = from;
    if (c.row_floats == 32) // 1.8 to 2.6 samples a symbol
        filter_points<32>(c, n, re, im);
    else
        filter_points<0>(c, n, re, im);
}

} // namespace

symbol_sampler::symbol_sampler(double samples_per_symbol, double rolloff)
{
    if (!(samples_per_symbol >= 1.2 && samples_per_symbol <= 64.0))
        throw std::invalid_argument("samples_per_symbol " + std::to_string(samples_per_symbol) +
                                    " is not in 1.2 .. 64");
    if (!(rolloff >= 0.05 && rolloff <= 1.0))
        throw std::invalid_argument("rolloff " + std::to_string(rolloff) + " is not in 0.05 .. 1");
    // Taps come in eights, one vector of 16 floats each: as many as the longest span holds, but for the shortest filters.
    const auto eights = static_cast<std::size_t>(2.0 * longest_span_symbols * samples_per_symbol) / 8;
    const std::size_t taps = 8 * std::max<std::size_t>(eights, 2);
    const std::size_t half = taps / 2;
    d_row_floats = 2 * taps;
    d_reach = half;
    d_rows.assign(std::size_t{ arms } * d_row_floats, 0.0f);
    for (unsigned arm = 0; arm < arms; ++arm) {
        // sample() has added half an arm, so arm a stands for the instants around a / arms.
        const double fraction = static_cast<double>(arm) / arms;
        for (std::size_t tap = 0; tap < taps; ++tap) {
            const double t = (static_cast<double>(tap) - static_cast<double>(half - 1) - fraction) / samples_per_symbol;
            const double h = rrc_pulse(t, rolloff) / samples_per_symbol;
            float* row = &d_rows[arm * d_row_floats + 2 * tap];
            row[0] = row[1] = static_cast<float>(h);
        }
    }
}

void symbol_sampler::sample(const float* samples, double first, double step, std::size_t n, float* re, float* im) const
{
    const double begin = first - static_cast<double>(d_reach - 1) + 0.5 / arms;
    const cursor from{ samples,
                       static_cast<std::uint64_t>(begin * fixed_one),
                       static_cast<std::uint64_t>(step * fixed_one),
                       d_rows.data(),
                       d_row_floats };
    sample_points(from, n, re, im);
}

} // namespace xband::core
