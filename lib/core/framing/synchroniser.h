// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/ring.h"
#include "framing/cadu_reader.h"

#include <cstdint>

namespace xband::core {

struct sync_stats {
    std::uint64_t locks = 0;
    std::uint64_t sync_losses = 0;
    std::uint64_t frames_abandoned = 0; ///< places that were taken for a frame's and gave none: see the synchroniser
    std::uint64_t frames_truncated = 0; ///< last frame, cut off by the end of the stream and not mended
};

/// Packed bits to located, decoded frames. One implementation for each way in which frames follow each other.
class synchroniser
{
public:
    virtual ~synchroniser() = default;

    /// Goes as far as the bits in the history allow.
    virtual void advance() = 0;
    /// End of stream: goes to the end of the history; missing bits count as zeros.
    virtual void finish() = 0;

    /// Frames found, in the order of reception; the caller takes them out.
    virtual ring<located_frame>& frames() = 0;

    /// The history before this bit is not needed any more.
    virtual std::int64_t oldest_needed() const = 0;

    virtual bool is_locked() const = 0;
    virtual const sync_stats& stats() const = 0;
};

} // namespace xband::core
