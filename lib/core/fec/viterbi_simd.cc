// SPDX-License-Identifier: GPL-3.0-or-later
// The Viterbi decoder with one stretch per 16-bit lane. Bit-exact with viterbi_ref.cc on every target.
//
// A lane holds a survivor as the reference does, in 16 bits: path metric in the high octet, label in the low one, so one
// minimum selects both.
//
// The metrics of a stage only matter relative to each other, so costs are taken relative to that of the symbols 00. Then half
// of the butterflies, those whose branches send 00 and 11, need an addition for one of their two costs only. The other
// costs are signed levels: G1's for 10, G2's for 01, their sum for 11. Only the first of 4 stages has true costs, with what
// shifts the metrics added to all of them.
//
// Nothing may carry out of the high octet; in units of the largest level A, for any input:
// - Two paths that part from one state differ in at most 2, 3, 5, 7, 9, 11 symbols after 1 to 6 stages, so the 64 metrics lie
//   within 11 A of each other; the best of 8 states with the same three newest bits is within 4 A of the best of all
//   (by enumeration of the 63 patterns; each differing symbol costs at most A).
// - Each 4 stages the metrics are shifted so that the best of one such 8 stands at 4 A + 6 A. The true metrics do not fall, and
//   the costs of 00 in the 3 stages that leave it out are 6 A at most. So no metric falls below zero.
// - A candidate of stage j = 0..3 comes from a state that differs from the best of the 8 in at most 11 - 2 j symbols
//   before the shift. The j + 1 stages since cost 2 A each at most, relative or not. With the 10 A these are 23 A.
// So the largest candidate is 23 A = 253 < 256.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/viterbi_simd.cc"
#include <hwy/foreach_target.h>

#include "fec/conv_code.h"
#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <hwy/cache_control.h>
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

/// Costs relative to that of the symbols 00, one row of lanes each, for the 8 stages of a block. Symbols G1 = 1 carry their
/// bit of the label.
struct alignas(64) block_costs {
    std::uint16_t of_01[block_stages][n_lanes];
    std::uint16_t of_10[block_stages][n_lanes];
    std::uint16_t of_11[block_stages][n_lanes];
    std::uint16_t of_00[block_stages / pass_stages][n_lanes]; ///< the cost itself, in the first stage of a pass
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

/// Costs of one stage. \param pairs soft bits G1 (low octet) and G2 (high octet).
HWY_INLINE void store_costs(vec16 pairs, std::size_t stage, std::size_t lane, block_costs& costs)
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
    const vec16 of_01 = hn::Sub(level2, hn::Set(d16, level_0));
    const vec16 of_10 = hn::Sub(level1, hn::Set(d16, static_cast<std::uint16_t>(level_0 - label_bit(stage))));
    hn::Store(of_01, d16, &costs.of_01[stage][lane]);
    hn::Store(of_10, d16, &costs.of_10[stage][lane]);
    hn::Store(hn::Add(of_10, of_01), d16, &costs.of_11[stage][lane]);
    if (stage % pass_stages == 0) {
        const auto positive = hn::Set(d16, level_0); // levels of soft bits of 0, above those of negative ones
        const vec16 of_00 = hn::Add(hn::SaturatedSub(positive, level1), hn::SaturatedSub(positive, level2));
        hn::Store(of_00, d16, &costs.of_00[stage / pass_stages][lane]);
    }
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
        for (std::size_t stage = 0; stage < block_stages; ++stage)
            store_costs(stages[stage], stage, lane, costs);
    }
}

// ---- Add, compare, select

// The 16 survivors of a group stay in registers for 4 stages. Every index is a template argument: GCC 12 keeps an array in
// registers only if no loop over it is left when it decides.
using survivors16 = vec16[group_states];

/// Costs of the pairs of symbols in one stage.
struct stage_costs {
    vec16 of_00, of_01, of_10, of_11;
};

/// \param later false if the cost of 00 is zero.
template <unsigned sent, bool is_relative>
HWY_INLINE vec16 add_cost(vec16 survivor, const stage_costs& cost)
{
    if constexpr (sent == 0)
        return is_relative ? survivor : hn::Add(survivor, cost.of_00);
    else
        return hn::Add(survivor, sent == 1 ? cost.of_01 : sent == 2 ? cost.of_10 : cost.of_11);
}

/// One butterfly of one stage. A group is the states x g with a fixed g (2 bits) at the start. The survivor at index x
/// (4 bits) meets the one that differs in the stage's bit of x, counted from the top; the new bit takes that bit's place.
/// So after 4 stages index n is the state g n.
template <unsigned g, unsigned stage, unsigned pair>
HWY_INLINE void butterfly(survivors16& survivors, const stage_costs& cost)
{
    constexpr unsigned partner = 8 >> stage;
    constexpr unsigned x = (pair & ~(partner - 1)) << 1 | (pair & (partner - 1));
    // The bits of x not yet replaced, g, the new bits so far.
    constexpr unsigned state = (x & (2 * partner - 1)) << (2 + stage) | g << stage | x >> (pass_stages - stage);
    constexpr unsigned sent = conv_k7::symbols(state << 1); // complementary for the partner, and for a new bit of 1
    constexpr bool is_relative = stage != 0;
    const vec16 low = survivors[x];
    const vec16 high = survivors[x | partner];
    survivors[x] = hn::Min(add_cost<sent, is_relative>(low, cost), add_cost<(sent ^ 3), is_relative>(high, cost));
    survivors[x | partner] =
        hn::Min(add_cost<(sent ^ 3), is_relative>(low, cost), add_cost<sent, is_relative>(high, cost));
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

/// One stage of one group. \param costs those of the stage, shifted if it is the first.
template <unsigned g, unsigned stage, std::size_t... pairs>
HWY_INLINE void run_stage(survivors16& survivors, const stage_costs& costs, std::index_sequence<pairs...>)
{
    (butterfly<g, stage, pairs>(survivors, costs), ...);
}

/// 4 stages of one group. \tparam first first stage of the pass in the block: 0 or 4.
template <unsigned first, unsigned g, std::size_t... x>
HWY_INLINE void run_group(const std::uint16_t* from,
                          const block_costs& costs,
                          std::size_t lane,
                          vec16 shift,
                          std::uint16_t* to,
                          [[maybe_unused]] std::uint8_t* labels,
                          std::index_sequence<x...>)
{
    const auto load = [lane](const std::uint16_t* rows, unsigned state) HWY_ATTR {
        if constexpr (first != 0)
            return hn::Load(d16, rows + row_of(state) + lane);
        // The labels start anew.
        const auto metrics = hn::MaskFromVec(hn::BitCast(d8, hn::Set(d16, metric_mask)));
        return hn::BitCast(
            d16, hn::MaskedLoad(metrics, d8, reinterpret_cast<const std::uint8_t*>(rows + row_of(state) + lane)));
    };
    const auto costs_of = [&](unsigned stage) HWY_ATTR {
        return stage_costs{ hn::Zero(d16),
                            hn::Load(d16, &costs.of_01[first + stage][lane]),
                            hn::Load(d16, &costs.of_10[first + stage][lane]),
                            hn::Load(d16, &costs.of_11[first + stage][lane]) };
    };
    survivors16 survivors{ load(from, x << 2 | g)... };
    constexpr std::make_index_sequence<group_states / 2> pairs;
    const stage_costs relative = costs_of(0);
    run_stage<g, 0>(
        survivors,
        { shift, hn::Add(relative.of_01, shift), hn::Add(relative.of_10, shift), hn::Add(relative.of_11, shift) },
        pairs);
    run_stage<g, 1>(survivors, costs_of(1), pairs);
    run_stage<g, 2>(survivors, costs_of(2), pairs);
    run_stage<g, 3>(survivors, costs_of(3), pairs);
    (hn::Store(survivors[x], d16, to + row_of(g << 4 | x) + lane), ...);
    if constexpr (first != 0) // the labels of two states in one word
        ((x % 2 == 0 ? hn::Store(hn::OrAnd(hn::ShiftLeft<8>(survivors[x | 1]), survivors[x], hn::Set(d16, label_mask)),
                                 d16,
                                 reinterpret_cast<std::uint16_t*>(labels) + row_of(g << 3 | x >> 1) + lane)
                     : void()),
         ...);
}

/// 4 stages of all states.
template <unsigned first>
HWY_INLINE void
run_pass(const std::uint16_t* from, const block_costs& costs, std::size_t lane, std::uint16_t* to, std::uint8_t* labels)
{
    const vec16 shift = hn::Add(shift_of(from, lane), hn::Load(d16, &costs.of_00[first / pass_stages][lane]));
    constexpr std::make_index_sequence<group_states> all;
    run_group<first, 0>(from, costs, lane, shift, to, labels, all);
    run_group<first, 1>(from, costs, lane, shift, to, labels, all);
    run_group<first, 2>(from, costs, lane, shift, to, labels, all);
    run_group<first, 3>(from, costs, lane, shift, to, labels, all);
}

// ---- The whole trellis

constexpr std::size_t survivor_words = row_of(conv_k7::n_states);

/// From the first to the last block. \param survivors out: 64 words a lane at the end. Fills job.labels.
HWY_INLINE void run_blocks(const stretches& job, std::uint16_t* survivors)
{
    std::memset(survivors, 0, survivor_words * sizeof(std::uint16_t)); // any state may be the first
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
            run_pass<pass_stages>(between, costs, lane, survivors, job.labels + block * label_octets);
        }
    }
}

// ---- The way back

using tag32 = hn::CappedTag<std::uint32_t, 16>;
using vec32 = hn::Vec<tag32>;
constexpr tag32 d32;
constexpr std::size_t way_vectors = n_lanes / hn::MaxLanes(d32);

/// The octet of output of an octet, for a linear function of octets: by its lower and by its upper half.
struct linear_map {
    alignas(16) std::array<std::uint8_t, 16> of_lower, of_upper;

    HWY_INLINE vec32 operator()(vec32 octets) const
    {
        constexpr hn::Repartition<std::uint8_t, tag32> d;
        const auto lower = hn::BitCast(d, hn::And(octets, hn::Set(d32, 15)));
        const auto upper = hn::BitCast(d, hn::ShiftRight<4>(octets));
        return hn::BitCast(d32,
                           hn::Xor(hn::TableLookupBytes(hn::LoadDup128(d, of_lower.data()), lower),
                                   hn::TableLookupBytes(hn::LoadDup128(d, of_upper.data()), upper)));
    }
};

template <class Function>
constexpr linear_map make_linear_map(Function octet_of_octet)
{
    linear_map map{};
    for (unsigned i = 0; i < 16; ++i) {
        map.of_lower[i] = octet_of_octet(i);
        map.of_upper[i] = octet_of_octet(i << 4);
    }
    return map;
}

constexpr linear_map octet_of_label = make_linear_map([](unsigned label) { return octet_of(label, 0); });
/// What the state adds to the octet, by the octet that names it in its upper 6 bits.
constexpr linear_map octet_of_state = make_linear_map([](unsigned octet) { return octet_of(0, state_before(octet)); });

/// One block back. \param octet the octet after the block: its upper 6 bits are the state to go on from.
HWY_INLINE vec32 step_back(const std::uint8_t* labels, vec32 octet, vec32 lane)
{
    // Words of 4 octets: two states of an even lane, the same of the next.
    const vec32 row = hn::ShiftRight<3>(octet);
    const vec32 word = hn::Add(hn::ShiftLeft<4>(row), hn::ShiftRight<1>(lane));
    const vec32 is_odd_state = hn::And(hn::ShiftRight<2>(octet), hn::Set(d32, 1));
    const vec32 is_odd_lane = hn::And(lane, hn::Set(d32, 1));
    const vec32 place = hn::Add(hn::ShiftLeft<3>(is_odd_state), hn::ShiftLeft<4>(is_odd_lane));
    const vec32 found = hn::GatherIndex(
        d32, reinterpret_cast<const std::uint32_t*>(labels), hn::BitCast(hn::RebindToSigned<tag32>(), word));
    return hn::Xor(octet_of_label(hn::And(hn::Shr(found, place), hn::Set(d32, 0xff))), octet_of_state(octet));
}

/// Follows the labels of all lanes back from their best ends.
void trace_back(const stretches& job, const std::uint16_t* survivors)
{
    // Best end of each lane; the lowest state of equals.
    std::array<std::uint16_t, n_lanes> least;
    std::array<std::uint16_t, n_lanes> best{};
    std::copy_n(survivors, n_lanes, least.begin());
    for (std::uint16_t state = 1; state < conv_k7::n_states; ++state)
        for (std::size_t lane = 0; lane < n_lanes; ++lane)
            if (const std::uint16_t word = survivors[row_of(state) + lane]; word < least[lane]) {
                least[lane] = word;
                best[lane] = state;
            }

    vec32 octets[way_vectors];
    for (std::size_t i = 0; i < way_vectors; ++i)
        octets[i] = hn::ShiftLeft<2>(
            hn::PromoteTo(d32, hn::LoadU(hn::Rebind<std::uint16_t, tag32>(), &best[i * hn::Lanes(d32)])));
    // The labels have left the first cache, and which of them are wanted is known too late.
    constexpr std::size_t blocks_ahead = 3;
    // Four blocks are one word of output.
    static_assert(std::endian::native == std::endian::little);
    alignas(64) std::array<std::uint32_t, n_lanes> words{};
    for (std::size_t block = job.n_blocks; block-- > 0;) {
        if (block >= blocks_ahead)
            for (std::size_t at = 0; at < label_octets; at += 64)
                hwy::Prefetch(job.labels + (block - blocks_ahead) * label_octets + at);
        for (std::size_t i = 0; i < way_vectors; ++i) {
            std::uint32_t* const word = &words[i * hn::Lanes(d32)];
            octets[i] = step_back(job.labels + block * label_octets,
                                  octets[i],
                                  hn::Iota(d32, static_cast<std::uint32_t>(i * hn::Lanes(d32))));
            hn::Store(hn::Or(hn::ShiftLeft<8>(hn::Load(d32, word)), octets[i]), d32, word);
        }
        if (block % sizeof(words[0]) != 0)
            continue;
        std::uint8_t* out = &job.octets[block];
        if (job.n_blocks - block >= sizeof(words[0]))
            for (std::size_t lane = 0; lane < n_lanes; ++lane, out += job.n_blocks)
                std::memcpy(out, &words[lane], sizeof(words[0]));
        else
            for (std::size_t lane = 0; lane < n_lanes; ++lane, out += job.n_blocks)
                std::memcpy(out, &words[lane], job.n_blocks - block);
    }
}

void decode(const stretches& job)
{
    alignas(64) std::uint16_t survivors[survivor_words];
    run_blocks(job, survivors);
    trace_back(job, survivors);
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
