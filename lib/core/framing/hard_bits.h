// SPDX-License-Identifier: GPL-3.0-or-later
// Soft bits to packed hard bits, 64 at a time, first bit the most significant.
#pragma once
#include "base/soft_bit.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace xband::core {

namespace detail {

static_assert(std::endian::native == std::endian::little);

/// Collects bit 7 of eight octets into one, the first octet's on top. The multiplier moves bit 8i + 7 to bit 63 - i; no two
/// of its partial products meet, so there are no carries.
constexpr std::uint64_t gather_top_bits(std::uint64_t octets)
{
    return (((octets & 0x8080808080808080) >> 7) * 0x8040201008040201) >> 56;
}

template <class OctetMap>
std::uint64_t pack_64(const soft_bit* soft, OctetMap map)
{
    std::uint64_t packed = 0;
    for (int i = 0; i < 8; ++i) {
        std::uint64_t octets;
        std::memcpy(&octets, soft + 8 * i, 8);
        packed = packed << 8 | gather_top_bits(map(octets));
    }
    return packed;
}

} // namespace detail

/// 1 where the soft bit is negative.
inline std::uint64_t pack_hard_bits(const soft_bit* soft)
{
    return detail::pack_64(soft, [](std::uint64_t octets) { return octets; });
}

/// 1 where the soft bit is not an erasure.
inline std::uint64_t pack_non_erasures(const soft_bit* soft)
{
    return detail::pack_64(
        soft, [](std::uint64_t octets) { return ((octets & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | octets; });
}

/// Every second bit: the even ones, counted from the most significant.
constexpr std::uint32_t even_bits(std::uint64_t x)
{
    x = (x >> 1) & 0x5555555555555555;
    x = (x | x >> 1) & 0x3333333333333333;
    x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x >> 4) & 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    return std::uint32_t(x | x >> 16);
}

/// The same for the odd ones.
constexpr std::uint32_t odd_bits(std::uint64_t x) { return even_bits(x << 1); }

} // namespace xband::core
