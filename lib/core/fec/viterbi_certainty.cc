// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/viterbi_certainty.h"
#include "base/multiversion.h"
#include "fec/viterbi_pinned_kernels.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace viterbi_pinned_kernels {

namespace {

std::array<int, n_states> forward_ref(const job& stretch, std::size_t stage, const std::array<int, n_states>& metric)
{
    const soft_bit* pair = &stretch.soft[2 * stage];
    const int rescale = stage % rescale_stages == 0 ? metric[0] : 0;
    std::array<int, n_states> next;
    for (unsigned state = 0; state < n_states; ++state) {
        const unsigned from = state >> 1;
        const int low = metric[from] + gain(pair, from, state & 1);
        const int high = metric[from | n_states / 2] + gain(pair, from | n_states / 2, state & 1);
        const bool has_toll = contradicts(state, stretch.pins[stage], stretch.meaning);
        next[state] = std::max(low, high) - (has_toll ? viterbi_pinned::toll : 0) - rescale;
    }
    return next;
}

/// Metrics before a stage from those after it, along the branches that leave a state.
std::array<int, n_states> backward_ref(const job& stretch, std::size_t stage, const std::array<int, n_states>& metric)
{
    const soft_bit* pair = &stretch.soft[2 * stage];
    const int rescale = stage % rescale_stages == 0 ? metric[0] : 0;
    std::array<int, n_states> before;
    for (unsigned from = 0; from < n_states; ++from) {
        const auto leaving_with = [&](unsigned bit) {
            const unsigned state = (from << 1 | bit) % n_states;
            const bool has_toll = contradicts(state, stretch.pins[stage], stretch.meaning);
            return metric[state] + gain(pair, from, bit) - (has_toll ? viterbi_pinned::toll : 0) - rescale;
        };
        before[from] = std::max(leaving_with(0), leaving_with(1));
    }
    return before;
}

} // namespace

void measure_ref(const job& stretch, viterbi_certainty::stage_metrics* forward, std::uint16_t* lead)
{
    const std::size_t n_stages = stretch.pins.size();
    std::array<int, n_states> metric{};
    for (std::size_t stage = 0; stage < n_stages; ++stage) {
        metric = forward_ref(stretch, stage, metric);
        std::copy(metric.begin(), metric.end(), forward[stage].state.begin());
    }
    metric = {};
    for (std::size_t stage = n_stages; stage-- > 0;) {
        std::array<int, 2> best;
        best.fill(std::numeric_limits<int>::min());
        for (unsigned state = 0; state < n_states; ++state) {
            int& best_of_kind = best[meant_by(state, stretch.meaning)];
            best_of_kind = std::max(best_of_kind, forward[stage].state[state] + metric[state]);
        }
        lead[stage] = static_cast<std::uint16_t>(std::abs(best[0] - best[1]));
        metric = backward_ref(stretch, stage, metric);
    }
}

XBAND_MULTIVERSION void measure_simd(const job& stretch, viterbi_certainty::stage_metrics* forward, std::uint16_t* lead)
{
    row signs[2][n_rows / 2];
    for (unsigned symbol = 0; symbol < 2; ++symbol)
        for (unsigned i = 0; i < n_rows / 2; ++i)
            signs[symbol][i] = load_row(branch_signs[symbol][i]);
    const auto& toll_of = tolls[unsigned(stretch.meaning)];
    const std::size_t n_stages = stretch.pins.size();

    row metric[n_rows] = {};
    for (std::size_t stage = 0; stage < n_stages; ++stage) {
        const row g1 = all(stretch.soft[2 * stage]);
        const row g2 = all(stretch.soft[2 * stage + 1]);
        row toll = load_row(toll_of[unsigned(stretch.pins[stage])]);
        if (stage % rescale_stages == 0)
            toll += all(metric[0][0]);
        row next[n_rows];
        for (unsigned i = 0; i < n_rows / 2; ++i) {
            const row gain = g1 * signs[0][i] + g2 * signs[1][i];
            const row low = metric[i];
            const row high = metric[i + n_rows / 2];
            const row zero = larger(low + gain, high - gain);
            const row one = larger(low - gain, high + gain);
            next[2 * i] = __builtin_shufflevector(zero, one, 0, 8, 1, 9, 2, 10, 3, 11) - toll;
            next[2 * i + 1] = __builtin_shufflevector(zero, one, 4, 12, 5, 13, 6, 14, 7, 15) - toll;
        }
        std::memcpy(metric, next, sizeof metric);
        std::memcpy(&forward[stage], metric, sizeof metric);
    }

    // Lanes of a row that mean a 1.
    const auto& ones = tolls[unsigned(stretch.meaning)][unsigned(pin::zero)];
    for (row& m : metric)
        m = row{};
    for (std::size_t stage = n_stages; stage-- > 0;) {
        row through[n_rows];
        std::memcpy(through, &forward[stage], sizeof through);
        row best_row = through[0] + metric[0];
        for (unsigned i = 1; i < n_rows; ++i)
            best_row = larger(best_row, through[i] + metric[i]);
        int best[2] = { std::numeric_limits<int>::min(), std::numeric_limits<int>::min() };
        for (unsigned lane = 0; lane < row_states; ++lane) {
            int& best_of_kind = best[ones[lane] != 0];
            best_of_kind = std::max<int>(best_of_kind, best_row[lane]);
        }
        lead[stage] = static_cast<std::uint16_t>(std::abs(best[0] - best[1]));

        const row g1 = all(stretch.soft[2 * stage]);
        const row g2 = all(stretch.soft[2 * stage + 1]);
        row toll = load_row(toll_of[unsigned(stretch.pins[stage])]);
        if (stage % rescale_stages == 0)
            toll += all(metric[0][0]);
        row before[n_rows];
        for (unsigned i = 0; i < n_rows / 2; ++i) {
            const row gain = g1 * signs[0][i] + g2 * signs[1][i];
            const row first = metric[2 * i] - toll, second = metric[2 * i + 1] - toll;
            const row zero = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14);
            const row one = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15);
            before[i] = larger(zero + gain, one - gain);
            before[i + n_rows / 2] = larger(zero - gain, one + gain);
        }
        std::memcpy(metric, before, sizeof metric);
    }
}

} // namespace viterbi_pinned_kernels

void viterbi_certainty::measure(std::span<const soft_bit> soft,
                                std::span<const pin> pins,
                                std::span<octet_doubt> octets)
{
    if (pins.size() % 8 != 0 || soft.size() != 2 * pins.size() || 8 * octets.size() != pins.size())
        throw std::invalid_argument("viterbi_certainty: " + std::to_string(pins.size()) +
                                    " pins must be a multiple of 8, with twice as many soft bits, not " +
                                    std::to_string(soft.size()) + ", and an eighth of certainties, not " +
                                    std::to_string(octets.size()));
    d_forward.resize(std::max(d_forward.size(), pins.size()));
    d_leads.resize(pins.size());
    const viterbi_pinned_kernels::job stretch{ soft, pins, d_meaning };
#ifdef XBAND_SIMD
    viterbi_pinned_kernels::measure_simd(stretch, d_forward.data(), d_leads.data());
#else
    viterbi_pinned_kernels::measure_ref(stretch, d_forward.data(), d_leads.data());
#endif
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const auto of_octet = std::span(d_leads).subspan(8 * i, 8);
        const std::uint16_t least = *std::ranges::min_element(of_octet);
        unsigned other_bits = 0;
        for (const std::uint16_t lead : of_octet)
            other_bits = other_bits << 1 | unsigned{ lead == least };
        octets[i] = { static_cast<std::uint16_t>(least / 2), static_cast<std::uint8_t>(other_bits) };
    }
}

} // namespace xband::core
