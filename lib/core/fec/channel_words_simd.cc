// SPDX-License-Identifier: GPL-3.0-or-later
// harden() with one pair per 16-bit lane. Bit-exact with harden_ref on every target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/channel_words_simd.cc"
#include <hwy/foreach_target.h>

#include "fec/channel_words.h"
#include <bit>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xband::core::viterbi {
namespace HWY_NAMESPACE {

void harden_words(const soft_bit* pairs, std::span<hard_word> words)
{
#if HWY_TARGET == HWY_SCALAR
    for (hard_word& word : words) {
        word = harden_ref(pairs);
        pairs += 2 * word_bits;
    }
#else
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::CappedTag<std::uint16_t, 32> d16;
    const hn::Repartition<soft_bit, decltype(d16)> d8;
    constexpr std::size_t n = hn::MaxLanes(d16);
    // A mask goes straight to its place in the word, which is the quickest way out of a mask register.
    static_assert(std::endian::native == std::endian::little);
    const auto store_bits = [&](auto mask, std::uint64_t& to, std::size_t at) HWY_ATTR {
        hn::StoreMaskBits(d16, mask, reinterpret_cast<std::uint8_t*>(&to) + (word_bits - n - at) / 8);
    };
    const auto zero = hn::Zero(d16);
    static_assert(max_blank_magnitude == 2); // so a magnitude is blank if the next number has none of the higher bits
    const auto one = hn::Set(d8, soft_bit{ 1 });
    const auto more_than_3 = hn::Set(d16, std::uint16_t{ 0xfcfc });
    for (hard_word& word : words) {
        for (std::size_t at = 0; at < word_bits; at += n, pairs += 2 * n) {
            // Backwards, as lane 0 becomes the lowest bit.
            const auto both = hn::Reverse(d16, hn::BitCast(d16, hn::LoadU(d8, pairs)));
            const auto has = [&](std::uint16_t mask)
                                 HWY_ATTR { return hn::Ne(hn::And(both, hn::Set(d16, mask)), zero); };
            store_bits(has(0x0080), word.ones[0], at);
            store_bits(has(0x8000), word.ones[1], at);
            store_bits(has(0x00ff), word.there[0], at);
            store_bits(has(0xff00), word.there[1], at);
            const auto magnitude = hn::Abs(hn::BitCast(d8, both)); // -128 stays, which is not blank
            const auto next = hn::BitCast(d16, hn::Add(magnitude, one));
            store_bits(hn::Eq(hn::And(next, more_than_3), zero), word.blank, at);
        }
    }
#endif
}

void count_levels(std::span<const soft_bit> soft, level_counts& counts)
{
#if HWY_TARGET == HWY_SCALAR
    count_below_ref(soft, counts);
#else
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::CappedTag<soft_bit, 32> d8;
    constexpr std::size_t n = hn::MaxLanes(d8);
    for (std::size_t at = 0; at < soft.size(); at += n) {
        // -128 has no positive; -127 is as large for a level.
        const auto value = hn::LoadU(d8, soft.data() + at);
        const auto magnitude = hn::Abs(hn::Max(value, hn::Set(d8, soft_bit{ -127 })));
        for (std::size_t i = 0; i < counts.size(); ++i) {
            const int first = units_per_level * static_cast<int>(i + 1) - units_per_level / 2;
            const auto is_below = hn::Lt(magnitude, hn::Set(d8, static_cast<soft_bit>(first)));
            counts[i] += static_cast<unsigned>(hn::CountTrue(d8, is_below));
        }
    }
#endif
}

} // namespace HWY_NAMESPACE
} // namespace xband::core::viterbi
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xband::core::viterbi {

HWY_EXPORT(harden_words);

HWY_EXPORT(count_levels);

void count_below(std::span<const soft_bit> soft, level_counts& counts)
{
    HWY_DYNAMIC_DISPATCH(count_levels)(soft, counts);
}

void harden(const soft_bit* pairs, std::span<hard_word> words) { HWY_DYNAMIC_DISPATCH(harden_words)(pairs, words); }

} // namespace xband::core::viterbi
#endif
