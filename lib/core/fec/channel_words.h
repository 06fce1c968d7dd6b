// SPDX-License-Identifier: GPL-3.0-or-later
// Hard decisions of the channel, 64 pairs at a time, and their comparison with what was decoded.
#pragma once
#include "base/soft_bit.h"
#include "fec/viterbi.h"
#include "fec/viterbi_kernels.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xband::core::viterbi {

inline constexpr std::size_t word_bits = 64;

/// 64 pairs of soft bits; the first in the most significant place.
struct hard_word {
    std::array<std::uint64_t, 2> ones;  ///< negative soft bits, of G1 and of G2
    std::array<std::uint64_t, 2> there; ///< soft bits that are no erasures
    std::uint64_t blank;                ///< pairs without any weight: both soft bits have level 0
};

/// Largest magnitude of a soft bit with level 0.
inline constexpr int max_blank_magnitude = 2;

/// \param pairs 64 for each word.
void harden(const soft_bit* pairs, std::span<hard_word> words);

/// The specification of harden().
hard_word harden_ref(const soft_bit* pairs);

/// Numbers of soft bits with a level below 1, 2, ... max_level.
using level_counts = std::array<unsigned, max_level>;

/// Adds those of some soft bits. \param soft a multiple of 32.
void count_below(std::span<const soft_bit> soft, level_counts& counts);

/// The specification of count_below().
void count_below_ref(std::span<const soft_bit> soft, level_counts& counts);

/// Sum modulo 2 of the bits d before each bit, for each d of the set `delays` (bit d of it). \param before the word before.
template <unsigned delays>
constexpr std::uint64_t sum_of_delays(std::uint64_t word, std::uint64_t before)
{
    std::uint64_t sum = delays & 1U ? word : 0;
    for (unsigned d = 1; d < 7; ++d)
        if (delays >> d & 1U)
            sum ^= word >> d | before << (word_bits - d);
    return sum;
}

/// Encodes decoded bits again and compares.
/// \param bits         packed, 8 octets for each word.
/// \param octet_before the 8 bits before them.
void compare(std::span<const hard_word> channel,
             std::span<const std::uint8_t> bits,
             std::uint8_t octet_before,
             std::span<channel_word> compared);

} // namespace xband::core::viterbi
