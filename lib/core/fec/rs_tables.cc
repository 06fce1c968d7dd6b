// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/rs_simd.h"
#include <array>

namespace xband::core::rs_simd {
namespace {

std::uint8_t multiply_in_hardware_field(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (; b != 0; b >>= 1) {
        if (b & 1)
            product ^= a;
        a <<= 1;
        if (a & 0x100)
            a ^= 0x11b;
    }
    return static_cast<std::uint8_t>(product);
}

/// Powers 0 to 254 of an element of the hardware's field that is a root of our field polynomial: the images of our powers
/// of x under an isomorphism, as all fields of 256 elements are one field.
std::array<std::uint8_t, gf256::order> images_of_powers()
{
    for (unsigned root = 2;; ++root) { // one of the 8 conjugate roots, so this ends
        std::array<std::uint8_t, gf256::order> image{ 1 };
        for (unsigned i = 1; i < gf256::order; ++i)
            image[i] = multiply_in_hardware_field(image[i - 1], root);
        unsigned value = 0;
        for (unsigned i = 0; i <= 8; ++i)
            if (gf256::field_polynomial >> i & 1)
                value ^= image[i];
        if (value == 0)
            return image;
    }
}

/// Powers of x as the lanes hold them.
std::array<std::uint8_t, gf256::order> powers_in(representation lanes)
{
    if (lanes == representation::hardware)
        return images_of_powers();
    std::array<std::uint8_t, gf256::order> powers;
    for (unsigned i = 0; i < gf256::order; ++i)
        powers[i] = gf256::power(i);
    return powers;
}

} // namespace

code_tables::code_tables(const rs_config& config, representation lanes)
{
    const auto powers = powers_in(lanes);
    const auto power = [&](unsigned exponent) { return powers[exponent % gf256::order]; };
    const unsigned first_root = rs_first_root(config.parity);

    for (unsigned i = 0; i < gf256::order; ++i)
        log[powers[i]] = static_cast<std::uint8_t>(i);
    for (unsigned p = 0; p < rs_codeword_len; ++p) {
        const unsigned log_locator = rs_locator_exponent * (rs_codeword_len - 1 - p) % gf256::order;
        const unsigned log_inverse = gf256::order - log_locator;
        for (unsigned j = 0; j < config.parity; ++j)
            syndrome_weights[p][j] = power(log_locator * (first_root + j));
        for (unsigned i = 0; i <= rs_errors::max_errors; ++i)
            inverse_locators[i][p] = power(log_inverse * i);
        log_scale[p] = static_cast<std::uint8_t>(log_inverse * (first_root + config.parity) % gf256::order);
    }
    for (unsigned nibble = 1; nibble < 16; ++nibble)
        for (unsigned half = 0; half < 2; ++half) {
            const auto sent = static_cast<std::uint8_t>(nibble << 4 * half);
            from_sent[half][nibble] =
                power(gf256::tables.log[config.dual_basis ? dual_basis::to_conventional(sent) : sent]);
        }
}

} // namespace xband::core::rs_simd
