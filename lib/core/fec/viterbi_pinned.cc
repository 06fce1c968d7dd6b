// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics are correlations, 16 bits wide, and never overflow. For any input:
// - A state can be reached from any other in 6 stages, which carry 12 symbols and at most 6 tolls. A symbol makes a
//   difference of 256 at most, so all metrics lie within 12 * 256 + 6 * 3000 = 21072 of each other.
// - Pins can always be obeyed, so the best metric changes by at most 256 a stage.
// - Every 8 stages the metric of state 0 is taken from all.
// So they stay within 21072 + 9 * 256 = 23376 of zero, and 3000 beyond it while a toll is being paid.
#include "fec/viterbi_pinned.h"
#include "base/multiversion.h"
#include "fec/conv_code.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

using conv_k7::n_states;
using stage_decisions = viterbi_pinned::stage_decisions;

/// True if going to `state` (last 6 bits, newest lowest) contradicts a pin.
constexpr bool contradicts(unsigned state, pin known, viterbi_pinned::meaning meaning)
{
    if (known == pin::open)
        return false;
    const unsigned bit = meaning == viterbi_pinned::meaning::bits ? state & 1 : (state ^ state >> 1) & 1;
    return bit != (known == pin::one ? 1U : 0U);
}

/// Place of a state in stage_decisions.
constexpr unsigned element_of(unsigned state) { return state / 2 % 8; }
constexpr unsigned bit_of(unsigned state) { return state / 16 * 2 + state % 2; }

// ---- States side by side: eight 16-bit metrics in a vector, which every target has

typedef std::int16_t row __attribute__((vector_size(16)));

constexpr unsigned row_states = 8;
constexpr unsigned n_rows = n_states / row_states;
constexpr std::size_t rescale_stages = 8;

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
    for (const auto meaning : { viterbi_pinned::meaning::bits, viterbi_pinned::meaning::changes })
        for (const pin known : { pin::open, pin::zero, pin::one })
            for (unsigned state = 0; state < row_states; ++state)
                table[unsigned(meaning)][unsigned(known)][state] =
                    contradicts(state, known, meaning) ? std::int16_t{ viterbi_pinned::toll } : std::int16_t{ 0 };
    return table;
}();

row load_row(const std::array<std::int16_t, row_states>& values)
{
    row loaded;
    std::memcpy(&loaded, values.data(), sizeof loaded);
    return loaded;
}

row all(int value)
{
    const auto v = static_cast<std::int16_t>(value);
    return row{ v, v, v, v, v, v, v, v };
}

} // namespace

namespace viterbi_pinned_kernels {

unsigned run_ref(const job& stretch)
{
    std::array<int, n_states> metric{};
    for (std::size_t stage = 0; stage < stretch.pins.size(); ++stage) {
        const int g1 = stretch.soft[2 * stage], g2 = stretch.soft[2 * stage + 1];
        std::array<int, n_states> next;
        stage_decisions decisions{};
        for (unsigned state = 0; state < n_states; ++state) {
            const auto reached_from = [&](unsigned from) {
                const unsigned sent = conv_k7::symbols(from << 1 | (state & 1));
                return metric[from] + ((sent & 2) != 0 ? -g1 : g1) + ((sent & 1) != 0 ? -g2 : g2);
            };
            const int low = reached_from(state >> 1);
            const int high = reached_from(state >> 1 | n_states / 2);
            if (high > low)
                decisions.element[element_of(state)] |= static_cast<std::int16_t>(1 << bit_of(state));
            next[state] = std::max(low, high) -
                          (contradicts(state, stretch.pins[stage], stretch.meaning) ? viterbi_pinned::toll : 0);
        }
        stretch.decisions[stage] = decisions;
        const int reference = next[0];
        for (unsigned state = 0; state < n_states; ++state)
            metric[state] = next[state] - reference; // nothing but differences counts
    }
    return unsigned(std::max_element(metric.begin(), metric.end()) - metric.begin());
}

XBAND_MULTIVERSION unsigned run_simd(const job& stretch)
{
    row signs[2][n_rows / 2];
    for (unsigned symbol = 0; symbol < 2; ++symbol)
        for (unsigned i = 0; i < n_rows / 2; ++i)
            signs[symbol][i] = load_row(branch_signs[symbol][i]);
    const auto& toll_of = tolls[unsigned(stretch.meaning)];

    row metric[n_rows] = {};
    const std::size_t n_stages = stretch.pins.size();
    for (std::size_t stage = 0; stage < n_stages; ++stage) {
        const row g1 = all(stretch.soft[2 * stage]);
        const row g2 = all(stretch.soft[2 * stage + 1]);
        row toll = load_row(toll_of[unsigned(stretch.pins[stage])]);
        if (stage % rescale_stages == 0)
            toll += all(metric[0][0]);
        row next[n_rows];
        row decisions = {};
        for (unsigned i = n_rows / 2; i-- > 0;) {
            const row gain = g1 * signs[0][i] + g2 * signs[1][i];
            const row low = metric[i];
            const row high = metric[i + n_rows / 2];
            const row zero_low = low + gain, zero_high = high - gain;
            const row one_low = low - gain, one_high = high + gain;
            const row zero = zero_high > zero_low ? zero_high : zero_low;
            const row one = one_high > one_low ? one_high : one_low;
            // A comparison gives -1, so that this shifts the decisions in: bit 2 i + 1, then bit 2 i.
            decisions = decisions + decisions - (one_high > one_low);
            decisions = decisions + decisions - (zero_high > zero_low);
            next[2 * i] = __builtin_shufflevector(zero, one, 0, 8, 1, 9, 2, 10, 3, 11) - toll;
            next[2 * i + 1] = __builtin_shufflevector(zero, one, 4, 12, 5, 13, 6, 14, 7, 15) - toll;
        }
        std::memcpy(metric, next, sizeof metric);
        std::memcpy(&stretch.decisions[stage], &decisions, sizeof decisions);
    }
    unsigned best = 0;
    for (unsigned state = 1; state < n_states; ++state)
        if (metric[state / row_states][state % row_states] > metric[best / row_states][best % row_states])
            best = state;
    return best;
}

} // namespace viterbi_pinned_kernels

void viterbi_pinned::decode(std::span<const soft_bit> soft, std::span<const pin> pins, std::span<std::uint8_t> bits)
{
    if (pins.size() % 8 != 0 || soft.size() != 2 * pins.size() || 8 * bits.size() != pins.size())
        throw std::invalid_argument("viterbi_pinned: " + std::to_string(pins.size()) +
                                    " pins must be a multiple of 8, with twice as many soft bits, not " +
                                    std::to_string(soft.size()) + ", and an eighth of octets, not " +
                                    std::to_string(bits.size()));
    d_decisions.resize(std::max(d_decisions.size(), pins.size()));
    const viterbi_pinned_kernels::job stretch{ soft, pins, d_meaning, d_decisions.data() };
#ifdef XBAND_SIMD
    unsigned state = viterbi_pinned_kernels::run_simd(stretch);
#else
    unsigned state = viterbi_pinned_kernels::run_ref(stretch);
#endif
    unsigned octet = 0;
    for (std::size_t stage = pins.size(); stage-- > 0;) {
        octet = octet >> 1 | (state & 1) << 7;
        if (stage % 8 == 0)
            bits[stage / 8] = static_cast<std::uint8_t>(octet);
        const auto decisions = static_cast<unsigned>(d_decisions[stage].element[element_of(state)]);
        state = state >> 1 | (decisions >> bit_of(state) & 1) << 5;
    }
}

} // namespace xband::core
