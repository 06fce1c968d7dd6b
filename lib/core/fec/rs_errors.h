// SPDX-License-Identifier: GPL-3.0-or-later
// The algebra of one Reed-Solomon codeword: from its remainder to its errors.
#pragma once
#include "fec/gf256.h"
#include <array>
#include <cstdint>
#include <span>

namespace xband::core {

inline constexpr unsigned rs_codeword_len = 255;
/// The codes are built on the powers of x^11 (CCSDS 131.0-B-5, 4.3.3).
inline constexpr unsigned rs_locator_exponent = 11;
/// The generator's roots are x^(11 j) for `parity` consecutive j from this one on: they straddle 127.5.
constexpr unsigned rs_first_root(unsigned parity) { return 128 - parity / 2; }

struct rs_errors {
    static constexpr unsigned max_errors = 16; ///< with nothing known of their places
    /// Erasures leave 32 - 10 check symbols for 11 errors elsewhere: random octets pass in 1 case of 11!.
    static constexpr unsigned max_erasures = 10;
    static constexpr unsigned max_located = max_erasures + (2 * max_errors - max_erasures) / 2;
    static constexpr unsigned too_many = 255;

    unsigned count = 0;                               ///< or too_many: beyond repair
    std::array<std::uint8_t, max_located> position{}; ///< symbol of the whole codeword, 0 first, virtual fill included
    std::array<std::uint8_t, max_located> value{};    ///< to be added, conventional basis
};

/// Finds the errors of a received codeword, if 2 * errors + erasures are not more than parity.
/// \param remainder of the division by the generator, 16 or 32 symbols, not all zero, conventional basis, highest power
///        first. It has the same syndromes as the whole codeword, as the generator vanishes at its roots.
/// \param virtual_fill leading symbols known to be right: an "error" there proves that there are too many.
/// \param erased at most max_erasures different symbols, numbered as rs_errors::position, that may be wrong; such an error
///        costs half of what another does.
rs_errors find_rs_errors(std::span<const std::uint8_t> remainder,
                         unsigned virtual_fill,
                         std::span<const std::uint8_t> erased = {});

/// Berlekamp's dual basis (CCSDS 131.0-B-5, 4.4.2 and annex F).
namespace dual_basis {

inline constexpr std::array<std::uint8_t, 256> dual_of_conventional = [] {
    // Row i of the standard's matrix: the dual-basis octet of x^(7 - i).
    constexpr std::array<std::uint8_t, 8> rows{ 0x8d, 0xef, 0xec, 0x86, 0xfa, 0x99, 0xaf, 0x7b };
    std::array<std::uint8_t, 256> table{};
    for (unsigned conventional = 0; conventional < 256; ++conventional)
        for (unsigned i = 0; i < 8; ++i)
            if (conventional >> (7 - i) & 1)
                table[conventional] ^= rows[i];
    return table;
}();

constexpr std::uint8_t from_conventional(std::uint8_t conventional) { return dual_of_conventional[conventional]; }

inline constexpr std::array<std::uint8_t, 256> conventional_of_dual = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned conventional = 0; conventional < 256; ++conventional)
        table[from_conventional(static_cast<std::uint8_t>(conventional))] = static_cast<std::uint8_t>(conventional);
    return table;
}();

constexpr std::uint8_t to_conventional(std::uint8_t dual) { return conventional_of_dual[dual]; }

} // namespace dual_basis
} // namespace xband::core
