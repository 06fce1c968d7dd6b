// SPDX-License-Identifier: GPL-3.0-or-later
// The K=7 rate-1/2 code itself, shared by encoder and decoder.
#pragma once
#include <bit>

namespace xband::core::conv_k7 {

/// States: the last 6 information bits, the newest in the least significant place.
inline constexpr unsigned n_states = 64;

// CCSDS 131.0-B-5, 3.3 writes the connection vectors with the newest bit first: G1 = 1111001 = 171 octal and
// G2 = 1011011 = 133 octal. Our register has the newest bit in the least significant place, so they stand mirrored.
inline constexpr unsigned g1_taps = 0b1001111;
inline constexpr unsigned g2_taps = 0b1101101;

/// Channel symbols G1, G2 (in bits 1 and 0) of a 7-bit register: (state before << 1) | new bit.
constexpr unsigned symbols(unsigned reg)
{
    return (std::popcount(reg & g1_taps) & 1U) << 1 | (std::popcount(reg & g2_taps) & 1U);
}

} // namespace xband::core::conv_k7
