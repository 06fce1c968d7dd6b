// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// The latest stretch of some bit streams that run side by side, addressed by bit position since the start.
/// Beyond both ends every bit reads as 0.
class bit_history
{
public:
    explicit bit_history(std::size_t n_streams) : d_words(n_streams) {}

    std::size_t n_streams() const { return d_words.size(); }

    /// Bits so far; all streams have grown to it.
    std::int64_t end() const { return d_end; }

    /// Appends one word to each stream, first bit the most significant.
    /// \param n_bits  1..64; less than 64 only for the last words of all (the rest must be 0).
    void append(std::span<const std::uint64_t> words, unsigned n_bits = 64)
    {
        for (std::size_t i = 0; i < d_words.size(); ++i)
            d_words[i].push_back(words[i]);
        d_end += n_bits;
    }

    /// Word number `index` (bits 64*index..64*index+63).
    std::uint64_t word(std::size_t stream, std::int64_t index) const
    {
        const std::int64_t i = index - d_first_word;
        const auto& words = d_words[stream];
        return i < 0 || i >= std::int64_t(words.size()) ? 0 : words[std::size_t(i)];
    }

    /// 64 bits from any position, also a negative one.
    std::uint64_t read64(std::size_t stream, std::int64_t position) const
    {
        const std::int64_t index = position >> 6;
        const unsigned shift = unsigned(position & 63);
        const std::uint64_t high = word(stream, index) << shift;
        return shift == 0 ? high : high | (word(stream, index + 1) >> (64 - shift));
    }

    std::uint32_t read32(std::size_t stream, std::int64_t position) const
    {
        return std::uint32_t(read64(stream, position) >> 32);
    }

    /// Packed octets from any position, complemented if `inverted`.
    void copy(std::size_t stream, std::int64_t position, bool inverted, std::span<std::uint8_t> out) const;

    /// Ones among n_bits bits.
    std::uint64_t count_ones(std::size_t stream, std::int64_t position, std::size_t n_bits) const;

    /// Allows bits before `position` to be forgotten.
    void discard_before(std::int64_t position);

private:
    std::vector<std::vector<std::uint64_t>> d_words;
    std::int64_t d_first_word = 0;
    std::int64_t d_end = 0;
};

} // namespace xband::core
