// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/conv_encoder.h"
#include "fec/conv_code.h"
#include <array>
#include <stdexcept>
#include <string>

namespace xband::core {
namespace {

constexpr std::array<std::uint8_t, 128> symbols_of_register = [] {
    std::array<std::uint8_t, 128> table{};
    for (unsigned reg = 0; reg < table.size(); ++reg)
        table[reg] = static_cast<std::uint8_t>(conv_k7::symbols(reg));
    return table;
}();

} // namespace

void conv_encoder::encode(std::span<const std::uint8_t> packed_bits, std::span<std::uint8_t> symbols)
{
    if (symbols.size() != 16 * packed_bits.size())
        throw std::invalid_argument("conv_encoder: room for " + std::to_string(symbols.size()) + " symbols, need " +
                                    std::to_string(16 * packed_bits.size()) + " (16 per octet)");
    auto out = symbols.begin();
    for (const std::uint8_t octet : packed_bits) {
        for (int place = 7; place >= 0; --place) {
            const unsigned reg = d_register << 1 | ((octet >> place) & 1U);
            const std::uint8_t pair = symbols_of_register[reg];
            *out++ = pair >> 1;
            *out++ = (pair & 1) ^ d_g2_inversion;
            d_register = reg & (conv_k7::n_states - 1);
        }
    }
}

} // namespace xband::core
