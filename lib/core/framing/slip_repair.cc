// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/slip_repair.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace xband::core {

namespace {

constexpr unsigned needed_parity = 32;

// A next marker that is where it should be means that nothing changed; one elsewhere must be beyond doubt.
constexpr unsigned max_errors_in_place = 4;
constexpr unsigned max_errors_off_place = 3;

// Octets of each codeword from one place tried to the next: at most half as many are read wrongly.
constexpr std::size_t symbols_per_step = 4;

} // namespace

std::optional<located_frame> slip_repair::repair(const frame_place& expected)
{
    const framing_config& config = d_reader.config();
    if (!config.has_rs || config.rs.parity != needed_parity)
        return std::nullopt;
    const auto next = next_place(expected);
    if (!next)
        return std::nullopt;
    const frame_place end = d_reader.place_at(*next, next->position - std::int64_t(config.cadu_len_bits()));
    const std::size_t step = symbols_per_step * config.rs.interleave;
    for (std::size_t n_before = 0; n_before < config.code_block_len_bytes(); n_before += step) {
        located_frame found = d_reader.decode_stitched(expected, end, n_before);
        if (!d_reader.is_right(found.frame))
            continue;
        found.frame.recovery = frame_recovery::stitched;
        return found;
    }
    return std::nullopt;
}

/// Where the next frame's marker stands, if not where it would without a slip.
std::optional<frame_place> slip_repair::next_place(const frame_place& expected) const
{
    const std::int64_t position = expected.position + std::int64_t(d_reader.config().cadu_len_bits());
    if (d_reader.place_at(expected, position).marker_errors <= max_errors_in_place)
        return std::nullopt;
    const auto rank = [position](const frame_place& place) {
        return std::pair(place.marker_errors, std::abs(place.position - position));
    };
    std::optional<frame_place> best;
    for (std::int64_t slip = -d_reach_bits; slip <= d_reach_bits; ++slip) {
        for (const frame_place& place : d_reader.markers_at(position + slip, max_errors_off_place)) {
            if (!best || rank(place) < rank(*best))
                best = place;
        }
    }
    return best;
}

} // namespace xband::core
