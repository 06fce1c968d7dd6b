// SPDX-License-Identifier: GPL-3.0-or-later
// The trellis with known bits: what decoding and the measure of certainty share, each as a scalar specification and with the
// states side by side.
//
// Metrics are correlations, 16 bits wide, and never overflow. For any input:
// - A state can be reached from any other in 6 stages, which carry 12 symbols and at most 6 tolls. A symbol makes a
//   difference of 256 at most, so all metrics lie within 12 * 256 + 6 * 1000 = 9072 of each other.
// - Pins can always be obeyed, so the best metric changes by at most 256 a stage.
// - Every 8 stages the metric of state 0 is taken from all.
// So they stay within 9072 + 9 * 256 = 11376 of zero, 1000 beyond it while a toll is being paid, and the sum of two such fits as well.
#pragma once
#include "base/vec16.h"
#include "fec/conv_code.h"
#include "fec/viterbi_pinned.h"

#include <array>
#include <cstring>

namespace xband::core::viterbi_pinned_kernels {

using conv_k7::n_states;

struct job {
    std::span<const soft_bit> soft;
    std::span<const pin> pins;
    pin_meaning meaning;
};

/// Fills the decisions of each stage. The specification: one state after another.
/// \returns the best last state, the lowest of equals.
unsigned run_ref(const job& stretch, viterbi_pinned::stage_decisions* decisions);
/// The same with the states side by side.
unsigned run_simd(const job& stretch, viterbi_pinned::stage_decisions* decisions);

/// What a new bit of 1 or 0 says of a pin: the bit itself, or the change to it from the bit before. \param state the last 6
/// bits, newest lowest.
constexpr bool meant_by(unsigned state, pin_meaning meaning)
{
    return ((meaning == pin_meaning::bits ? state : state ^ state >> 1) & 1) != 0;
}

/// True if going to `state` contradicts a pin.
constexpr bool contradicts(unsigned state, pin known, pin_meaning meaning)
{
    return known != pin::open && meant_by(state, meaning) != (known == pin::one);
}

/// Correlation of a soft pair with what the branch from a state with a new bit sends.
constexpr int gain(const soft_bit* pair, unsigned from, unsigned bit)
{
    const unsigned sent = conv_k7::symbols(from << 1 | bit);
    return ((sent & 2) != 0 ? -pair[0] : pair[0]) + ((sent & 1) != 0 ? -pair[1] : pair[1]);
}

// ---- States side by side: eight 16-bit metrics in a vector, which every target has

typedef std::int16_t row __attribute__((vector_size(16)));

constexpr unsigned row_states = 8;
constexpr unsigned n_rows = n_states / row_states;
constexpr std::size_t rescale_stages = 8;

// State s and state s + 32 both lead to 2 s and 2 s + 1: rows i and i + 4 meet, and their results interleaved are rows 2 i
// and 2 i + 1.

/// +1 where the branch from a state below 32 with a new bit of 0 sends symbol 0, -1 where 1, for both symbols.
/// Other branches: the partner state's symbols are complementary, and so are those of a new bit of 1.
constexpr auto branch_signs = [] {
    std::array<std::array<std::array<std::int16_t, row_states>, n_rows / 2>, 2> signs{};
    for (unsigned state = 0; state < n_states / 2; ++state)
        for (unsigned symbol = 0; symbol < 2; ++symbol)
            signs[symbol][state / row_states][state % row_states] =
                (conv_k7::symbols(state << 1) >> (1 - symbol) & 1) != 0 ? -1 : 1;
    return signs;
}();

/// Tolls of 8 consecutive states; they depend on the two newest bits alone.
constexpr auto tolls = [] {
    std::array<std::array<std::array<std::int16_t, row_states>, 3>, 2> table{};
    for (const auto meaning : { pin_meaning::bits, pin_meaning::changes })
        for (const pin known : { pin::open, pin::zero, pin::one })
            for (unsigned state = 0; state < row_states; ++state)
                table[unsigned(meaning)][unsigned(known)][state] =
                    contradicts(state, known, meaning) ? std::int16_t{ viterbi_pinned::toll } : std::int16_t{ 0 };
    return table;
}();

XBAND_INLINE row load_row(const std::array<std::int16_t, row_states>& values)
{
    row loaded;
    std::memcpy(&loaded, values.data(), sizeof loaded);
    return loaded;
}

XBAND_INLINE row all(int value)
{
    const auto v = static_cast<std::int16_t>(value);
    return row{ v, v, v, v, v, v, v, v };
}

XBAND_INLINE row larger(row a, row b) { return a > b ? a : b; }

} // namespace xband::core::viterbi_pinned_kernels
