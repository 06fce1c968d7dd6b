// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"

#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// Takes out what the demodulator has left of the carrier's phase, with the help of bits decoded from the very symbols: each
/// symbol times the conjugate of what should have been sent points where the carrier does, whatever the bits. (It has to
/// use the fourth power, several times as noisy.) For QPSK with r = 1/2, where a pair of the code is a symbol.
class phase_pass
{
public:
    /// \param pairs  soft bits of one symbol after another, G1 and G2, turned in place.
    /// \param bits   pairs.size() / 16 octets decoded from them; a few wrong ones do no harm.
    void apply(std::span<soft_bit> pairs, std::span<const std::uint8_t> bits);

private:
    struct phasor {
        float re = 0, im = 0;
    };
    std::vector<phasor> d_carrier;  ///< of each symbol, with its noise
    std::vector<phasor> d_smoothed; ///< sums over what lies before
};

} // namespace xband::core
