// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/bit_history.h"
#include "base/multiversion.h"

#include <algorithm>

namespace xband::core {

void bit_history::copy(std::size_t stream, std::int64_t position, bool inverted, std::span<std::uint8_t> out) const
{
    const std::uint64_t flip = inverted ? ~std::uint64_t{ 0 } : 0;
    for (std::size_t i = 0; i < out.size(); i += 8) {
        std::uint64_t bits = read64(stream, position + std::int64_t(8 * i)) ^ flip;
        for (std::size_t k = i; k < out.size() && k < i + 8; ++k) {
            out[k] = std::uint8_t(bits >> 56);
            bits <<= 8;
        }
    }
}

// Several versions for the sake of the population count, which x86-64 has had an instruction for since 2008 only.
XBAND_MULTIVERSION std::uint64_t
bit_history::count_ones(std::size_t stream, std::int64_t position, std::size_t n_bits) const
{
    std::uint64_t ones = 0;
    for (; n_bits >= 64; n_bits -= 64, position += 64)
        ones += std::uint64_t(std::popcount(read64(stream, position)));
    if (n_bits > 0)
        ones += std::uint64_t(std::popcount(read64(stream, position) >> (64 - n_bits)));
    return ones;
}

void bit_history::discard_before(std::int64_t position)
{
    // Moving the rest to the front only when it is the smaller part makes the cost per bit constant.
    const auto held = std::int64_t(d_words[0].size());
    const std::int64_t drop = std::min((position >> 6) - d_first_word, held);
    if (drop <= 0 || drop < held / 2)
        return;
    for (auto& words : d_words)
        words.erase(words.begin(), words.begin() + drop);
    d_first_word += drop;
}

} // namespace xband::core
