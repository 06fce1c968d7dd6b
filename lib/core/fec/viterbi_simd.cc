// SPDX-License-Identifier: GPL-3.0-or-later
// viterbi_batch with one segment per 16-bit lane. Bit-exact with viterbi_ref.cc on every target.
//
// A lane holds a survivor as the reference does, in 16 bits: path metric in the high octet, label in the low one, so one
// minimum selects both. Nothing may carry out of the high octet; in units of the largest level A, for any input:
// - Two paths that part from one state and end anywhere differ in at most 11 symbols after 6 stages, so the 64 metrics
//   lie within 11 A of each other; the best of 16 states with the same two oldest bits is within 4 A of the best of all
//   (both by enumeration of the 63 patterns; each differing symbol costs at most A).
// - From the best state two branches leave with complementary symbols, so the best metric grows by at most A a stage.
// - Each 4 stages the metrics are shifted so that the best of one such 16 stands at 4 A: the least is then within 0..4 A.
// So the largest candidate, 4 stages later, is 4 A + 3 A + 11 A + 2 A = 20 A = 240 < 256.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/viterbi_simd.cc"
#include <hwy/foreach_target.h>

#include "fec/conv_code.h"
#include "fec/viterbi_kernels.h"
#include <bit>
#include <cstring>
#include <hwy/highway.h>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace xband::core::viterbi {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void decode_batch(const batch& job) { decode_batch_ref(job); }

#else

namespace hn = hwy::HWY_NAMESPACE;

using tag16 = hn::CappedTag<std::uint16_t, viterbi_batch::n_segments>;
using tag8 = hn::Repartition<std::uint8_t, tag16>;
using vec16 = hn::Vec<tag16>;
constexpr tag16 d16;
constexpr tag8 d8;

constexpr std::size_t n_lanes = viterbi_batch::n_segments;
constexpr std::uint16_t metric_mask = 0xff00;
constexpr unsigned metric_shift = 8;
constexpr std::uint16_t best_of_group_metric = 4 * max_level; // see above
constexpr unsigned pass_stages = 4;
constexpr unsigned group_states = 16;
static_assert(20 * max_level < 256);

// ---- Branch costs

/// Costs of the four symbol pairs, one row of lanes each, for the 8 stages of a block. The first two stages have a second
/// set, for the branches of a new bit 1: it also carries the bit into the label.
struct alignas(64) block_costs {
    std::uint16_t plain[block_stages][4][n_lanes];
    std::uint16_t labelling[2][4][n_lanes];
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
    const hn::RebindToSigned<tag8> di8;
    const auto soft = hn::BitCast(di8, pairs);
    const auto magnitude = hn::BitCast(d8, hn::Abs(soft)); // -128 becomes 128
    const auto is_one = hn::BitCast(d16, hn::BroadcastSignBit(soft));
    // x / 6 is 43 x / 256 for x < 126, so the product has the level where the metric stands, in its high octet.
    static_assert(units_per_level == 6 && max_level < 20);
    const auto rounded = hn::BitCast(
        d16, hn::Min(hn::Add(magnitude, hn::Set(d8, units_per_level / 2)), hn::Set(d8, units_per_level * max_level)));
    const auto mask = hn::Set(d16, metric_mask);
    const auto level_of = [&](vec16 octet) HWY_ATTR { return hn::And(hn::Mul(octet, hn::Set(d16, 43)), mask); };
    const vec16 level1 = level_of(hn::AndNot(mask, rounded));
    const vec16 level2 = level_of(hn::ShiftRight<8>(rounded));
    const vec16 is_one1 = hn::ShiftLeft<8>(is_one);

    // Cost of the symbol 0, cost of the symbol 1.
    const vec16 g1[2] = { hn::And(level1, is_one1), hn::AndNot(is_one1, level1) };
    const vec16 g2[2] = { hn::And(level2, is_one), hn::AndNot(is_one, level2) };
    for (unsigned sent = 0; sent < 4; ++sent) {
        const vec16 cost = hn::Add(g1[sent >> 1], g2[sent & 1]);
        hn::Store(cost, d16, &costs.plain[stage][sent][lane]);
        if (stage < 2)
            hn::Store(hn::Add(cost, hn::Set(d16, static_cast<std::uint16_t>(2U >> stage))),
                      d16,
                      &costs.labelling[stage][sent][lane]);
    }
}

/// \param soft first pair of the block in segment 0. \param segment_pitch octets from segment to segment.
HWY_INLINE void prepare_costs(const soft_bit* soft, std::size_t segment_pitch, block_costs& costs)
{
    constexpr std::size_t block_bytes = 2 * block_stages;
    alignas(64) std::uint8_t rows[8][n_lanes / 8][block_bytes];
    for (std::size_t segment = 0; segment < n_lanes; ++segment)
        std::memcpy(rows[segment % 8][segment / 8], soft + segment * segment_pitch, block_bytes);
    for (std::size_t lane = 0; lane < n_lanes; lane += hn::Lanes(d16)) {
        vec16 stages[8];
        for (std::size_t row = 0; row < 8; ++row)
            stages[row] = hn::BitCast(d16, hn::Load(d8, &rows[row][lane / 8][0]));
        transpose(stages);
        for (std::size_t stage = 0; stage < block_stages; ++stage)
            store_costs(stages[stage], stage, lane, costs);
    }
}

// ---- Add, compare, select

// The 16 survivors of a group stay in registers for 4 stages. Every index is a template argument: GCC 12 keeps an array in
// registers only if no loop over it is left when it decides.
using survivors16 = vec16[group_states];

/// One butterfly of one stage. A group is the states x g with a fixed g (2 bits) at the start. The survivor at index x
/// (4 bits) meets the one that differs in the stage's bit of x, counted from the top; the new bit takes that bit's place.
/// So after 4 stages index n is the state g n.
/// \param cost of the symbol pairs, already exchanged for g. \param cost_of_one the same where the new bit is 1.
template <unsigned stage, unsigned pair>
HWY_INLINE void butterfly(survivors16& survivors, const vec16 (&cost)[4], const vec16 (&cost_of_one)[4])
{
    constexpr unsigned partner = 8 >> stage;
    constexpr unsigned x = (pair & ~(partner - 1)) << 1 | (pair & (partner - 1));
    // State with g = 0: the bits of x not yet replaced, g, the new bits so far.
    constexpr unsigned state = (x & (2 * partner - 1)) << (2 + stage) | x >> (pass_stages - stage);
    constexpr unsigned sent = conv_k7::symbols(state << 1); // complementary for the partner, and for a new bit of 1
    const vec16 low = survivors[x];
    const vec16 high = survivors[x | partner];
    survivors[x] = hn::Min(hn::Add(low, cost[sent]), hn::Add(high, cost[sent ^ 3]));
    survivors[x | partner] = hn::Min(hn::Add(low, cost_of_one[sent ^ 3]), hn::Add(high, cost_of_one[sent]));
}

constexpr std::size_t row_of(unsigned state) { return state * n_lanes; }

alignas(64) constexpr auto state_labels = [] {
    std::array<std::uint16_t, conv_k7::n_states * n_lanes> rows{};
    for (unsigned state = 0; state < conv_k7::n_states; ++state)
        for (std::size_t lane = 0; lane < n_lanes; ++lane)
            rows[row_of(state) + lane] = static_cast<std::uint16_t>(state << 2);
    return rows;
}();

/// What brings the best of the 16 states with the oldest bits 00 to its place, to be added to every survivor.
HWY_INLINE vec16 shift_of(const std::uint16_t* survivors, std::size_t lane)
{
    vec16 least = hn::Load(d16, survivors + lane);
    for (unsigned state = 1; state < group_states; ++state)
        least = hn::Min(least, hn::Load(d16, survivors + row_of(state) + lane));
    return hn::Sub(hn::Set(d16, best_of_group_metric << metric_shift), hn::And(least, hn::Set(d16, metric_mask)));
}

/// One stage of one group. \tparam first first stage of the pass in the block: 0 or 4.
template <unsigned first, unsigned stage, std::size_t... pairs>
HWY_INLINE void run_stage(survivors16& survivors,
                          const block_costs& costs,
                          unsigned g,
                          std::size_t lane,
                          vec16 shift,
                          std::index_sequence<pairs...>)
{
    // The code is linear, so g exchanges the symbol pairs by a constant.
    const unsigned exchange = conv_k7::symbols(g << (stage + 1));
    const auto cost_of = [&](const std::uint16_t(&rows)[4][n_lanes], unsigned sent) HWY_ATTR {
        const vec16 cost = hn::Load(d16, &rows[sent ^ exchange][lane]);
        return stage == 0 ? hn::Add(cost, shift) : cost;
    };
    const auto& plain = costs.plain[first + stage];
    const auto& of_one = first + stage < 2 ? costs.labelling[first + stage] : plain;
    const vec16 cost[4] = { cost_of(plain, 0), cost_of(plain, 1), cost_of(plain, 2), cost_of(plain, 3) };
    if constexpr (first + stage < 2) {
        const vec16 cost_of_one[4] = { cost_of(of_one, 0), cost_of(of_one, 1), cost_of(of_one, 2), cost_of(of_one, 3) };
        (butterfly<stage, pairs>(survivors, cost, cost_of_one), ...);
    } else {
        (butterfly<stage, pairs>(survivors, cost, cost), ...);
    }
}

/// 4 stages of one group.
template <unsigned first, std::size_t... x>
HWY_INLINE void run_group(const std::uint16_t* from,
                          const block_costs& costs,
                          unsigned g,
                          std::size_t lane,
                          vec16 shift,
                          std::uint16_t* to,
                          std::index_sequence<x...>)
{
    survivors16 survivors{ hn::Load(d16, from + row_of(x << 2 | g) + lane)... };
    if constexpr (first == 0) // the labels start anew
        ((survivors[x] = hn::OrAnd(
              hn::Load(d16, &state_labels[row_of(x << 2 | g) + lane]), survivors[x], hn::Set(d16, metric_mask))),
         ...);
    constexpr std::make_index_sequence<group_states / 2> pairs;
    run_stage<first, 0>(survivors, costs, g, lane, shift, pairs);
    run_stage<first, 1>(survivors, costs, g, lane, shift, pairs);
    run_stage<first, 2>(survivors, costs, g, lane, shift, pairs);
    run_stage<first, 3>(survivors, costs, g, lane, shift, pairs);
    (hn::Store(survivors[x], d16, to + row_of(g << 4 | x) + lane), ...);
}

/// 4 stages of all states.
template <unsigned first>
HWY_INLINE void run_pass(const std::uint16_t* from, const block_costs& costs, std::size_t lane, std::uint16_t* to)
{
    const vec16 shift = shift_of(from, lane);
    for (unsigned g = 0; g < 4; ++g)
        run_group<first>(from, costs, g, lane, shift, to, std::make_index_sequence<group_states>{});
}

/// The trellis from its first to its last block; fills job.survivors.
void run_trellis(const batch& job)
{
    constexpr std::size_t block_words = row_of(conv_k7::n_states);
    std::memset(job.survivors, 0, block_words * sizeof(std::uint16_t)); // any state may be the first
    const soft_bit* soft = job.soft.data() + 2 * first_stage;
    std::uint16_t* survivors = job.survivors;
    alignas(64) block_costs costs;
    alignas(64) std::uint16_t between[block_words];
    for (std::size_t block = 0; block < n_blocks(job.segment_bits, job.overlap_bits); ++block) {
        prepare_costs(soft, 2 * job.segment_bits, costs);
        for (std::size_t lane = 0; lane < n_lanes; lane += hn::Lanes(d16)) {
            run_pass<0>(survivors, costs, lane, between);
            run_pass<pass_stages>(between, costs, lane, survivors + block_words);
        }
        soft += 2 * block_stages;
        survivors += block_words;
    }
}

// ---- Disagreements

/// 64 hard decisions of one of the two symbol streams, the first in the least significant place.
struct hard_bits {
    std::uint64_t ones = 0;
    std::uint64_t erased = 0;
};

/// \param soft 64 pairs.
HWY_INLINE void harden(const soft_bit* soft, hard_bits& g1, hard_bits& g2)
{
    const hn::CappedTag<soft_bit, 64> d;
    constexpr std::size_t n = hn::MaxLanes(d);
    const auto zero = hn::Zero(d);
    const auto bits_of = [&](auto mask) {
        std::uint64_t bits = 0;
        std::uint8_t octets[8] = {};
        hn::StoreMaskBits(d, mask, octets);
        std::memcpy(&bits, octets, sizeof(bits));
        return bits;
    };
    for (std::size_t at = 0; at < 64; at += n) {
        hn::Vec<decltype(d)> s1, s2;
        hn::LoadInterleaved2(d, soft + 2 * at, s1, s2);
        g1.ones |= bits_of(hn::Lt(s1, zero)) << at;
        g2.ones |= bits_of(hn::Lt(s2, zero)) << at;
        g1.erased |= bits_of(hn::Eq(s1, zero)) << at;
        g2.erased |= bits_of(hn::Eq(s2, zero)) << at;
    }
}

/// Reverses the bits within each octet.
HWY_INLINE std::uint64_t mirror_octets(std::uint64_t x)
{
    x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
    x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
    return (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
}

/// Symbols of 64 consecutive bits (first in the least significant place). \param before the 64 bits before them.
template <unsigned taps>
HWY_INLINE std::uint64_t encode(std::uint64_t bits, std::uint64_t before)
{
    std::uint64_t symbols = bits; // both codes tap the newest bit
    for (unsigned delay = 1; delay < 7; ++delay)
        if (taps >> delay & 1)
            symbols ^= bits << delay | before >> (64 - delay);
    return symbols;
}

std::uint32_t
count_disagreements(const soft_bit* soft, std::span<const std::uint8_t> decoded, std::uint8_t octet_before)
{
    std::uint32_t count = 0;
    std::uint64_t before = mirror_octets(std::uint64_t{ octet_before } << 56);
    for (std::size_t at = 0; at < decoded.size(); at += 8, soft += 128) {
        std::uint64_t bits;
        std::memcpy(&bits, &decoded[at], sizeof(bits));
        bits = mirror_octets(bits);
        hard_bits g1, g2;
        harden(soft, g1, g2);
        count += std::popcount((encode<conv_k7::g1_taps>(bits, before) ^ g1.ones) & ~g1.erased);
        count += std::popcount((encode<conv_k7::g2_taps>(bits, before) ^ g2.ones) & ~g2.erased);
        before = bits;
    }
    return count;
}

void decode_batch(const batch& job)
{
    run_trellis(job);
    std::array<std::uint8_t, n_lanes> octets_before;
    trace_back(job, octets_before);
    const std::size_t segment_bytes = job.segment_bits / 8;
    for (std::size_t segment = 0; segment < n_lanes; ++segment)
        job.disagreements[segment] =
            count_disagreements(job.soft.data() + 2 * (job.overlap_bits + segment * job.segment_bits),
                                job.bits.subspan(segment * segment_bytes, segment_bytes),
                                octets_before[segment]);
}

#endif // HWY_SCALAR

} // namespace HWY_NAMESPACE
} // namespace xband::core::viterbi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xband::core::viterbi {

HWY_EXPORT(decode_batch);

void decode_batch_simd(const batch& job) { HWY_DYNAMIC_DISPATCH(decode_batch)(job); }

} // namespace xband::core::viterbi
#endif
