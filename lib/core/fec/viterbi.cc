// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/viterbi.h"
#include "fec/viterbi_kernels.h"
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

viterbi_batch::viterbi_batch(std::size_t segment_bits) : d_segment_bits(segment_bits)
{
    require(segment_bits % 64 == 0 && segment_bits >= 128 && segment_bits <= max_segment_bits,
            "segment_bits", segment_bits, "a multiple of 64 in 128.." + std::to_string(max_segment_bits));
}

void viterbi_batch::decode(std::span<const soft_bit> soft,
                           std::span<std::uint8_t> bits,
                           std::span<std::uint32_t, n_segments> disagreements)
{
    require(soft.size() == input_soft_bits(), "soft.size()", soft.size(), std::to_string(input_soft_bits()));
    require(bits.size() == payload_bits() / 8, "bits.size()", bits.size(), std::to_string(payload_bits() / 8));
    const std::size_t segment_bytes = d_segment_bits / 8;
    for (std::size_t segment = 0; segment < n_segments; ++segment)
        disagreements[segment] = viterbi::decode_segment_ref(
            soft.subspan(2 * segment * d_segment_bits, 2 * (head_bits + d_segment_bits + tail_bits)),
            bits.subspan(segment * segment_bytes, segment_bytes));
}

} // namespace xband::core
