// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "base/soft_bit.h"
#include "framing/framing_config.h"

#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// One way to read the soft stream of a link without inner code as serial bits.
struct rail_reading {
    bool is_swapped = false;
    bool is_pair_late = false;       ///< swapped pairs begin at odd soft bits (OQPSK with Q leading)
    bool is_second_inverted = false; ///< every second bit, the odd ones
};

/// All serial bit streams that a link without inner code may mean, side by side. The 4 carrier phases with or without
/// conjugation are 8 states of the rails; the inversion of the whole stream is left to the frame synchroniser, and what
/// NRZ-M makes transparent falls away. A soft stream of OQPSK stands in order of time whichever rail leads, so the rail
/// order matters only where a transmitter's bit order differs from it.
///
/// The four-phase code of FengYun-3 sends a pair of bits as the change between two symbols (X',Y') and (X,Y), X on I: they are
/// X' + X, Y' + Y modulo 2, the other way round if X and Y are unlike. A turn by 90 degrees changes both the order and
/// which symbols are unlike, so that of 8 states the order of each pair's bits is left (spectral inversion).
class rail_streams
{
public:
    rail_streams(modulation kind, differential coding);

    std::size_t n_streams() const { return d_readings.size(); }
    const rail_reading& reading(std::size_t stream) const { return d_readings[stream]; }

    /// True if all bits of a stream may be inverted.
    bool may_be_inverted() const;

    /// Soft bit whose sign is bit number `position` of a stream, NRZ-M not yet undone, and whether it must be turned round.
    std::int64_t source(std::size_t stream, std::int64_t position) const;
    bool is_turned(std::size_t stream, std::int64_t position) const
    {
        return d_readings[stream].is_second_inverted && position % 2 != 0;
    }
    /// Bits from a level of the NRZ-M code to the one it is compared with; 0 without NRZ-M.
    std::size_t level_delay() const;

    /// The next 64 bits of each stream.
    /// \param hard  the next 64 hard channel bits, first bit the most significant.
    /// \param next_bit  the one after them (late pairs look one bit ahead).
    /// \param words  n_streams() words out.
    void advance(std::uint64_t hard, bool next_bit, std::span<std::uint64_t> words);

private:
    differential d_differential;
    modulation d_modulation;
    std::vector<rail_reading> d_readings;
    std::uint64_t d_last_hard = 0;            ///< word before, as received
    std::uint64_t d_last_rails = 0;           ///< word before, after NRZ-M per rail
    std::vector<std::uint64_t> d_last_serial; ///< word before of each stream, before serial NRZ-M
};

} // namespace xband::core
