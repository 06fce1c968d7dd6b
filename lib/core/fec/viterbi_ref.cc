// SPDX-License-Identifier: GPL-3.0-or-later
// The specification of viterbi_batch: one segment, one state at a time.
#include "fec/conv_code.h"
#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <array>
#include <vector>

namespace xband::core::viterbi {
namespace {

using conv_k7::n_states;

// A survivor: the path metric above the 8-bit label of viterbi_kernels.h. Comparing whole words settles ties of the
// metric by the label: the path that was in the lower state survives.
using survivor = std::uint32_t;
constexpr survivor metric_mask = ~survivor{ 0xff };

/// Cost of sending symbol s (0 or 1) when `soft` was received: nothing if they agree.
constexpr survivor cost(soft_bit soft, unsigned s)
{
    return (soft < 0) == (s == 1) ? 0 : static_cast<survivor>(level(soft));
}

/// One stage of add, compare, select. \param label_bit what a new bit of 1 adds to the label.
std::array<survivor, n_states>
next_stage(const std::array<survivor, n_states>& before, const soft_bit* pair, survivor label_bit)
{
    std::array<survivor, n_states> after;
    for (unsigned state = 0; state < n_states; ++state) {
        const auto reached_from = [&](unsigned from) {
            const unsigned sent = conv_k7::symbols(from << 1 | (state & 1));
            const survivor branch = cost(pair[0], sent >> 1) + cost(pair[1], sent & 1);
            return before[from] + (branch << 8) + (state & 1) * label_bit;
        };
        after[state] = std::min(reached_from(state >> 1), reached_from(state >> 1 | n_states / 2));
    }
    return after;
}

/// Starts a block: metrics relative to the least, labels naming the state.
std::array<survivor, n_states> relabelled(std::array<survivor, n_states> survivors)
{
    const survivor least = *std::min_element(survivors.begin(), survivors.end()) & metric_mask;
    for (unsigned state = 0; state < n_states; ++state)
        survivors[state] = ((survivors[state] - least) & metric_mask) | state << 2;
    return survivors;
}

unsigned bit_at(std::span<const std::uint8_t> packed, std::size_t i) { return packed[i / 8] >> (7 - i % 8) & 1U; }

} // namespace

std::uint32_t decode_segment_ref(std::span<const soft_bit> soft, std::span<std::uint8_t> bits)
{
    const std::size_t segment_bits = 8 * bits.size();
    const std::size_t overlap_bits = (soft.size() / 2 - segment_bits) / 2;
    const std::size_t blocks = n_blocks(segment_bits, overlap_bits);
    const std::size_t head_blocks = overlap_bits / block_stages;
    std::vector<std::array<survivor, n_states>> ends(blocks);
    std::array<survivor, n_states> survivors{}; // any state may be the first
    const soft_bit* pair = &soft[2 * first_stage];
    for (auto& end : ends) {
        survivors = relabelled(survivors);
        for (std::size_t stage = 0; stage < block_stages; ++stage, pair += 2)
            survivors = next_stage(survivors, pair, stage < 2 ? 2U >> stage : 0);
        end = survivors;
    }

    // Back from the best end (the lowest state of equals) to the octet before the payload, whose bits the encoder's
    // register holds at the first payload bit.
    std::vector<std::uint8_t> path(blocks);
    std::size_t state = std::min_element(survivors.begin(), survivors.end()) - survivors.begin();
    for (std::size_t block = blocks; block-- > head_blocks - 1;) {
        path[block] = static_cast<std::uint8_t>(ends[block][state]);
        state = path[block] >> 2;
    }
    std::copy_n(path.begin() + head_blocks, bits.size(), bits.begin());

    std::uint32_t disagreements = 0;
    unsigned reg = path[head_blocks - 1];
    for (std::size_t i = 0; i < segment_bits; ++i) {
        reg = (reg << 1 | bit_at(bits, i)) & 0x7f;
        const unsigned sent = conv_k7::symbols(reg);
        const soft_bit* received = &soft[2 * (overlap_bits + i)];
        disagreements += received[0] != 0 && (received[0] < 0) != (sent >> 1 == 1);
        disagreements += received[1] != 0 && (received[1] < 0) != ((sent & 1) == 1);
    }
    return disagreements;
}

void decode_batch_ref(const batch& job)
{
    const std::size_t segment_bytes = job.segment_bits / 8;
    const std::size_t soft_bits = 2 * (job.segment_bits + 2 * job.overlap_bits);
    for (std::size_t segment = 0; segment < viterbi_batch::n_segments; ++segment)
        job.disagreements[segment] = decode_segment_ref(job.soft.subspan(2 * segment * job.segment_bits, soft_bits),
                                                        job.bits.subspan(segment * segment_bytes, segment_bytes));
}

} // namespace xband::core::viterbi
