// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/cadu_reader.h"

#include <cstdint>
#include <optional>

namespace xband::core {

/// Repairs a frame within which the reading of the channel changes: a phase slip without inner code, or lost or doubled
/// symbols. Its beginning is read like the frame before it and its end like the next one, whose marker shows how. Where the
/// change is nobody knows; of all places tried Reed-Solomon takes those near enough, which is the proof as well: only for
/// codes of 32 check symbols.
class slip_repair
{
public:
    /// \param reader  must outlive this object. \param reach_bits  how far the next marker may be off its place.
    slip_repair(cadu_reader& reader, std::int64_t reach_bits) : d_reader(reader), d_reach_bits(reach_bits) {}

    /// The frame at a place where its beginning is expected, if that makes it right.
    std::optional<located_frame> repair(const frame_place& expected);

private:
    std::optional<frame_place> next_place(const frame_place& expected) const;

    cadu_reader& d_reader;
    std::int64_t d_reach_bits;
};

} // namespace xband::core
