// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/channel_words.h"
#include "fec/conv_code.h"

namespace xband::core::viterbi {
namespace {

std::uint64_t load_big_endian(const std::uint8_t* octets)
{
    std::uint64_t word = 0;
    for (int i = 0; i < 8; ++i)
        word = word << 8 | octets[i];
    return word;
}

} // namespace

hard_word harden_ref(const soft_bit* pairs)
{
    hard_word word{};
    for (std::size_t i = 0; i < word_bits; ++i, pairs += 2) {
        const std::uint64_t place = std::uint64_t{ 1 } << (word_bits - 1 - i);
        bool is_blank = true;
        for (const std::size_t symbol : { 0U, 1U }) {
            const soft_bit soft = pairs[symbol];
            word.ones[symbol] |= soft < 0 ? place : 0;
            word.there[symbol] |= soft != 0 ? place : 0;
            is_blank = is_blank && soft >= -max_blank_magnitude && soft <= max_blank_magnitude;
        }
        word.blank |= is_blank ? place : 0;
    }
    return word;
}

void count_below_ref(std::span<const soft_bit> soft, level_counts& counts)
{
    for (const soft_bit value : soft)
        for (int limit = level(value) + 1; limit <= max_level; ++limit)
            ++counts[static_cast<std::size_t>(limit - 1)];
}

void compare(std::span<const hard_word> channel,
             std::span<const std::uint8_t> bits,
             std::uint8_t octet_before,
             std::span<channel_word> compared)
{
    std::uint64_t before = octet_before;
    const std::uint8_t* octets = bits.data();
    channel_word* out = compared.data();
    for (const hard_word& word : channel) {
        const std::uint64_t decoded = load_big_endian(octets);
        out->compared = word.there;
        out->wrong = { (sum_of_delays<conv_k7::g1_taps>(decoded, before) ^ word.ones[0]) & word.there[0],
                       (sum_of_delays<conv_k7::g2_taps>(decoded, before) ^ word.ones[1]) & word.there[1] };
        before = decoded;
        octets += sizeof(decoded);
        ++out;
    }
}

#ifndef XBAND_SIMD
void harden(const soft_bit* pairs, std::span<hard_word> words)
{
    for (hard_word& word : words) {
        word = harden_ref(pairs);
        pairs += 2 * word_bits;
    }
}

void count_below(std::span<const soft_bit> soft, level_counts& counts) { count_below_ref(soft, counts); }
#endif

} // namespace xband::core::viterbi
