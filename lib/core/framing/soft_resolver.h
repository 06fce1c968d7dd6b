// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "base/soft_bit.h"
#include "fec/puncture.h"
#include "fec/viterbi.h"
#include "framing/channel_readings.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

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
/// spectral inversion, either sense of G2, which rail leads, which soft bit begins a puncture period), as far as the code
/// tells them apart (channel_readings). At rate 1/2 they come down to 4 (OQPSK: 8).
///
/// The reading of the last batch is tried first. Where its re-encoded bits disagree with the channel more than they used to,
/// all readings are decoded, the best piecewise choice among them is found by dynamic programming over
/// stretches of 64 bits with a penalty per change, and a stitched stream is decoded again. So a phase slip costs some ten
/// bits and not the rest of a segment (cf. sensitivity study: slip repair).
class soft_resolver
{
public:
    /// \param pattern  of the rate; its periods fill whole channel symbols.
    soft_resolver(modulation kind, code_rate rate, const puncture_pattern& pattern, std::size_t segment_bits);

    const channel_readings& readings() const { return d_readings; }

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

    /// What tells a wrong reading at a code rate (soft_resolver.cc).
    struct limits {
        unsigned noise_per_mille;
        unsigned clean_wrong_per_mille;
        unsigned suspicious_excess_bits;
        std::size_t overlap_words;
    };

    static limits limits_of(code_rate rate);
    void begin_stream();
    std::int64_t first_period() const;
    std::int64_t bits_begun() const;
    std::size_t n_periods() const;
    std::size_t needed_soft_bits() const;
    void decode_batch(std::size_t n_words, std::vector<resolved_word>& out, std::vector<soft_bit>& pairs);
    void decode(std::size_t reading);
    void decode_stitched();
    void read_as(std::size_t reading);
    void decode_pairs(candidate& decoded);
    static channel_bit_count count(const candidate& decoded);
    bool is_suspicious(const candidate& decoded) const;
    bool is_trusted(const candidate& chosen) const;
    void choose_readings();

    viterbi_batch d_viterbi;
    puncture_pattern d_pattern;
    channel_readings d_readings;
    std::vector<depuncturer> d_depuncturers; ///< one for each reading
    limits d_limits;
    std::size_t d_overlap_words;
    std::int64_t d_first_bit = 0; ///< first of the next payload
    std::size_t d_current = 0;    ///< reading of the last word given out
    bool d_is_trusted = false;    ///< the current reading stood out when all were compared
    std::uint64_t d_batches_doubted = 0;
    unsigned d_usual_per_mille = 0;        ///< disagreement of the last batch if trusted, else 0
    std::vector<soft_bit> d_soft;          ///< from the period on in which the overlap before the next payload begins
    std::vector<soft_bit> d_expanded;      ///< d_soft as some reading sees it
    std::vector<soft_bit> d_stitched;      ///< each word as the reading chosen for it sees it
    std::span<const soft_bit> d_pairs;     ///< the batch that was decoded last, in one of the two
    std::vector<channel_word> d_channel;   ///< d_pairs beside what was decoded
    std::vector<candidate> d_candidates;   ///< one for each reading, and the stitched one
    std::vector<std::uint8_t> d_choice;    ///< reading per word
    std::vector<std::uint8_t> d_came_from; ///< dynamic programming: per word and reading
};

} // namespace xband::core
