// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>
#include <span>

namespace xband::core {

/// Encoder of the K=7 rate-1/2 code with G1 = 171, G2 = 133 octal (CCSDS 131.0-B-5, 3.3). The register starts at zero.
class conv_encoder
{
public:
    /// \param g2_inverted invert the second symbol of each bit, as the standard asks (3.3.2).
    explicit conv_encoder(bool g2_inverted) noexcept : d_g2_inversion(g2_inverted ? 1 : 0) {}

    /// Encodes whole octets; the register is kept, so that any cut of the input gives the same symbols.
    /// \param packed_bits information bits, most significant bit first.
    /// \param symbols out: one channel bit (0 or 1) per octet, G1 then G2 for each information bit: 16 per input octet,
    ///        else std::invalid_argument.
    void encode(std::span<const std::uint8_t> packed_bits, std::span<std::uint8_t> symbols);

    /// Back to the zero register.
    void reset() noexcept { d_register = 0; }

private:
    unsigned d_register = 0; ///< the last 6 bits, newest in the least significant place
    std::uint8_t d_g2_inversion;
};

} // namespace xband::core
