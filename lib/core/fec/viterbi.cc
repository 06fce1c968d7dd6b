// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/viterbi.h"
#include "base/simd_target.h"
#include "fec/channel_words.h"
#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <stdexcept>
#include <string>

namespace xband::core {
namespace {

using viterbi::word_bits;

void require(bool holds, const char* what, std::size_t is, const std::string& must)
{
    if (!holds)
        throw std::invalid_argument("viterbi_batch: " + std::string(what) + " is " + std::to_string(is) + ", must be " +
                                    must);
}

/// Words that the overlap touches on one side.
constexpr std::size_t overlap_words(std::size_t overlap_bits) { return (overlap_bits + word_bits - 1) / word_bits; }

} // namespace

viterbi_batch::viterbi_batch(std::size_t segment_bits, std::size_t overlap_bits)
    : d_segment_bits(segment_bits),
      d_overlap_bits(overlap_bits)
{
    require(segment_bits % 64 == 0 && segment_bits >= 128 && segment_bits <= max_segment_bits,
            "segment_bits",
            segment_bits,
            "a multiple of 64 in 128.." + std::to_string(max_segment_bits));
    require(overlap_bits % 8 == 0 && overlap_bits >= 64 && overlap_bits <= max_overlap_bits,
            "overlap_bits",
            overlap_bits,
            "a multiple of 8 in 64.." + std::to_string(max_overlap_bits));
    active_target(); // the place to refuse a wrong XBAND_SIMD_TARGET, not the sample path
    const std::size_t blocks = viterbi::n_blocks(segment_bits, overlap_bits);
    d_labels.resize(blocks * viterbi::label_words / std::tuple_size_v<decltype(word_row::words)>);
    d_octets.resize(blocks * n_segments);
    d_words.resize(payload_bits() / word_bits + 2 * overlap_words(overlap_bits));
}

viterbi_batch::viterbi_batch(viterbi_batch&&) noexcept = default;
viterbi_batch& viterbi_batch::operator=(viterbi_batch&&) noexcept = default;
viterbi_batch::~viterbi_batch() = default;

void viterbi_batch::decode(std::span<const soft_bit> soft,
                           std::span<std::uint8_t> bits,
                           std::span<channel_word> channel)
{
    require(soft.size() == input_soft_bits(), "soft.size()", soft.size(), std::to_string(input_soft_bits()));
    require(bits.size() == payload_bits() / 8, "bits.size()", bits.size(), std::to_string(payload_bits() / 8));
    require(channel.size() == payload_bits() / word_bits,
            "channel.size()",
            channel.size(),
            std::to_string(payload_bits() / word_bits));
    harden_input(soft);
    const std::uint8_t octet_before = decode_all(soft, bits);
    viterbi::compare(payload_words(), bits, octet_before, channel);
}

std::span<viterbi::hard_word> viterbi_batch::payload_words()
{
    return std::span(d_words).subspan(overlap_words(d_overlap_bits), payload_bits() / word_bits);
}

/// Fills d_words; what lies before and after the input is erased.
void viterbi_batch::harden_input(std::span<const soft_bit> soft)
{
    std::span<viterbi::hard_word> words = d_words;
    const std::size_t edge = 2 * (d_overlap_bits % word_bits);
    if (edge != 0) {
        std::array<soft_bit, 2 * word_bits> first{}, last{};
        std::copy_n(soft.begin(), edge, first.end() - static_cast<std::ptrdiff_t>(edge));
        std::copy_n(soft.end() - static_cast<std::ptrdiff_t>(edge), edge, last.begin());
        viterbi::harden(first.data(), words.first(1));
        viterbi::harden(last.data(), words.last(1));
        words = words.subspan(1, words.size() - 2);
    }
    viterbi::harden(soft.data() + edge, words);
}

/// Decodes every bit. \returns the 8 bits before the payload.
std::uint8_t viterbi_batch::decode_all(std::span<const soft_bit> soft, std::span<std::uint8_t> bits)
{
    const std::size_t blocks = viterbi::n_blocks(d_segment_bits, d_overlap_bits);
    viterbi::stretches job{ {}, blocks, d_octets, d_labels.data()->words.data() };
    for (std::size_t segment = 0; segment < n_segments; ++segment)
        job.soft[segment] = soft.data() + 2 * (segment * d_segment_bits + viterbi::label_delay);
    viterbi::decode_stretches(job);
    const std::size_t head = d_overlap_bits / viterbi::block_stages;
    const std::size_t segment_octets = d_segment_bits / 8;
    for (std::size_t segment = 0; segment < n_segments; ++segment)
        std::copy_n(&d_octets[segment * blocks + head], segment_octets, &bits[segment * segment_octets]);
    return d_octets[head - 1];
}

} // namespace xband::core
