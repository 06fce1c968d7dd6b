// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "fec/puncture.h"

#include <cstdint>
#include <vector>

namespace xband::core {

/// One way to read the soft stream as c1,c2 pairs of the inner code. What is left open by it, the inversion of both, the
/// code (both generators have an odd number of taps) hands on as an inversion of the decoded bits.
struct channel_reading {
    unsigned offset = 0; ///< soft bits before the first puncture period (pair, if not punctured); OQPSK: odd if Q leads
    bool is_swapped = false;
    bool is_second_inverted = false; ///< rails of unlike sign: carrier phase, spectral inversion
    bool is_g2_inverted = false;     ///< sense of G2, where it is not the same as the above

    bool operator==(const channel_reading&) const = default;

    /// The part of it that has to do with single symbols.
    symbol_reading symbols() const { return { is_swapped, is_second_inverted, is_g2_inverted }; }

    /// This reading and the signs of another one on top.
    channel_reading with(const channel_reading& signs) const
    {
        return {
            offset, is_swapped, is_second_inverted != signs.is_second_inverted, is_g2_inverted != signs.is_g2_inverted
        };
    }
};

/// Bits that repeat themselves from the beginning of a stream on.
class bit_pattern
{
public:
    /// \param bits  of one period, the first in the least significant place.
    bit_pattern(unsigned period, std::uint32_t bits);

    /// 64 of them from a position (not below 0) on, the first the most significant.
    std::uint64_t word(std::int64_t position) const { return d_words[std::size_t(position) % d_words.size()]; }

    bool operator==(const bit_pattern&) const = default;

private:
    std::vector<std::uint64_t> d_words; ///< from each place of the period on
};

/// All that a demodulator and the encoder's sense of G2 may do to the soft stream.
///
/// Some of it a punctured code cannot tell: where the symbols that change sign form a codeword of their own, the decoder
/// finds as good a path, and its bits differ by a pattern. So rate 3/4 hides the sense of G2, and rate 5/6 the sign of a
/// rail too. The frame synchroniser then has to try: each `difference` is a bit stream of its own.
struct channel_readings {
    std::vector<channel_reading> distinct; ///< those that re-encoding tells apart
    std::vector<bit_pattern> differences;  ///< of the decoded bits, within one of them; the first is none
    std::vector<channel_reading> hidden;   ///< what the differences stand for, on top of the reading

    channel_readings(modulation kind, const puncture_pattern& pattern);
};

} // namespace xband::core
