// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/crc16.h"
#include <array>

namespace xband::core {
namespace {

constexpr std::array<std::uint16_t, 256> crc_of_octet = [] {
    constexpr unsigned polynomial = 0x1021;
    std::array<std::uint16_t, 256> table{};
    for (unsigned octet = 0; octet < 256; ++octet) {
        unsigned reg = octet << 8;
        for (int i = 0; i < 8; ++i)
            reg = reg << 1 ^ (reg & 0x8000 ? polynomial : 0);
        table[octet] = static_cast<std::uint16_t>(reg);
    }
    return table;
}();

} // namespace

std::uint16_t crc16_ccsds(std::span<const std::uint8_t> data) noexcept
{
    std::uint16_t reg = 0xffff;
    for (const std::uint8_t octet : data)
        reg = static_cast<std::uint16_t>(reg << 8 ^ crc_of_octet[(reg >> 8 ^ octet) & 0xff]);
    return reg;
}

} // namespace xband::core
