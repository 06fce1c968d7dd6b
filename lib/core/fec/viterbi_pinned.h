// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// What is known of a bit before it is decoded.
enum class pin : std::uint8_t { open, zero, one };

enum class pin_meaning {
    bits,    ///< pins are the decoder's own bits
    changes, ///< pins say if a bit differs from the one before it: NRZ-M, whose level need not be known
};

/// Viterbi decoder, K=7 r=1/2, of one stretch in which some bits are known: their other halves of the trellis are closed.
/// For frames of which Reed-Solomon mended a part; the rest of their bits gain from what lies beside them.
///
/// A branch that contradicts a known bit pays a toll. It outweighs 12 symbols of the usual amplitude of 40, more than the free distance, yet it is finite: where pins are wrong for long, the stretch still follows the channel.
class viterbi_pinned
{
public:
    /// Pairs that a stretch should have before its first bit of interest, and after its last one. The better part of the
    /// decoder's memory; a stretch that begins with known bits needs less.
    static constexpr std::size_t head_bits = 64, tail_bits = 96;

    /// In units of path metrics, which are correlations: a soft bit counts for or against a symbol.
    static constexpr int toll = 1000;

    explicit viterbi_pinned(pin_meaning pins) : d_meaning(pins) {}

    /// \param soft  2 * pins.size() soft bits: G1 then G2 for each bit, neither inverted, 0 where nothing was received.
    /// \param pins  one for each bit. Any state may be the first and the last.
    /// \param bits  pins.size() / 8 octets out, most significant bit first. pins.size() is a multiple of 8; other sizes
    ///              throw std::invalid_argument.
    void decode(std::span<const soft_bit> soft, std::span<const pin> pins, std::span<std::uint8_t> bits);

    /// Decisions of one stage: bit 2 b + i of element l is set if the state 16 b + 2 l + i was reached from the upper half
    /// of the states.
    struct alignas(16) stage_decisions {
        std::array<std::int16_t, 8> element;
    };

private:
    pin_meaning d_meaning;
    std::vector<stage_decisions> d_decisions;
};

} // namespace xband::core
