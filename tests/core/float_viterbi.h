// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

/// Textbook Viterbi decoder of the K=7 rate-1/2 code in floating point, whole stream at once, as a yardstick.
/// Written from the standard's connection vectors; shares nothing with lib/core.
/// \param received pairs, +1 for a 0 and -1 for a 1. \returns packed bits.
inline std::vector<std::uint8_t> float_viterbi(const std::vector<float>& received)
{
    // Register with the oldest bit least significant: the standard's vectors as printed, newest bit first.
    constexpr unsigned g1 = 0b1111001, g2 = 0b1011011;
    const auto sign = [](unsigned bits) { return std::popcount(bits) % 2 ? -1.0F : 1.0F; };
    std::array<float, 64> score{};
    std::vector<std::uint64_t> from_odd(received.size() / 2); // bit s: state s was reached from its odd predecessor
    for (std::size_t t = 0; t < from_odd.size(); ++t) {
        std::array<float, 64> next;
        for (unsigned state = 0; state < 64; ++state) {
            float best[2];
            for (unsigned oldest = 0; oldest < 2; ++oldest) {
                const unsigned reg = state << 1 | oldest;
                best[oldest] =
                    score[reg & 63] + sign(reg & g1) * received[2 * t] + sign(reg & g2) * received[2 * t + 1];
            }
            next[state] = best[1] > best[0] ? best[1] : best[0];
            from_odd[t] |= std::uint64_t{ best[1] > best[0] } << state;
        }
        for (unsigned state = 0; state < 64; ++state)
            score[state] = next[state] - next[0]; // keeps the scores small enough for single precision
    }
    unsigned state = 0;
    for (unsigned s = 1; s < 64; ++s)
        if (score[s] > score[state])
            state = s;
    std::vector<std::uint8_t> bits(from_odd.size() / 8);
    for (std::size_t t = from_odd.size(); t-- > 0;) {
        if (t / 8 < bits.size())
            bits[t / 8] = static_cast<std::uint8_t>(bits[t / 8] | (state >> 5) << (7 - t % 8));
        state = (state << 1 | (from_odd[t] >> state & 1)) & 63;
    }
    return bits;
}
