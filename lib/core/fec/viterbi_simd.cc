// SPDX-License-Identifier: GPL-3.0-or-later
// The Viterbi decoder with one stretch per 16-bit lane. Bit-exact with viterbi_ref.cc on every target.
//
// A lane holds a survivor as the reference does, in 16 bits: path metric in the high octet, label in the low one, so one
// minimum selects both.
//
// Metrics only matter relative to each other, which saves a third of the additions. Stages come in twos:
// - In the first, a butterfly sends either 00 and 11 or 01 and 10. It takes the costs relative to 00, or to 01, so that only one
//   of its two branches needs an addition. Survivors of the second kind owe the cost of 01 relative to 00.
// - In the second, costs are relative to 00 again, and what survivors owe is in the costs. Of two that meet, one owes.
// Relative costs are signed levels: G1's for 10, G2's for 01, their sum for 11.
//
// Nothing may carry out of the high octet; in units of the largest level A, for any input:
// - Two paths that part from one state differ in at most 2, 3, 5, 7, 9, 11 symbols after 1 to 6 stages, so the 64 metrics lie
//   within 11 A of each other; the best of 8 states with the same three newest bits is within 4 A of the best of all
//   (by enumeration of the 63 patterns; each differing symbol costs at most A).
// - Each 4 stages, in the second of them, the metrics are shifted so that the best of 8 before the first would have stood at
//   4 A + 6 A, and what the first two stages took away is given back. True metrics do not fall, and the costs of 00 or 01 in
//   the 3 stages that leave them out before the next shift are 6 A at most. So no metric falls below zero.
// - A candidate of stage j = 1..4, counted from the best of 8, comes from a state that differs from it in at most 11 - 2 j
//   symbols before. The j + 1 stages since cost 2 A each at most, relative or not. With the 10 A these are 23 A.
// So the largest candidate is 23 A = 253 < 256.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/viterbi_simd.cc"
#include <hwy/foreach_target.h>

#include "fec/conv_code.h"
#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <hwy/highway.h>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace xband::core::viterbi {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void decode(const stretches& job) { decode_stretches_ref(job); }

#else

namespace hn = hwy::HWY_NAMESPACE;

using tag16 = hn::CappedTag<std::uint16_t, n_lanes>;
using tag8 = hn::Repartition<std::uint8_t, tag16>;
using vec16 = hn::Vec<tag16>;
constexpr tag16 d16;
constexpr tag8 d8;

constexpr std::uint16_t metric_mask = 0xff00, label_mask = 0x00ff;
constexpr unsigned metric_shift = 8;
constexpr std::uint16_t best_of_eight_metric = 10 * max_level; // see above
constexpr unsigned pass_stages = 4;
constexpr unsigned group_states = 16;
static_assert(23 * max_level < 256);

// ---- Branch costs

/// Costs of the 8 stages of a block, two by two; one row of lanes each. Symbols G1 = 1 carry their bit of the label.
struct alignas(64) block_costs {
    /// First stages: of 11 relative to 00, of 10 relative to 01.
    std::uint16_t first[block_stages / 2][2][n_lanes];
    /// Second stages, relative to 00: of the four pairs of symbols, without and with what a survivor owes.
    std::uint16_t second[block_stages / 2][2][4][n_lanes];
    /// Costs of 00 in the two stages before metrics are shifted.
    std::uint16_t offset[block_stages / pass_stages][n_lanes];
};

/// Turns rows of 8 consecutive values of one segment each into rows of 32 segments. Interleaving rows i and i + 4 rotates
/// the address bits (row, column) by one; three rotations swap rows and columns. Blocks of 128 bits stay apart, so row r,
/// block b is segment 8 b + r before and lane 8 b + r is segment 8 b + r after.
HWY_INLINE void transpose(vec16 (&rows)[8])
{
    for (int round = 0; round < 3; ++round) {
        vec16 rotated[8];
        for (int i = 0; i < 4; ++i) {
            rotated[2 * i] = hn::InterleaveLower(d16, rows[i], rows[i + 4]);
            rotated[2 * i + 1] = hn::InterleaveUpper(d16, rows[i], rows[i + 4]);
        }
        for (int i = 0; i < 8; ++i)
            rows[i] = rotated[i];
    }
}

/// Costs in one stage, relative to that of 00.
struct relative_costs {
    vec16 of_01, of_10;
    vec16 of_00; ///< the cost itself
};

/// \param pairs soft bits G1 (low octet) and G2 (high octet).
HWY_INLINE relative_costs costs_of(vec16 pairs, std::size_t stage)
{
    // With 128 added to make them positive, x / 6 is 43 x / 256 + 21, rounded, for |x| < 126. That has the level where the
    // metric stands, in its high octet.
    static_assert(units_per_level == 6 && max_level < 20);
    constexpr soft_bit largest = units_per_level * max_level + units_per_level / 2 - 1;
    constexpr std::uint16_t level_0 = 21U << metric_shift;
    constexpr hn::Repartition<soft_bit, tag16> di8;
    const auto clipped = hn::Min(hn::Max(hn::BitCast(di8, pairs), hn::Set(di8, -largest)), hn::Set(di8, largest));
    const vec16 soft = hn::Xor(hn::BitCast(d16, clipped), hn::Set(d16, 0x8080));
    const auto mask = hn::Set(d16, metric_mask);
    const vec16 level1 = hn::And(hn::Mul(hn::AndNot(mask, soft), hn::Set(d16, 43)), mask);
    const vec16 level2 = hn::And(hn::MulHigh(hn::And(mask, soft), hn::Set(d16, 43 << 8)), mask);
    const auto zero = hn::Set(d16, level_0);
    return { hn::Sub(level2, zero),
             hn::Sub(level1, hn::Set(d16, static_cast<std::uint16_t>(level_0 - label_bit(stage)))),
             hn::Add(hn::SaturatedSub(zero, level1), hn::SaturatedSub(zero, level2)) };
}

/// Stores the costs of the stages 2 i and 2 i + 1.
HWY_INLINE void store_costs(vec16 first_pairs, vec16 second_pairs, std::size_t i, std::size_t lane, block_costs& costs)
{
    const relative_costs first = costs_of(first_pairs, 2 * i), second = costs_of(second_pairs, 2 * i + 1);
    const auto store = [lane](vec16 cost, std::uint16_t(&row)[n_lanes]) HWY_ATTR { hn::Store(cost, d16, &row[lane]); };
    store(hn::Add(first.of_01, first.of_10), costs.first[i][0]);
    store(hn::Sub(first.of_10, first.of_01), costs.first[i][1]);
    const vec16 owed = first.of_01;
    const vec16 of_11 = hn::Add(second.of_01, second.of_10);
    auto& rows = costs.second[i];
    store(second.of_01, rows[0][1]);
    store(second.of_10, rows[0][2]);
    store(of_11, rows[0][3]);
    store(owed, rows[1][0]);
    store(hn::Add(second.of_01, owed), rows[1][1]);
    store(hn::Add(second.of_10, owed), rows[1][2]);
    store(hn::Add(of_11, owed), rows[1][3]);
    if (i % 2 == 0)
        store(hn::Add(first.of_00, second.of_00), costs.offset[i / 2]);
}

/// The pairs of some blocks, in the order that transpose() wants.
struct alignas(64) gathered_pairs {
    // Whole cache lines are read: the stretches of a batch often lie a power of two apart, so that all their lines
    // compete for one place in the cache and are gone when the next block asks for them.
    static constexpr std::size_t max_blocks = 4;
    static constexpr std::size_t block_octets = 2 * block_stages;
    std::uint8_t rows[max_blocks][8][n_lanes / 8][block_octets];
};

/// \param block first block. \param count blocks, at most max_blocks.
HWY_INLINE void gather(const stretches& job, std::size_t block, std::size_t count, gathered_pairs& pairs)
{
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
        const soft_bit* from = job.soft[lane] + block * gathered_pairs::block_octets;
        for (std::size_t i = 0; i < count; ++i, from += gathered_pairs::block_octets)
            std::memcpy(pairs.rows[i][lane % 8][lane / 8], from, gathered_pairs::block_octets);
    }
}

HWY_INLINE void prepare_costs(const gathered_pairs& pairs, std::size_t block, block_costs& costs)
{
    for (std::size_t lane = 0; lane < n_lanes; lane += hn::Lanes(d16)) {
        vec16 stages[8];
        for (std::size_t row = 0; row < 8; ++row)
            stages[row] = hn::BitCast(d16, hn::Load(d8, &pairs.rows[block][row][lane / 8][0]));
        transpose(stages);
        for (std::size_t i = 0; i < block_stages / 2; ++i)
            store_costs(stages[2 * i], stages[2 * i + 1], i, lane, costs);
    }
}

// ---- Add, compare, select

// The 16 survivors of a group stay in registers for 4 stages. Every index is a template argument: GCC 12 keeps an array in
// registers only if no loop over it is left when it decides.
using survivors16 = vec16[group_states];

/// Where one butterfly of one stage is. A group is the states x g with a fixed g (2 bits) at the start. The survivor at
/// index x (4 bits) meets the one that differs in the stage's bit of x, counted from the top; the new bit takes that bit's
/// place. So after 4 stages index n is the state g n.
template <unsigned g, unsigned stage, unsigned pair>
struct place {
    static constexpr unsigned partner = 8 >> stage;
    static constexpr unsigned low = (pair & ~(partner - 1)) << 1 | (pair & (partner - 1));
    static constexpr unsigned high = low | partner;
    // The bits of x not yet replaced, g, the new bits so far.
    static constexpr unsigned low_state = (low & (2 * partner - 1)) << (2 + stage) | g << stage |
                                          low >> (pass_stages - stage);
    static constexpr unsigned high_state = low_state | conv_k7::n_states / 2;
    /// From the low state with a new bit of 0; complementary from the high state, and for a new bit of 1.
    static constexpr unsigned sent = conv_k7::symbols(low_state << 1);
};

constexpr bool is_01_or_10(unsigned symbols) { return symbols == 1 || symbols == 2; }

/// One butterfly of the first of two stages. \param costs see block_costs::first.
template <unsigned g, unsigned stage, unsigned pair>
HWY_INLINE void first_butterfly(survivors16& survivors, const vec16 (&costs)[2])
{
    using at = place<g, stage, pair>;
    const vec16 cost = costs[is_01_or_10(at::sent)];
    const vec16 low = survivors[at::low], high = survivors[at::high];
    const vec16 straight = hn::Min(low, hn::Add(high, cost)), crossed = hn::Min(hn::Add(low, cost), high);
    constexpr bool is_straight = at::sent < 2; // 00 or 01, which are free
    survivors[at::low] = is_straight ? straight : crossed;
    survivors[at::high] = is_straight ? crossed : straight;
}

/// True if the last branch into a state sent 01 or 10; whether it came from the low or the high state does not matter.
constexpr bool owes(unsigned state) { return is_01_or_10(conv_k7::symbols(state)); }

/// One butterfly of the second of two stages. \param costs see block_costs::second; shifted, or that of 00 is zero.
template <unsigned g, unsigned stage, unsigned pair, bool is_shifted>
HWY_INLINE void second_butterfly(survivors16& survivors, const vec16 (&costs)[2][4])
{
    using at = place<g, stage, pair>;
    static_assert(owes(at::low_state) != owes(at::high_state));
    const vec16 low = survivors[at::low], high = survivors[at::high];
    const auto sending = [&](vec16 survivor, bool owing, unsigned sent) HWY_ATTR {
        return is_shifted || owing || sent != 0 ? hn::Add(survivor, costs[owing][sent]) : survivor;
    };
    constexpr bool low_owes = owes(at::low_state), high_owes = owes(at::high_state);
    survivors[at::low] = hn::Min(sending(low, low_owes, at::sent), sending(high, high_owes, at::sent ^ 3));
    survivors[at::high] = hn::Min(sending(low, low_owes, at::sent ^ 3), sending(high, high_owes, at::sent));
}

constexpr std::size_t row_of(unsigned state) { return state * n_lanes; }

/// What brings the best of the 8 states with the newest bits 000 to its place, to be added to every survivor.
HWY_INLINE vec16 shift_of(const std::uint16_t* survivors, std::size_t lane)
{
    vec16 least = hn::Load(d16, survivors + lane);
    for (unsigned state = 8; state < conv_k7::n_states; state += 8)
        least = hn::Min(least, hn::Load(d16, survivors + row_of(state) + lane));
    return hn::Sub(hn::Set(d16, best_of_eight_metric << metric_shift), hn::And(least, hn::Set(d16, metric_mask)));
}

/// Two stages of one group. \param second of the second one.
template <unsigned g, unsigned stage, bool is_shifted, std::size_t... pairs>
HWY_INLINE void run_two_stages(survivors16& survivors,
                               const std::uint16_t (&first)[2][n_lanes],
                               const std::uint16_t (&second)[2][4][n_lanes],
                               std::size_t lane,
                               std::index_sequence<pairs...>)
{
    const auto load = [lane](const std::uint16_t(&row)[n_lanes]) HWY_ATTR { return hn::Load(d16, &row[lane]); };
    const vec16 costs[2] = { load(first[0]), load(first[1]) };
    (first_butterfly<g, stage, pairs>(survivors, costs), ...);
    const vec16 second_costs[2][4] = {
        { is_shifted ? load(second[0][0]) : hn::Zero(d16), load(second[0][1]), load(second[0][2]), load(second[0][3]) },
        { load(second[1][0]), load(second[1][1]), load(second[1][2]), load(second[1][3]) }
    };
    (second_butterfly<g, stage + 1, pairs, is_shifted>(survivors, second_costs), ...);
}

/// 4 stages of one group. \tparam pass 0 or 1 of a block. \param shifted costs of the second stage.
template <unsigned pass, unsigned g, std::size_t... x>
HWY_INLINE void run_group(const std::uint16_t* from,
                          const block_costs& costs,
                          const std::uint16_t (&shifted)[2][4][n_lanes],
                          std::size_t lane,
                          std::uint16_t* to,
                          [[maybe_unused]] std::uint8_t* labels,
                          std::index_sequence<x...>)
{
    const auto load = [lane](const std::uint16_t* rows, unsigned state) HWY_ATTR {
        if constexpr (pass != 0)
            return hn::Load(d16, rows + row_of(state) + lane);
        // The labels start anew.
        const auto metrics = hn::MaskFromVec(hn::BitCast(d8, hn::Set(d16, metric_mask)));
        return hn::BitCast(
            d16, hn::MaskedLoad(metrics, d8, reinterpret_cast<const std::uint8_t*>(rows + row_of(state) + lane)));
    };
    survivors16 survivors{ load(from, x << 2 | g)... };
    constexpr std::make_index_sequence<group_states / 2> pairs;
    run_two_stages<g, 0, true>(survivors, costs.first[2 * pass], shifted, lane, pairs);
    run_two_stages<g, 2, false>(survivors, costs.first[2 * pass + 1], costs.second[2 * pass + 1], lane, pairs);
    (hn::Store(survivors[x], d16, to + row_of(g << 4 | x) + lane), ...);
    static_assert(label_place(1, 0) == 1 && label_place(0, 1) == 2);
    if constexpr (pass != 0) // the labels of two states in one word
        ((x % 2 == 0 ? hn::Store(hn::OrAnd(hn::ShiftLeft<8>(survivors[x | 1]), survivors[x], hn::Set(d16, label_mask)),
                                 d16,
                                 reinterpret_cast<std::uint16_t*>(labels + label_place(g << 4 | x, lane)))
                     : void()),
         ...);
}

/// 4 stages of all states.
template <unsigned pass>
HWY_INLINE void
run_pass(const std::uint16_t* from, const block_costs& costs, std::size_t lane, std::uint16_t* to, std::uint8_t* labels)
{
    const vec16 shift = hn::Add(shift_of(from, lane), hn::Load(d16, &costs.offset[pass][lane]));
    alignas(64) std::uint16_t shifted[2][4][n_lanes];
    for (unsigned owing = 0; owing < 2; ++owing)
        for (unsigned sent = 0; sent < 4; ++sent) {
            const bool is_free = owing == 0 && sent == 0;
            const vec16 cost = is_free ? hn::Zero(d16) : hn::Load(d16, &costs.second[2 * pass][owing][sent][lane]);
            hn::Store(hn::Add(cost, shift), d16, &shifted[owing][sent][lane]);
        }
    constexpr std::make_index_sequence<group_states> all;
    run_group<pass, 0>(from, costs, shifted, lane, to, labels, all);
    run_group<pass, 1>(from, costs, shifted, lane, to, labels, all);
    run_group<pass, 2>(from, costs, shifted, lane, to, labels, all);
    run_group<pass, 3>(from, costs, shifted, lane, to, labels, all);
}

// ---- The whole trellis

constexpr std::size_t survivor_words = row_of(conv_k7::n_states);

/// From the first to the last block. \param survivors out: 64 words a lane at the end. Fills job.labels.
HWY_INLINE void run_blocks(const stretches& job, std::uint16_t* survivors)
{
    // Any state may be the first.
    std::fill_n(survivors, survivor_words, static_cast<std::uint16_t>(best_of_eight_metric << metric_shift));
    alignas(64) std::uint16_t between[survivor_words];
    gathered_pairs pairs;
    block_costs costs;
    for (std::size_t block = 0; block < job.n_blocks; ++block) {
        const std::size_t gathered = block % gathered_pairs::max_blocks;
        if (gathered == 0)
            gather(job, block, std::min(job.n_blocks - block, gathered_pairs::max_blocks), pairs);
        prepare_costs(pairs, gathered, costs);
        for (std::size_t lane = 0; lane < n_lanes; lane += hn::Lanes(d16)) {
            run_pass<0>(survivors, costs, lane, between, nullptr);
            run_pass<1>(between, costs, lane, survivors, job.labels + block * label_octets);
        }
    }
}

/// Best end of each lane; the lowest state of equals.
std::array<std::uint8_t, n_lanes> best_ends(const std::uint16_t* survivors)
{
    std::array<std::uint16_t, n_lanes> least, best{};
    std::copy_n(survivors, n_lanes, least.begin());
    for (std::uint16_t state = 1; state < conv_k7::n_states; ++state)
        for (std::size_t lane = 0; lane < n_lanes; ++lane)
            if (const std::uint16_t word = survivors[row_of(state) + lane]; word < least[lane]) {
                least[lane] = word;
                best[lane] = state;
            }
    std::array<std::uint8_t, n_lanes> ends;
    std::copy(best.begin(), best.end(), ends.begin());
    return ends;
}

void decode(const stretches& job)
{
    alignas(64) std::uint16_t survivors[survivor_words];
    run_blocks(job, survivors);
    follow_labels(job, best_ends(survivors));
}

#endif // HWY_SCALAR

} // namespace HWY_NAMESPACE
} // namespace xband::core::viterbi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xband::core::viterbi {

HWY_EXPORT(decode);

void decode_stretches(const stretches& job) { HWY_DYNAMIC_DISPATCH(decode)(job); }

} // namespace xband::core::viterbi
#endif
