// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/randomizer.h"
#include <algorithm>
#include <array>
#include <cstddef>

namespace xband::core {
namespace {

// 255 bits repeat after 255 octets, as 8 and 255 have no common factor.
constexpr std::size_t period_bytes = 255;

constexpr std::array<std::uint8_t, period_bytes> pseudo_random_sequence = [] {
    std::array<std::uint8_t, period_bytes> sequence{};
    unsigned reg = 0xff; // bit i is x_i: the next output in bit 0, s(n+8) = s(n+7) + s(n+5) + s(n+3) + s(n)
    for (std::size_t i = 0; i < 8 * period_bytes; ++i) {
        sequence[i / 8] = static_cast<std::uint8_t>(sequence[i / 8] << 1 | (reg & 1U));
        const unsigned next = (reg ^ reg >> 3 ^ reg >> 5 ^ reg >> 7) & 1U;
        reg = reg >> 1 | next << 7;
    }
    return sequence;
}();
static_assert(pseudo_random_sequence[0] == 0xff && pseudo_random_sequence[1] == 0x48 &&
              pseudo_random_sequence[2] == 0x0e && pseudo_random_sequence[3] == 0xc0); // as printed in the standard

} // namespace

void apply_randomizer(std::span<std::uint8_t> data) noexcept
{
    while (!data.empty()) {
        const std::size_t n = std::min(data.size(), period_bytes);
        for (std::size_t i = 0; i < n; ++i)
            data[i] ^= pseudo_random_sequence[i];
        data = data.subspan(n);
    }
}

} // namespace xband::core
