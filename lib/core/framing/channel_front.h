// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"
#include "framing/bit_history.h"
#include "framing/framing_config.h"
#include "framing/second_look.h"
#include "framing/soft_resolver.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace xband::core {

/// Channel bits compared with what was sent.
struct channel_quality {
    std::uint64_t wrong = 0;
    std::uint64_t compared = 0;
};

/// The part of a frame decoder before the frame synchroniser: soft bits to the bit streams in which CADUs may stand. A new
/// inner code is a new implementation of this interface.
class channel_front
{
public:
    virtual ~channel_front() = default;

    virtual void push(std::span<const soft_bit> soft) = 0;
    virtual void flush() = 0;
    virtual void discard_before(std::int64_t position) = 0;

    /// The bit streams; the reference stays valid.
    virtual const bit_history& bits() const = 0;
    virtual bool may_be_inverted() const = 0;

    /// Index of the (first) soft bit that carries a bit.
    virtual std::int64_t soft_index(std::int64_t position) const = 0;
    /// How the channel was read there.
    virtual channel_reading reading(std::int64_t position, std::size_t stream) const = 0;
    /// How often the reading changes within a stretch of bits, after its first one.
    virtual unsigned reading_changes(std::int64_t position, std::size_t n_bits) const = 0;
    /// Channel errors of a stretch of bits; nothing if the code does not tell.
    virtual std::optional<channel_quality> quality(std::int64_t position, std::size_t n_bits) const = 0;

    /// True if symbols are known well enough from their bits to tell the carrier's phase: QPSK, r = 1/2.
    virtual bool can_take_phase_out() const { return false; }
    /// Reads bits again of which some are known now; from where discard_before() allows, and not beyond the last bit.
    virtual void look_again(const second_look& look) = 0;
};

std::unique_ptr<channel_front> make_channel_front(const framing_config& config);

} // namespace xband::core
