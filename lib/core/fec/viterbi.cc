// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/viterbi.h"
#include "base/simd_target.h"
#include "fec/conv_code.h"
#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <stdexcept>
#include <string>

namespace xband::core {
namespace {

void require(bool holds, const char* what, std::size_t is, const std::string& must)
{
    if (!holds)
        throw std::invalid_argument("viterbi_batch: " + std::string(what) + " is " + std::to_string(is) + ", must be " +
                                    must);
}

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
    d_survivors.resize((viterbi::n_blocks(segment_bits, overlap_bits) + 1) * conv_k7::n_states);
}

void viterbi_batch::decode(std::span<const soft_bit> soft,
                           std::span<std::uint8_t> bits,
                           std::span<std::uint32_t, n_segments> disagreements)
{
    require(soft.size() == input_soft_bits(), "soft.size()", soft.size(), std::to_string(input_soft_bits()));
    require(bits.size() == payload_bits() / 8, "bits.size()", bits.size(), std::to_string(payload_bits() / 8));
    const viterbi::batch job{
        soft, d_segment_bits, d_overlap_bits, bits, disagreements, d_survivors.data()->lane.data()
    };
#ifdef XBAND_SIMD
    viterbi::decode_batch_simd(job);
#else
    viterbi::decode_batch_ref(job);
#endif
}

void viterbi::trace_back(const batch& job, std::span<std::uint8_t, viterbi_batch::n_segments> octets_before)
{
    constexpr std::size_t n_lanes = viterbi_batch::n_segments;
    constexpr std::size_t block_words = conv_k7::n_states * n_lanes;
    const std::size_t blocks = n_blocks(job.segment_bits, job.overlap_bits);
    const std::size_t head_blocks = job.overlap_bits / block_stages;
    const std::size_t segment_bytes = job.segment_bits / 8;

    // Best end of each lane; the lowest state of equals.
    const std::uint16_t* ends = job.survivors + blocks * block_words;
    std::array<std::uint16_t, n_lanes> least;
    std::array<std::uint16_t, n_lanes> state{};
    std::copy_n(ends, n_lanes, least.begin());
    for (std::uint16_t candidate = 1; candidate < conv_k7::n_states; ++candidate)
        for (std::size_t lane = 0; lane < n_lanes; ++lane)
            if (const std::uint16_t word = ends[candidate * n_lanes + lane]; word < least[lane]) {
                least[lane] = word;
                state[lane] = candidate;
            }

    // The lanes side by side, as each is a chain of dependent loads.
    for (std::size_t block = blocks; block-- > head_blocks - 1; ends -= block_words) {
        const bool in_payload = block >= head_blocks && block < head_blocks + segment_bytes;
        std::uint8_t* out = in_payload ? &job.bits[block - head_blocks] : octets_before.data();
        const std::size_t pitch = in_payload ? segment_bytes : 1;
        for (std::size_t lane = 0; lane < n_lanes; ++lane) {
            const auto label = static_cast<std::uint8_t>(ends[state[lane] * n_lanes + lane]);
            out[lane * pitch] =
                label; // beyond the payload: overwritten by the blocks before, down to the octet before it
            state[lane] = label >> 2;
        }
    }
}

} // namespace xband::core
