// SPDX-License-Identifier: GPL-3.0-or-later
// The way back of the Viterbi decoder, the lanes side by side: each is a chain of dependent loads.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/viterbi_labels_simd.cc"
#include <hwy/foreach_target.h>

#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xband::core::viterbi {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

// decode_stretches_ref() does without.
void follow(const stretches&, const std::array<std::uint8_t, n_lanes>&) {}

#else

namespace hn = hwy::HWY_NAMESPACE;

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
    // Words of 4 octets: two states of an even lane, the same of the next one.
    static_assert(label_place(1, 0) == 1 && label_place(0, 1) == 2 && label_place(2, 0) == 4 * 16);
    const vec32 row = hn::ShiftRight<3>(octet);
    const vec32 word = hn::Add(hn::ShiftLeft<4>(row), hn::ShiftRight<1>(lane));
    const vec32 is_odd_state = hn::And(hn::ShiftRight<2>(octet), hn::Set(d32, 1));
    const vec32 is_odd_lane = hn::And(lane, hn::Set(d32, 1));
    const vec32 place = hn::Add(hn::ShiftLeft<3>(is_odd_state), hn::ShiftLeft<4>(is_odd_lane));
    const vec32 found = hn::GatherIndex(
        d32, reinterpret_cast<const std::uint32_t*>(labels), hn::BitCast(hn::RebindToSigned<tag32>(), word));
    return hn::Xor(octet_of_label(hn::And(hn::Shr(found, place), hn::Set(d32, 0xff))), octet_of_state(octet));
}

void follow(const stretches& job, const std::array<std::uint8_t, n_lanes>& last_states)
{
    vec32 octets[way_vectors];
    for (std::size_t i = 0; i < way_vectors; ++i)
        octets[i] = hn::ShiftLeft<2>(
            hn::PromoteTo(d32, hn::LoadU(hn::Rebind<std::uint8_t, tag32>(), &last_states[i * hn::Lanes(d32)])));
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

#endif // HWY_SCALAR

} // namespace HWY_NAMESPACE
} // namespace xband::core::viterbi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xband::core::viterbi {

HWY_EXPORT(follow);

void follow_labels(const stretches& job, const std::array<std::uint8_t, n_lanes>& last_states)
{
    HWY_DYNAMIC_DISPATCH(follow)(job, last_states);
}

} // namespace xband::core::viterbi
#endif
