// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/viterbi_pinned.h"
#include "base/multiversion.h"
#include "fec/viterbi_pinned_kernels.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace viterbi_pinned_kernels {

namespace {

using stage_decisions = viterbi_pinned::stage_decisions;

/// Place of a state in stage_decisions.
constexpr unsigned element_of(unsigned state) { return state / 2 % 8; }
constexpr unsigned bit_of(unsigned state) { return state / 16 * 2 + state % 2; }

} // namespace

unsigned run_ref(const job& stretch, stage_decisions* decisions)
{
    std::array<int, n_states> metric{};
    for (std::size_t stage = 0; stage < stretch.pins.size(); ++stage) {
        const soft_bit* pair = &stretch.soft[2 * stage];
        std::array<int, n_states> next;
        decisions[stage] = {};
        for (unsigned state = 0; state < n_states; ++state) {
            const unsigned from = state >> 1;
            const int low = metric[from] + gain(pair, from, state & 1);
            const int high = metric[from | n_states / 2] + gain(pair, from | n_states / 2, state & 1);
            if (high > low)
                decisions[stage].element[element_of(state)] |= static_cast<std::int16_t>(1 << bit_of(state));
            next[state] = std::max(low, high) -
                          (contradicts(state, stretch.pins[stage], stretch.meaning) ? viterbi_pinned::toll : 0);
        }
        for (unsigned state = 0; state < n_states; ++state)
            metric[state] = next[state] - next[0]; // nothing but differences counts
    }
    return unsigned(std::max_element(metric.begin(), metric.end()) - metric.begin());
}

XBAND_MULTIVERSION unsigned run_simd(const job& stretch, stage_decisions* decisions)
{
    row signs[2][n_rows / 2];
    for (unsigned symbol = 0; symbol < 2; ++symbol)
        for (unsigned i = 0; i < n_rows / 2; ++i)
            signs[symbol][i] = load_row(branch_signs[symbol][i]);

    row metric[n_rows] = {};
    const std::size_t n_stages = stretch.pins.size();
    for (std::size_t stage = 0; stage < n_stages; ++stage) {
        const row g1 = all(stretch.soft[2 * stage]);
        const row g2 = all(stretch.soft[2 * stage + 1]);
        row toll = load_row(tolls[unsigned(stretch.meaning)][unsigned(stretch.pins[stage])]);
        if (stage % rescale_stages == 0)
            toll += all(metric[0][0]);
        row next[n_rows];
        row decided = {};
        for (unsigned i = n_rows / 2; i-- > 0;) {
            const row gain = g1 * signs[0][i] + g2 * signs[1][i];
            const row low = metric[i];
            const row high = metric[i + n_rows / 2];
            const row zero_low = low + gain, zero_high = high - gain;
            const row one_low = low - gain, one_high = high + gain;
            // A comparison gives -1, so that this shifts the decisions in: bit 2 i + 1, then bit 2 i.
            decided = decided + decided - (one_high > one_low);
            decided = decided + decided - (zero_high > zero_low);
            const row zero = larger(zero_low, zero_high);
            const row one = larger(one_low, one_high);
            next[2 * i] = __builtin_shufflevector(zero, one, 0, 8, 1, 9, 2, 10, 3, 11) - toll;
            next[2 * i + 1] = __builtin_shufflevector(zero, one, 4, 12, 5, 13, 6, 14, 7, 15) - toll;
        }
        std::memcpy(metric, next, sizeof metric);
        std::memcpy(&decisions[stage], &decided, sizeof decided);
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
    namespace kernels = viterbi_pinned_kernels;
    const kernels::job stretch{ soft, pins, d_meaning };
#ifdef XBAND_SIMD
    unsigned state = kernels::run_simd(stretch, d_decisions.data());
#else
    unsigned state = kernels::run_ref(stretch, d_decisions.data());
#endif
    unsigned octet = 0;
    for (std::size_t stage = pins.size(); stage-- > 0;) {
        octet = octet >> 1 | (state & 1) << 7;
        if (stage % 8 == 0)
            bits[stage / 8] = static_cast<std::uint8_t>(octet);
        const auto decisions = static_cast<unsigned>(d_decisions[stage].element[kernels::element_of(state)]);
        state = state >> 1 | (decisions >> kernels::bit_of(state) & 1) << 5;
    }
}

} // namespace xband::core
