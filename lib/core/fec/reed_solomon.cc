// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/reed_solomon.h"
#include "base/simd_target.h"
#include "fec/rs_errors.h"
#include "fec/rs_simd.h"
#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>

namespace xband::core {
namespace {

constexpr unsigned max_parity = 32;
constexpr unsigned max_interleave = 8;

void require(bool holds, const char* what, std::size_t is, const std::string& must)
{
    if (!holds)
        throw std::invalid_argument("reed_solomon: " + std::string(what) + " is " + std::to_string(is) + ", must be " +
                                    must);
}

const rs_config& checked(const rs_config& config)
{
    require(config.parity == 16 || config.parity == 32, "parity", config.parity, "16 or 32");
    require(config.interleave >= 1 && config.interleave <= max_interleave, "interleave", config.interleave, "1 to 8");
    const unsigned max_fill = rs_codeword_len - config.parity - 1;
    require(
        config.virtual_fill <= max_fill, "virtual_fill", config.virtual_fill, "at most " + std::to_string(max_fill));
    return config;
}

/// The code's generator polynomial, coefficient of x^i at [i].
std::array<std::uint8_t, max_parity + 1> generator_polynomial(unsigned parity)
{
    std::array<std::uint8_t, max_parity + 1> g{ 1 };
    for (unsigned i = 0; i < parity; ++i) {
        const std::uint8_t root = gf256::power(rs_locator_exponent * (rs_first_root(parity) + i));
        for (unsigned k = i + 1; k > 0; --k)
            g[k] = g[k - 1] ^ gf256::multiply(g[k], root);
        g[0] = gf256::multiply(g[0], root);
    }
    return g;
}

// The division register of the encoder: check symbol k in octet k % 8 of word k / 8, from the least significant.
using division_register = std::array<std::uint64_t, max_parity / 8>;
/// Of a received codeword divided by the generator, in the conventional basis.
using remainder = std::array<std::uint8_t, max_parity>;

std::uint8_t octet_of(const division_register& reg, unsigned k)
{
    return static_cast<std::uint8_t>(reg[k / 8] >> 8 * (k % 8));
}

/// Every codeword's remainder modulo the generator, all codewords side by side: each one is a chain of dependent steps.
/// \param n_words division register's length: a constant, so that the compiler unrolls.
template <unsigned n_words>
void divide(std::span<const std::uint8_t> data,
            unsigned interleave,
            const std::array<division_register, 256>& multiples,
            std::array<division_register, max_interleave>& registers)
{
    for (std::size_t at = 0; at < data.size(); at += interleave) {
        for (unsigned codeword = 0; codeword < interleave; ++codeword) {
            division_register& reg = registers[codeword];
            const auto& multiple = multiples[(data[at + codeword] ^ reg[0]) & 0xff];
            for (unsigned word = 0; word + 1 < n_words; ++word)
                reg[word] = (reg[word] >> 8 | reg[word + 1] << 56) ^ multiple[word];
            reg[n_words - 1] = reg[n_words - 1] >> 8 ^ multiple[n_words - 1];
        }
    }
}

} // namespace

struct reed_solomon::tables {
    /// Generator polynomial without its leading term, times each field element; index and content in the basis of the
    /// configuration, as a change of basis commutes with addition. So clean code blocks never change basis.
    std::array<division_register, 256> multiples{};
#ifdef XBAND_SIMD
    rs_simd::code_tables conventional;
    rs_simd::code_tables hardware;
#endif

    explicit tables(const rs_config& config)
#ifdef XBAND_SIMD
        : conventional(config, rs_simd::representation::conventional),
          hardware(config, rs_simd::representation::hardware)
#endif
    {
        const auto g = generator_polynomial(config.parity);
        for (unsigned factor = 0; factor < 256; ++factor) {
            const std::uint8_t as_sent = config.dual_basis
                                             ? dual_basis::from_conventional(static_cast<std::uint8_t>(factor))
                                             : static_cast<std::uint8_t>(factor);
            for (unsigned k = 0; k < config.parity; ++k) {
                std::uint8_t product = gf256::multiply(static_cast<std::uint8_t>(factor), g[config.parity - 1 - k]);
                if (config.dual_basis)
                    product = dual_basis::from_conventional(product);
                multiples[as_sent][k / 8] |= std::uint64_t{ product } << 8 * (k % 8);
            }
        }
    }

    std::array<division_register, max_interleave> remainders(std::span<const std::uint8_t> data,
                                                             const rs_config& config) const
    {
        std::array<division_register, max_interleave> registers{};
        if (config.parity == 32)
            divide<4>(data, config.interleave, multiples, registers);
        else
            divide<2>(data, config.interleave, multiples, registers);
        return registers;
    }

    /// What the division leaves differs from the check symbols by the remainder of the error pattern.
    static remainder remainder_of(const division_register& reg,
                                  std::span<const std::uint8_t> code_block,
                                  unsigned codeword,
                                  const rs_config& config)
    {
        const std::size_t data_len = code_block.size() - config.parity * config.interleave;
        const auto check_symbols = code_block.subspan(data_len);
        remainder rest{};
        for (unsigned k = 0; k < config.parity; ++k) {
            const std::uint8_t symbol = octet_of(reg, k) ^ check_symbols[k * config.interleave + codeword];
            rest[k] = config.dual_basis ? dual_basis::to_conventional(symbol) : symbol;
        }
        return rest;
    }
};

reed_solomon::reed_solomon(const rs_config& config)
    : d_config(checked(config)),
      d_tables(std::make_unique<const tables>(config))
{
    active_target(); // the place to refuse a wrong XBAND_SIMD_TARGET, not the sample path
}

reed_solomon::~reed_solomon() = default;
reed_solomon::reed_solomon(reed_solomon&&) noexcept = default;
reed_solomon& reed_solomon::operator=(reed_solomon&&) noexcept = default;

std::size_t reed_solomon::data_len_bytes() const noexcept
{
    return d_config.interleave * (rs_codeword_len - d_config.parity - d_config.virtual_fill);
}

std::size_t reed_solomon::code_block_len_bytes() const noexcept
{
    return d_config.interleave * (rs_codeword_len - d_config.virtual_fill);
}

void reed_solomon::encode(std::span<std::uint8_t> code_block) const
{
    require(code_block.size() == code_block_len_bytes(),
            "code_block.size()",
            code_block.size(),
            std::to_string(code_block_len_bytes()));
    // The virtual fill needs no work: zeros leave the register at zero.
    const auto registers = d_tables->remainders(code_block.first(data_len_bytes()), d_config);
    const auto check_symbols = code_block.subspan(data_len_bytes());
    for (unsigned k = 0; k < d_config.parity; ++k)
        for (unsigned codeword = 0; codeword < d_config.interleave; ++codeword)
            check_symbols[k * d_config.interleave + codeword] = octet_of(registers[codeword], k);
}

rs_result reed_solomon::decode(std::span<std::uint8_t> code_block) const
{
    require(code_block.size() == code_block_len_bytes(),
            "code_block.size()",
            code_block.size(),
            std::to_string(code_block_len_bytes()));
    std::array<rs_errors, max_interleave> found;
#ifdef XBAND_SIMD
    if (!rs_simd::find_errors({ d_config, d_tables->conventional, d_tables->hardware, code_block, found }))
#endif
        find_errors(code_block, found);

    rs_result result;
    for (unsigned codeword = 0; codeword < d_config.interleave; ++codeword) {
        const rs_errors& errors = found[codeword];
        if (errors.count == rs_errors::too_many) {
            result.corrected[codeword] = rs_result::uncorrectable;
            result.ok = false;
            continue;
        }
        mend(code_block, codeword, errors);
        result.corrected[codeword] = static_cast<std::uint8_t>(errors.count);
        result.total += errors.count;
    }
    return result;
}

std::uint8_t reed_solomon::decode_codeword(std::span<std::uint8_t> code_block,
                                           unsigned codeword,
                                           std::span<const std::uint8_t> erased) const
{
    static_assert(max_erasures == rs_errors::max_erasures);
    const std::size_t n_symbols = rs_codeword_len - d_config.virtual_fill;
    require(code_block.size() == code_block_len_bytes(),
            "code_block.size()",
            code_block.size(),
            std::to_string(code_block_len_bytes()));
    require(codeword < d_config.interleave, "codeword", codeword, "below " + std::to_string(d_config.interleave));
    require(erased.size() <= max_erasures, "erased.size()", erased.size(), "at most " + std::to_string(max_erasures));
    std::array<std::uint8_t, max_erasures> positions{};
    for (std::size_t i = 0; i < erased.size(); ++i) {
        require(erased[i] < n_symbols, "erased symbol", erased[i], "below " + std::to_string(n_symbols));
        positions[i] = static_cast<std::uint8_t>(erased[i] + d_config.virtual_fill);
    }
    const auto registers = d_tables->remainders(code_block.first(data_len_bytes()), d_config);
    const remainder rest = tables::remainder_of(registers[codeword], code_block, codeword, d_config);
    const rs_errors errors = find_rs_errors(
        std::span(rest).first(d_config.parity), d_config.virtual_fill, std::span(positions).first(erased.size()));
    if (errors.count == rs_errors::too_many)
        return rs_result::uncorrectable;
    mend(code_block, codeword, errors);
    return static_cast<std::uint8_t>(errors.count);
}

void reed_solomon::mend(std::span<std::uint8_t> code_block, unsigned codeword, const rs_errors& errors) const
{
    for (unsigned i = 0; i < errors.count; ++i) {
        const std::size_t symbol = errors.position[i] - d_config.virtual_fill;
        const std::uint8_t value = errors.value[i];
        code_block[symbol * d_config.interleave + codeword] ^=
            d_config.dual_basis ? dual_basis::from_conventional(value) : value;
    }
}

void reed_solomon::find_errors(std::span<const std::uint8_t> code_block, std::span<rs_errors> found) const
{
    const auto registers = d_tables->remainders(code_block.first(data_len_bytes()), d_config);
    for (unsigned codeword = 0; codeword < d_config.interleave; ++codeword) {
        const remainder rest = tables::remainder_of(registers[codeword], code_block, codeword, d_config);
        if (std::ranges::any_of(rest, [](std::uint8_t symbol) { return symbol != 0; }))
            found[codeword] = find_rs_errors(std::span(rest).first(d_config.parity), d_config.virtual_fill);
    }
}

} // namespace xband::core
