// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

namespace viterbi {
struct hard_word;
struct doubtful_stretch;
} // namespace viterbi

/// 64 information bits' worth of hard channel bits beside the encoded path; the first in the most significant place.
struct channel_word {
    std::array<std::uint64_t, 2> wrong{};    ///< symbols G1 and G2 that differ from the encoded ones
    std::array<std::uint64_t, 2> compared{}; ///< those that were no erasures

    bool operator==(const channel_word&) const = default;
};

/// Soft-decision Viterbi decoder of the K=7 rate-1/2 code with G1 = 171, G2 = 133 octal (CCSDS 131.0-B-5, 3.3).
///
/// Works on batches: the payload is cut in 32 equal stretches ("segments"), each decoded on its own with an overlap into
/// its neighbours, so that SIMD lanes never talk to each other. The output does not depend on the SIMD width: every
/// target gives the bits of the scalar reference (viterbi_ref.cc), ties included.
///
/// Soft bits are quantised to min((|soft| + 3) / 6, 11) levels of either sign. With the demodulator's scale (rms 40) that
/// costs 0.04 dB at Eb/N0 1.5 to 3 dB against floating point (tests/core/qa_viterbi.cc).
class viterbi_batch
{
public:
    static constexpr std::size_t n_segments = 32;
    static constexpr std::size_t max_segment_bits = 65536;
    static constexpr std::size_t default_segment_bits = 4032;
    static constexpr std::size_t max_overlap_bits = 512;

    /// Overlap for a code punctured to k information bits in n channel bits: the survivors need a time to merge that grows
    /// with 1 / (1 - k/n). Measured with segments of 1024 bits at bit error rates of 1e-3 and 2e-2: the cut adds less than
    /// 0.1 % of errors at r = 1/2 and less than 0.5 % at 2/3 to 7/8, which is below 0.003 dB. An overlap of 64 bits would
    /// cost 1.0 % at 3/4, 2.8 % at 5/6 and 8.7 % at 7/8.
    static constexpr std::size_t overlap_bits_for(std::size_t k, std::size_t n)
    {
        const std::size_t whole_octets = (24 * n / (n - k) + 7) / 8 * 8;
        return whole_octets < 64 ? 64 : whole_octets;
    }

    /// \param segment_bits information bits per segment: a multiple of 64 in 128..65536, else std::invalid_argument.
    ///        Memory is 260 octets a bit. 1984 suits an L2 cache of 1 MiB; the default has half the overlap to decode, which
    ///        is worth more with punctured codes and as much with r = 1/2. A multiple of 1024 would put the stretches where
    ///        they compete for the same cache lines.
    /// \param overlap_bits how far the decoding of a segment reaches into its neighbours on either side: a multiple of 8 in
    ///        64..512, else std::invalid_argument. It costs 2 * overlap_bits / segment_bits of the speed.
    /// \param skips_error_free take the bits from the hard decisions where these are proven to be the best path
    ///        (error_free.h). The output is the same; false is for tests and for a time that does not depend on the signal.
    explicit viterbi_batch(std::size_t segment_bits = default_segment_bits,
                           std::size_t overlap_bits = overlap_bits_for(1, 2),
                           bool skips_error_free = true);
    viterbi_batch(viterbi_batch&&) noexcept;
    viterbi_batch& operator=(viterbi_batch&&) noexcept;
    ~viterbi_batch();

    std::size_t segment_bits() const noexcept { return d_segment_bits; }
    std::size_t overlap_bits() const noexcept { return d_overlap_bits; }
    /// Information bits that one decode() gives.
    std::size_t payload_bits() const noexcept { return n_segments * d_segment_bits; }
    /// Soft bits that one decode() reads: two per information bit, overlaps included.
    std::size_t input_soft_bits() const noexcept { return 2 * (payload_bits() + 2 * d_overlap_bits); }

    /// Decodes one batch. Batches are independent; the next one starts payload_bits() later in the stream.
    /// \param soft input_soft_bits() soft bits, G1 then G2 for each information bit, neither inverted, from
    ///        overlap_bits() before the first payload bit on. Fill with 0 (erasures) beyond the ends of the stream.
    /// \param bits payload_bits() / 8 octets out, packed, most significant bit first.
    /// \param channel payload_bits() / 64 words out: the channel beside the decoded bits.
    /// Other sizes throw std::invalid_argument.
    void decode(std::span<const soft_bit> soft, std::span<std::uint8_t> bits, std::span<channel_word> channel);

private:
    struct alignas(64) cache_line {
        std::array<std::uint8_t, 64> octets;
    };

    struct window;

    std::span<viterbi::hard_word> payload_words();
    void harden_input(std::span<const soft_bit> soft);
    std::uint8_t decode_all(std::span<const soft_bit> soft, std::span<std::uint8_t> bits);
    bool plan_windows(std::span<const soft_bit> soft);
    std::uint8_t decode_windows(std::span<const soft_bit> soft, std::span<std::uint8_t> bits);

    std::size_t d_segment_bits;
    std::size_t d_overlap_bits;
    bool d_skips_error_free;
    std::vector<cache_line> d_labels;        ///< see viterbi_kernels.h
    std::vector<std::uint8_t> d_octets;      ///< of the best path of each lane
    std::vector<viterbi::hard_word> d_words; ///< from 64-bit words before the payload to words after it
    std::vector<viterbi::doubtful_stretch> d_doubtful;
    std::vector<window> d_windows; ///< the longest first
};

} // namespace xband::core
