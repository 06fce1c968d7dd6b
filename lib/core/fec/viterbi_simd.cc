// SPDX-License-Identifier: GPL-3.0-or-later
// The Viterbi decoder with one stretch per 16-bit lane. Bit-exact with viterbi_ref.cc on every target.
//
// A lane holds a survivor as the reference does, in 16 bits: path metric in the high octet, label in the low one, so one
// minimum selects both. Nothing may carry out of the high octet; in units of the largest level A, for any input:
// - Two paths that part from one state and end anywhere differ in at most 11 symbols after 6 stages, so the 64 metrics
//   lie within 11 A of each other; the best of 8 states with the same three newest bits is within 4 A of the best of all
//   (both by enumeration of the 63 patterns; each differing symbol costs at most A).
// - From the best state two branches leave with complementary symbols, so the best metric grows by at most A a stage.
// - Each 4 stages the metrics are shifted so that the best of one such 8 stands at 4 A: the least is then within 0..4 A.
// So the largest candidate, 4 stages later, is 4 A + 3 A + 11 A + 2 A = 20 A = 240 < 256.
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
constexpr std::uint16_t best_of_eight_metric = 4 * max_level; // see above
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

/// What brings the best of the 8 states with the newest bits 000 to its place, to be added to every survivor.
HWY_INLINE vec16 shift_of(const std::uint16_t* survivors, std::size_t lane)
{
    vec16 least = hn::Load(d16, survivors + lane);
    for (unsigned state = 8; state < conv_k7::n_states; state += 8)
        least = hn::Min(least, hn::Load(d16, survivors + row_of(state) + lane));
    return hn::Sub(hn::Set(d16, best_of_eight_metric << metric_shift), hn::And(least, hn::Set(d16, metric_mask)));
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
                          [[maybe_unused]] std::uint8_t* labels,
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
    const vec16 shift = shift_of(from, lane);
    for (unsigned g = 0; g < 4; ++g)
        run_group<first>(from, costs, g, lane, shift, to, labels, std::make_index_sequence<group_states>{});
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

/// Where the label of the state stands in a block for lane 0, by the label that names the state in its upper 6 bits.
constexpr auto place_of_state = [] {
    std::array<std::uint16_t, 256> places{};
    for (unsigned label = 0; label < places.size(); ++label)
        places[label] = static_cast<std::uint16_t>(2 * row_of(label >> 3) + (label >> 2 & 1));
    return places;
}();

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

    std::array<std::uint8_t, n_lanes> label; // the upper 6 bits are the state to go on from
    for (std::size_t lane = 0; lane < n_lanes; ++lane)
        label[lane] = static_cast<std::uint8_t>(best[lane] << 2);
    const std::size_t n_blocks = job.n_blocks;
    std::uint8_t* const octets = job.octets.data();
    // The lanes side by side, as each is a chain of dependent loads.
    for (std::size_t block = n_blocks; block-- > 0;) {
        const std::uint8_t* labels = job.labels + block * label_octets;
        for (std::size_t lane = 0; lane < n_lanes; ++lane) {
            label[lane] = labels[place_of_state[label[lane]] + 2 * lane];
            octets[lane * n_blocks + block] = label[lane];
        }
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
