// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "fec/viterbi_pinned.h"

namespace xband::core {

/// How sure the bits of an octet are, and what else they might be.
struct octet_doubt {
    std::uint16_t certainty = 0; ///< that of the weakest bit, in units of soft bits
    std::uint8_t other_bits = 0; ///< those that differ in the next likeliest reading of the octet
};

/// How sure the bits of viterbi_pinned are: the lead of the best path over the best one with another bit in that place, found
/// by running the trellis from both ends (the max-log form of Bahl, Cocke, Jelinek and Raviv 1974). All bits in which that
/// other path differs have the same lead, which tells how it reads. For frames none of whose codewords came right: three
/// times the work of decoding.
class viterbi_certainty
{
public:
    explicit viterbi_certainty(pin_meaning pins) : d_meaning(pins) {}

    /// \param soft, pins  as for viterbi_pinned::decode().
    /// \param octets      pins.size() / 8 out; with pin_meaning::changes, of changes. Other sizes throw
    ///                    std::invalid_argument.
    void measure(std::span<const soft_bit> soft, std::span<const pin> pins, std::span<octet_doubt> octets);

    /// Path metrics of the 64 states.
    struct alignas(16) stage_metrics {
        std::array<std::int16_t, 64> state;
    };

private:
    pin_meaning d_meaning;
    std::vector<stage_metrics> d_forward; ///< after each stage
    std::vector<std::uint16_t> d_leads;
};

namespace viterbi_pinned_kernels {

struct job;

/// Lead of each bit. The specification: one state after another. \param forward  working memory, one for each bit.
void measure_ref(const job& stretch, viterbi_certainty::stage_metrics* forward, std::uint16_t* lead);
/// The same with the states side by side.
void measure_simd(const job& stretch, viterbi_certainty::stage_metrics* forward, std::uint16_t* lead);

} // namespace viterbi_pinned_kernels

} // namespace xband::core
