// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "base/soft_bit.h"
#include "fec/viterbi.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// One way to read the soft stream as c1,c2 pairs of the inner code. What is left open by it, the inversion of both, the
/// code (both generators have an odd number of taps) hands on as an inversion of the decoded bits.
struct channel_reading {
    unsigned offset = 0; ///< soft bits before the first pair: 0, or 1 (BPSK: pair alignment; OQPSK: Q leads)
    bool is_swapped = false;
    bool is_second_inverted = false; ///< carrier phase, spectral inversion, sense of G2

    bool operator==(const channel_reading&) const = default;
};

/// 64 decoded bits and what is known of them; first bit the most significant.
struct resolved_word {
    std::uint64_t bits = 0;
    std::array<std::uint64_t, 2> wrong{};    ///< hard channel bits c1 and c2 that differ from the re-encoded ones
    std::array<std::uint64_t, 2> compared{}; ///< those that were no erasures
    unsigned n_bits = 64;                    ///< less in the last word of a stream
    channel_reading reading{};
};

/// Hard channel bits beside the re-encoded ones.
struct channel_bit_count {
    std::uint32_t wrong = 0, compared = 0;
};

/// Viterbi decoder that finds the ambiguities by itself: all readings that a demodulator may deliver (4 carrier phases,
/// spectral inversion, either sense of G2, which rail leads, which soft bit begins a pair) come down to 4 (OQPSK: 8).
///
/// The reading of the last batch is tried first. Where its re-encoded bits disagree with the channel more than they used to,
/// all readings are decoded, the best piecewise choice among them is found by dynamic programming over
/// stretches of 64 bits with a penalty per change, and a stitched stream is decoded again. So a phase slip costs some ten
/// bits and not the rest of a segment (cf. sensitivity study: slip repair).
class soft_resolver
{
public:
    soft_resolver(modulation kind, std::size_t segment_bits);

    /// Takes soft bits and appends decoded words to `out`, a batch at a time, and to `pairs` the 64 soft pairs behind each.
    void push(std::span<const soft_bit> soft, std::vector<resolved_word>& out, std::vector<soft_bit>& pairs);

    /// End of stream: decodes the rest, followed by erasures.
    void flush(std::vector<resolved_word>& out, std::vector<soft_bit>& pairs);

    /// Batches in which all readings were decoded: each costs some four times an ordinary one.
    std::uint64_t batches_doubted() const { return d_batches_doubted; }

private:
    struct candidate {
        std::vector<std::uint8_t> bits;
        std::vector<resolved_word> words;
        std::vector<channel_bit_count> counts; ///< of each word
    };

    std::size_t needed_soft_bits() const { return d_viterbi.input_soft_bits() + 1; }
    void decode_batch(std::size_t n_words, std::vector<resolved_word>& out, std::vector<soft_bit>& pairs);
    void decode(std::size_t reading);
    void decode_stitched();
    void read_as(const channel_reading& reading, std::size_t first_pair, std::size_t n_pairs);
    void decode_pairs(candidate& decoded);
    static channel_bit_count count(const candidate& decoded);
    bool is_suspicious(const candidate& decoded) const;
    bool is_trusted(const candidate& chosen) const;
    void choose_readings();

    viterbi_batch d_viterbi;
    std::vector<channel_reading> d_readings;
    std::size_t d_current = 0; ///< reading of the last word given out
    bool d_is_trusted = false; ///< the current reading stood out when all were compared
    std::uint64_t d_batches_doubted = 0;
    unsigned d_usual_per_mille = 0;        ///< disagreement of the last batch if trusted, else 0
    std::vector<soft_bit> d_soft;          ///< from the decoder's overlap before the next payload
    std::vector<soft_bit> d_pairs;         ///< d_soft as some reading sees it
    std::vector<channel_word> d_channel;   ///< d_pairs beside what was decoded last
    std::vector<candidate> d_candidates;   ///< one for each reading, and the stitched one
    std::vector<std::uint8_t> d_choice;    ///< reading per word
    std::vector<std::uint8_t> d_came_from; ///< dynamic programming: per word and reading
};

} // namespace xband::core
