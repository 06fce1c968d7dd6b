// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"
#include <array>
#include <cstdint>
#include <span>

namespace xband::core {

// NRZ-M: a one is sent as a change of level, a zero as none (IRIG 106, chapter 4), so the decoder's output does not depend
// on the polarity of the channel. All classes start from level 0 and keep their state from call to call, so that any cut
// of the stream gives the same output. `in` and `out` have the same size (std::invalid_argument otherwise) and may be
// the same memory.

/// NRZ-M encoder of packed bits, most significant first.
class nrzm_encoder
{
public:
    void encode(std::span<const std::uint8_t> in, std::span<std::uint8_t> out);
    void reset() noexcept { d_level = 0; }

private:
    std::uint8_t d_level = 0;
};

/// NRZ-M decoder of packed bits, most significant first. The very first bit is decided against level 0.
class nrzm_decoder
{
public:
    void decode(std::span<const std::uint8_t> in, std::span<std::uint8_t> out);
    void reset() noexcept { d_level = 0; }

private:
    std::uint8_t d_level = 0;
};

/// NRZ-M decoder of soft bits for channels where each rail is coded on its own. Sign: as for hard bits; magnitude: the
/// smaller of the two symbols compared. The first bit of each rail has no symbol before it and comes out as an erasure.
class nrzm_soft_decoder
{
public:
    /// \param n_rails soft bits per symbol in turn (I, Q, I, Q, ...): 1 or 2, else std::invalid_argument.
    explicit nrzm_soft_decoder(unsigned n_rails);
    void decode(std::span<const soft_bit> in, std::span<soft_bit> out);
    void reset() noexcept;

private:
    std::array<soft_bit, 2> d_last{};
    unsigned d_n_rails;
    unsigned d_rail = 0; ///< whose turn it is
};

} // namespace xband::core
