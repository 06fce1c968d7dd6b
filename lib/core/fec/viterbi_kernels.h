// SPDX-License-Identifier: GPL-3.0-or-later
// What the scalar reference and the SIMD decoder share.
#pragma once
#include "fec/conv_code.h"
#include "fec/viterbi.h"

namespace xband::core::viterbi {

// The trellis runs in blocks of 8 stages. A survivor of block k is described by one octet, its label: the symbols G1 that its
// path sends in the block, the first in the most significant place. With the state at the end they tell the path, as G1 taps
// the oldest bit: 8 bits fall out of the register in a block, the 6 of the state before it and the first two of the block.
// These are the 8 information bits that begin 6 before the block; so blocks start 6 bits after an octet boundary and what
// falls out is a whole octet of output.
inline constexpr std::size_t block_stages = 8;
inline constexpr std::size_t label_delay = 6;

/// What a new branch with symbol G1 = 1 adds to the label in each stage of a block.
constexpr unsigned label_bit(std::size_t stage) { return 0x80U >> stage; }

/// The octet of output that falls out of the register in a block. Linear: the octet of the label in state 0, and the octet
/// of label 0 in the state, added modulo 2.
constexpr std::uint8_t octet_of(unsigned label, unsigned state_after)
{
    unsigned octet = 0;
    unsigned state = state_after;
    for (std::size_t stage = block_stages; stage-- > 0;) {
        const unsigned g1 = (label & label_bit(stage)) != 0 ? 1 : 0;
        const unsigned fell = g1 ^ conv_k7::symbols(state) >> 1; // the register is the bit that fell out and the state
        octet |= fell << (block_stages - 1 - stage);
        state = fell << (label_delay - 1) | state >> 1;
    }
    return static_cast<std::uint8_t>(octet);
}

/// The state before a block: the oldest 6 of the 8 bits.
constexpr unsigned state_before(std::uint8_t octet) { return octet >> 2U; }

/// Blocks of one segment, overlaps included: overlap_bits - 6 + segment_bits + overlap_bits - 2 stages. The first
/// overlap_bits / 8 of them come before the one that gives the first octet of payload.
constexpr std::size_t n_blocks(std::size_t segment_bits, std::size_t overlap_bits)
{
    return (segment_bits + 2 * overlap_bits) / block_stages - 1;
}

/// Quantised magnitude of a soft bit: 0 to max_level. The largest level is what 8-bit path metrics have room for
/// (derivation in viterbi_simd.cc); 6 units a level then clip at about twice the noise-free amplitude of soft bits whose rms
/// is 40. Measured at that scale, loss against floating point: 0.06 dB with 8 units a level, 0.04 dB with 6.
inline constexpr int max_level = 11;
inline constexpr int units_per_level = 6;
constexpr int level(soft_bit soft)
{
    const int magnitude = soft < 0 ? -int{ soft } : int{ soft };
    const int rounded = (magnitude + units_per_level / 2) / units_per_level;
    return rounded < max_level ? rounded : max_level;
}

inline constexpr std::size_t n_lanes = viterbi_batch::n_segments;

/// Octets that keep the labels of one block.
inline constexpr std::size_t label_octets = conv_k7::n_states * n_lanes;

/// Where the label of a state stands in them.
constexpr std::size_t label_place(unsigned state, std::size_t lane)
{
    return (state / 2 * n_lanes + lane) * 2 + state % 2;
}

/// Stretches of one length to be decoded side by side, each on its own.
struct stretches {
    std::array<const soft_bit*, n_lanes> soft; ///< first pair of each
    std::size_t n_blocks;
    /// Out: the octets of the best path, n_blocks for each stretch. The first holds the bits that begin 6 before the first
    /// pair; the last 6 bits of the path are in no octet.
    std::span<std::uint8_t> octets;
    /// Working memory, cache-line aligned: label_octets for each block.
    std::uint8_t* labels;
};

/// Decodes one stretch: the specification of the decoder.
/// \param octets one for each block, as in `stretches`.
void decode_stretch_ref(const soft_bit* soft, std::span<std::uint8_t> octets);

/// Follows the labels of all lanes back from their last states: the second half of decode_stretches() on SIMD targets.
void follow_labels(const stretches& job, const std::array<std::uint8_t, n_lanes>& last_states);

/// Decodes stretches on the active SIMD target.
void decode_stretches(const stretches& job);

/// The same with the reference.
void decode_stretches_ref(const stretches& job);

} // namespace xband::core::viterbi
