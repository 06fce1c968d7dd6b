// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <span>

namespace xband::core {

/// CRC-16 of the frame error control field: x^16 + x^12 + x^5 + 1, register all ones at the start, not inverted.
/// Over a whole frame, its FECF (big-endian, last two octets) included, the result is 0 when the frame is intact.
/// Source: CCSDS 732.0-B-4, 4.1.6; CCSDS 132.0-B-3, 4.1.6.
std::uint16_t crc16_ccsds(std::span<const std::uint8_t> data) noexcept;

} // namespace xband::core
