// SPDX-License-Identifier: GPL-3.0-or-later
// What the scalar reference and the SIMD decoder share.
#pragma once
#include "fec/viterbi.h"

namespace xband::core::viterbi {

// The trellis runs in blocks of 8 stages. A survivor of block k is described by one octet: the 6 bits of the state it stood
// in before the block and the first two bits of the block, oldest first. These are the 8 information bits that begin 6
// before the block; so blocks start 6 bits after an octet boundary and the octet is a whole octet of output.
inline constexpr std::size_t block_stages = 8;
inline constexpr std::size_t label_delay = 6;

/// First stage of the trellis, counted from the first soft bit pair.
inline constexpr std::size_t first_stage = label_delay;
/// Blocks of one segment, overlaps included: overlap_bits - 6 + segment_bits + overlap_bits - 2 stages. The first
/// overlap_bits / 8 of them come before the one whose label is the first octet of payload.
constexpr std::size_t n_blocks(std::size_t segment_bits, std::size_t overlap_bits)
{
    return (segment_bits + 2 * overlap_bits) / block_stages - 1;
}

/// Quantised magnitude of a soft bit: 0 to max_level. The largest level is what 8-bit path metrics have room for
/// (derivation in viterbi_simd.cc); 6 units a level then clip at about twice the noise-free amplitude of soft bits whose rms
/// is 40. Measured at that scale, loss against floating point: 0.06 dB with 8 units a level, under 0.04 dB with 6.
inline constexpr int max_level = 12;
inline constexpr int units_per_level = 6;
constexpr int level(soft_bit soft)
{
    const int magnitude = soft < 0 ? -int{ soft } : int{ soft };
    const int rounded = (magnitude + units_per_level / 2) / units_per_level;
    return rounded < max_level ? rounded : max_level;
}

/// One call of viterbi_batch::decode.
struct batch {
    std::span<const soft_bit> soft;
    std::size_t segment_bits;
    std::size_t overlap_bits;
    std::span<std::uint8_t> bits;
    std::span<std::uint32_t, viterbi_batch::n_segments> disagreements;
    /// Survivor words, 64 states of 32 lanes before the first block and after each; cache-line aligned. Working memory.
    std::uint16_t* survivors;
};

/// Decodes one segment: the specification of viterbi_batch.
/// \param soft pairs from overlap_bits before the segment to overlap_bits after it.
/// \param bits segment_bits / 8 octets out; tell how long the segment is.
/// \returns disagreements, as viterbi_batch::decode.
std::uint32_t decode_segment_ref(std::span<const soft_bit> soft, std::span<std::uint8_t> bits);

/// Decodes a batch segment by segment with the reference.
void decode_batch_ref(const batch& job);

/// Decodes a batch on the active SIMD target.
void decode_batch_simd(const batch& job);

/// Follows the survivors of all lanes back from their best ends and writes the payload.
/// \param octets_before out: for each lane, the 8 bits of its path before its first payload bit.
void trace_back(const batch& job, std::span<std::uint8_t, viterbi_batch::n_segments> octets_before);

} // namespace xband::core::viterbi
