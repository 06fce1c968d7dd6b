// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"
#include "fec/viterbi_certainty.h"
#include "fec/viterbi_pinned.h"
#include "framing/phase_pass.h"
#include "framing/soft_history.h"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace xband::core {

/// A stretch of a bit stream to be read again from its soft bits, now that some of its bits are known.
struct second_look {
    static constexpr std::uint16_t surely = std::numeric_limits<std::uint16_t>::max();

    std::int64_t position;         ///< of the first bit
    std::size_t stream;            ///< as of frame_place
    std::span<const pin> known;    ///< one for each bit as the stream has it; a multiple of 8 bits
    std::span<std::uint8_t> bits;  ///< out: known.size() / 8 octets
    std::span<octet_doubt> doubts; ///< out: one for each octet; may be empty
    bool takes_phase_out = false;  ///< with the help of what is decoded first; see channel_front::can_take_phase_out()
};

/// Soft bits of a punctured code's pairs, some of their signs changed.
/// \param pairs        pair number i at 2 * i.
/// \param is_inverted  for each soft bit of a puncture period, from number 0 on: not 0 if it is to be turned round.
void read_turned(const soft_history& pairs,
                 std::span<const std::uint8_t> is_inverted,
                 std::int64_t first,
                 std::span<soft_bit> out);

/// Second look behind the K=7 code, with or without NRZ-M.
class coded_second_look
{
public:
    explicit coded_second_look(bool is_nrzm)
        : d_decoder(is_nrzm ? pin_meaning::changes : pin_meaning::bits),
          d_measure(is_nrzm ? pin_meaning::changes : pin_meaning::bits),
          d_is_nrzm(is_nrzm)
    {
    }

    /// \param pairs        soft bits of the code, pair number i at 2 * i.
    /// \param is_inverted  for each soft bit of a period, from number 0 on: not 0 if it is to be turned round.
    void read(const soft_history& pairs, std::span<const std::uint8_t> is_inverted, const second_look& look);

private:
    viterbi_pinned d_decoder;
    viterbi_certainty d_measure;
    bool d_is_nrzm;
    std::vector<soft_bit> d_soft;
    std::vector<pin> d_known;
    std::vector<std::uint8_t> d_bits;
    std::vector<octet_doubt> d_doubts;
    phase_pass d_phase_pass;
};

/// Second look without an inner code. A bit that is the difference of two levels, once known, ties the levels together: the
/// two soft bits become one of twice the weight, and so on along a run of known bits. (Viterbi's algorithm on the two-state
/// trellis of NRZ-M comes down to this, as levels that no known bit ties have no influence on each other.)
/// \param levels  for each bit of the look, from `delay` bits before the first one on: its level, negative for a 1.
/// \param delay   bits from a level to the one it is compared with: 1 or 2 (NRZ-M, the latter per rail); 0: levels are bits.
void read_levels(std::span<const soft_bit> levels, std::size_t delay, const second_look& look);

} // namespace xband::core
