// SPDX-License-Identifier: GPL-3.0-or-later
// Reed-Solomon algebra with the parts of one codeword side by side in byte lanes: its syndromes, the coefficients of its
// polynomials, its symbols. So a single code block of any interleave fills the lanes, and nothing need be collected first.
#pragma once
#include "fec/reed_solomon.h"
#include "fec/rs_errors.h"
#include <cstdint>
#include <span>

namespace xband::core::rs_simd {

inline constexpr unsigned max_syndromes = 2 * rs_errors::max_errors;

/// How field elements look in the lanes.
enum class representation {
    conventional, ///< as in gf256.h; products by look-up of nibbles
    hardware      ///< modulo x^8 + x^4 + x^3 + x + 1, the one field that x86's GFNI multiplies in
};

/// Constants of one code. Elements are in the representation, except where said.
struct code_tables {
    code_tables(const rs_config& config, representation lanes);

    /// Weight of symbol p in syndrome j: root j to the power of 254 - p. Zero past the last syndrome.
    alignas(64) std::uint8_t syndrome_weights[rs_codeword_len][max_syndromes]{};
    /// Powers of the inverse locators: [i][p] is x^(-11 (254 - p) i). Column 255 stands for no symbol, and is zero.
    alignas(64) std::uint8_t inverse_locators[rs_errors::max_errors + 1][rs_codeword_len + 1]{};
    /// Change of basis of a symbol as sent: image of its low nibble, and of its high one.
    alignas(16) std::uint8_t from_sent[2][16]{};
    /// Logarithm, base x; [0] means nothing.
    std::uint8_t log[256]{};
    /// Logarithm of Forney's factor at each symbol, see rs_simd.cc.
    std::uint8_t log_scale[rs_codeword_len]{};
};

struct search {
    const rs_config& config;
    const code_tables& conventional;
    const code_tables& hardware;
    std::span<const std::uint8_t> code_block;
    std::span<rs_errors> errors; ///< out: one for each codeword; values in the conventional basis
};

/// Finds the errors of all codewords of a code block on the active SIMD target, exactly those that find_rs_errors() finds.
/// \returns false on the scalar target, which is the caller's reference.
bool find_errors(const search& job);

} // namespace xband::core::rs_simd
