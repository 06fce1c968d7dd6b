// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace xband::core {

struct rs_errors;

/// The codes of CCSDS 131.0-B-5, section 4.
struct rs_config {
    unsigned parity = 32;      ///< check symbols per codeword: 32 for (255,223), 16 for (255,239)
    bool dual_basis = true;    ///< symbols in Berlekamp's dual basis (the standard), or false: conventional
    unsigned interleave = 1;   ///< codewords per code block, 1 to 8
    unsigned virtual_fill = 0; ///< zero octets at the start of each codeword that are not sent
};

/// What decoding a code block found.
struct rs_result {
    static constexpr std::uint8_t uncorrectable = 255;

    std::array<std::uint8_t, 8> corrected{}; ///< symbols mended per codeword, or `uncorrectable`; 0 past the interleave
    bool ok = true;                          ///< no codeword is uncorrectable
    unsigned total = 0;                      ///< symbols mended in the code block
};

/// Reed-Solomon encoder and decoder over GF(256), interleaved code blocks. Field: x^8 + x^7 + x^2 + x + 1; the roots of the
/// generator are the powers 11 (128 - t) to 11 (127 + t) of its element x, t = parity / 2 (CCSDS 131.0-B-5, 4.3).
/// Thread safe: the members only read.
class reed_solomon
{
public:
    /// Throws std::invalid_argument naming value and limit.
    explicit reed_solomon(const rs_config& config);
    ~reed_solomon();
    reed_solomon(reed_solomon&&) noexcept;
    reed_solomon& operator=(reed_solomon&&) noexcept;

    const rs_config& config() const noexcept { return d_config; }
    /// Information octets of a code block: interleave * (255 - parity - virtual_fill).
    std::size_t data_len_bytes() const noexcept;
    /// Octets of a code block as sent: information, then check symbols.
    std::size_t code_block_len_bytes() const noexcept;

    /// Writes the check symbols behind the information octets, in place.
    /// \param code_block code_block_len_bytes() octets (std::invalid_argument otherwise), symbol k of codeword i at
    ///        octet k * interleave + i.
    void encode(std::span<std::uint8_t> code_block) const;

    /// Corrects up to parity / 2 wrong symbols in each codeword, in place. A codeword with more is recognised except for
    /// a chance of about 1/t!, and left as it was received; so is one whose correction would fall in the virtual fill.
    /// \param code_block as for encode().
    rs_result decode(std::span<std::uint8_t> code_block) const;

    /// Largest number of erasures in a codeword: 11 of 16 corrections are left to tell a wrong codeword by.
    static constexpr unsigned max_erasures = 10;

    /// Corrects one codeword of which some symbols are doubtful, in place, as long as 2 * errors elsewhere + erasures are at
    /// most parity. For codewords that decode() could not mend; readable rather than fast.
    /// \param code_block as for encode().
    /// \param codeword   0..interleave - 1.
    /// \param erased     at most max_erasures different symbols of the codeword as sent, 0 the first.
    /// \returns symbols changed, or rs_result::uncorrectable: left as it was. Other sizes throw std::invalid_argument.
    std::uint8_t
    decode_codeword(std::span<std::uint8_t> code_block, unsigned codeword, std::span<const std::uint8_t> erased) const;

private:
    struct tables;
    /// The scalar reference: errors of each codeword; `found` comes in empty.
    void find_errors(std::span<const std::uint8_t> code_block, std::span<rs_errors> found) const;
    void mend(std::span<std::uint8_t> code_block, unsigned codeword, const rs_errors& errors) const;

    rs_config d_config;
    std::unique_ptr<const tables> d_tables;
};

} // namespace xband::core
