// SPDX-License-Identifier: GPL-3.0-or-later
// The specification of the Viterbi decoder: one stretch, one state at a time.
#include "fec/conv_code.h"
#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <array>
#include <vector>

namespace xband::core::viterbi {
namespace {

using conv_k7::n_states;

// A survivor: the path metric above the 8-bit label of viterbi_kernels.h. Comparing whole words settles ties of the
// metric by the label.
using survivor = std::uint32_t;
constexpr survivor metric_mask = ~survivor{ 0xff };

/// Cost of sending symbol s (0 or 1) when `soft` was received: nothing if they agree.
constexpr survivor cost(soft_bit soft, unsigned s)
{
    return (soft < 0) == (s == 1) ? 0 : static_cast<survivor>(level(soft));
}

/// One stage of add, compare, select. \param g1_label what a symbol G1 = 1 adds to the label.
std::array<survivor, n_states>
next_stage(const std::array<survivor, n_states>& before, const soft_bit* pair, survivor g1_label)
{
    std::array<survivor, n_states> after;
    for (unsigned state = 0; state < n_states; ++state) {
        const auto reached_from = [&](unsigned from) {
            const unsigned sent = conv_k7::symbols(from << 1 | (state & 1));
            const survivor branch = cost(pair[0], sent >> 1) + cost(pair[1], sent & 1);
            return before[from] + (branch << 8) + (sent >> 1) * g1_label;
        };
        after[state] = std::min(reached_from(state >> 1), reached_from(state >> 1 | n_states / 2));
    }
    return after;
}

/// Starts a block: metrics relative to the least, no labels.
std::array<survivor, n_states> relabelled(std::array<survivor, n_states> survivors)
{
    const survivor least = *std::min_element(survivors.begin(), survivors.end()) & metric_mask;
    for (survivor& s : survivors)
        s = (s & metric_mask) - least;
    return survivors;
}

} // namespace

void decode_stretch_ref(const soft_bit* soft, std::span<std::uint8_t> octets)
{
    std::vector<std::array<survivor, n_states>> ends(octets.size());
    std::array<survivor, n_states> survivors{}; // any state may be the first
    for (auto& end : ends) {
        survivors = relabelled(survivors);
        for (std::size_t stage = 0; stage < block_stages; ++stage, soft += 2)
            survivors = next_stage(survivors, soft, label_bit(stage));
        end = survivors;
    }

    // Back from the best end; the lowest state of equals.
    auto state = static_cast<unsigned>(std::min_element(survivors.begin(), survivors.end()) - survivors.begin());
    for (std::size_t block = octets.size(); block-- > 0;) {
        octets[block] = octet_of(ends[block][state] & ~metric_mask, state);
        state = state_before(octets[block]);
    }
}

void decode_stretches_ref(const stretches& job)
{
    for (std::size_t lane = 0; lane < n_lanes; ++lane)
        decode_stretch_ref(job.soft[lane], job.octets.subspan(lane * job.n_blocks, job.n_blocks));
}

#ifndef XBAND_SIMD
void decode_stretches(const stretches& job) { decode_stretches_ref(job); }
#endif

} // namespace xband::core::viterbi
