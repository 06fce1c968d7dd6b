// SPDX-License-Identifier: GPL-3.0-or-later
// The field of the CCSDS Reed-Solomon codes: GF(2)[x] modulo x^8 + x^7 + x^2 + x + 1 (CCSDS 131.0-B-5, 4.3.2).
#pragma once
#include <array>
#include <cstdint>

namespace xband::core::gf256 {

inline constexpr unsigned field_polynomial = 0x187;
inline constexpr unsigned order = 255; ///< of the multiplicative group; x generates it

struct log_tables {
    std::array<std::uint8_t, 2 * order> power{}; ///< x^i, twice round so that sums of two logarithms need no modulo
    std::array<std::uint8_t, 256> log{};         ///< log[0] is not defined
};

inline constexpr log_tables tables = [] {
    log_tables t;
    unsigned value = 1;
    for (unsigned i = 0; i < order; ++i) {
        t.power[i] = t.power[i + order] = static_cast<std::uint8_t>(value);
        t.log[value] = static_cast<std::uint8_t>(i);
        value <<= 1;
        if (value & 0x100)
            value ^= field_polynomial;
    }
    return t;
}();

/// x to the power of any non-negative exponent.
constexpr std::uint8_t power(unsigned exponent) { return tables.power[exponent % order]; }

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b)
{
    return a && b ? tables.power[tables.log[a] + tables.log[b]] : 0;
}

/// b must not be 0.
constexpr std::uint8_t divide(std::uint8_t a, std::uint8_t b)
{
    return a ? tables.power[tables.log[a] + order - tables.log[b]] : 0;
}

} // namespace xband::core::gf256
