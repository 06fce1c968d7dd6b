// SPDX-License-Identifier: GPL-3.0-or-later
// What the scalar and the SIMD depuncturer share.
#pragma once
#include "fec/puncture.h"

namespace xband::core::puncture {

/// Stands for "no soft bit": vector look-ups give 0, an erasure, for indices with the top bit set.
inline constexpr std::uint8_t erased = 0x80;

struct job {
    std::span<const soft_bit> sent;
    std::span<soft_bit> pairs;
    std::size_t period_sent;                   ///< soft bits in a period
    std::span<const std::uint8_t> source;      ///< for each symbol of a period: its soft bit, or `erased`
    std::span<const std::uint8_t> is_inverted; ///< for each symbol of a period
};

/// The specification.
void expand_ref(const job& work);

/// The same on the active SIMD target.
void expand_simd(const job& work);

} // namespace xband::core::puncture
