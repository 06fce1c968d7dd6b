// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <span>

namespace xband::core {

/// Adds the CCSDS pseudo-random sequence, in place; applied twice it cancels.
/// \param data packed octets: a code block without sync marker. The sequence starts at data[0] and repeats each 255 bits.
/// Source: CCSDS 131.0-B-5, 10.4 (h(x) = x^8 + x^7 + x^5 + x^3 + 1, register all ones at the start).
void apply_randomizer(std::span<std::uint8_t> data) noexcept;

} // namespace xband::core
