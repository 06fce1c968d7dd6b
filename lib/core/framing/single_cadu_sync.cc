// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/single_cadu_sync.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace xband::core {

namespace {

// Chances per position and stream in random bits: <= 4 wrong marker bits of 32: 1e-5; <= 1: 8e-9. Chances that random bits
// pass the check: 16 symbols mended in one codeword: 5e-14; 8 symbols: 2.5e-5; CRC-16: 1.5e-5.
constexpr unsigned max_errors_strong_check = 4;
constexpr unsigned max_errors_weak_check = 1;

// A true frame needs that many symbols mended less than a shifted window: a window less than 4 octets off has no marker,
// and one octet in 256 beyond the end of the frame fits by chance.
constexpr unsigned min_symbols_better = 3;

// A bit lost in the last octet of a frame costs Reed-Solomon a symbol, not the next frame.
constexpr std::int64_t max_overlap_bits = 7;

unsigned max_marker_errors(const framing_config& config)
{
    const bool is_strong = config.has_rs && config.rs.interleave * config.rs.parity >= 32;
    return is_strong ? max_errors_strong_check : max_errors_weak_check;
}

std::int64_t shift_octets(const framing_config& config)
{
    return config.has_rs ? std::int64_t{ config.rs.interleave } * config.rs.parity / 2 : 0;
}

} // namespace

single_cadu_sync::single_cadu_sync(frame_codec& codec, const bit_history& bits, bool inverted_too)
    : d_max_errors(max_marker_errors(codec.config())),
      d_reader(codec, bits, d_max_errors, inverted_too),
      d_len_bits(std::int64_t(codec.config().cadu_len_bits())),
      d_shift_octets(shift_octets(codec.config())),
      d_free_from(std::numeric_limits<std::int64_t>::min())
{
}

void single_cadu_sync::advance() { scan(d_reader.end() - d_len_bits - 8 * d_shift_octets + 1); }

void single_cadu_sync::finish() { scan(d_reader.end()); }

std::int64_t single_cadu_sync::oldest_needed() const { return d_scan_position - 8 * d_shift_octets; }

void single_cadu_sync::scan(std::int64_t limit)
{
    while (const auto position = d_reader.next_marker(d_scan_position, limit)) {
        d_scan_position = *position + 1;
        auto found = frame_at(*position);
        if (!found) {
            count_unproven(*position);
            continue;
        }
        d_free_from = found->place.position + d_len_bits - max_overlap_bits;
        d_scan_position = std::max(d_scan_position, d_free_from);
        d_out.push_back(std::move(*found));
    }
    d_scan_position = std::max(d_scan_position, limit);
}

std::optional<located_frame> single_cadu_sync::frame_at(std::int64_t position)
{
    for (const frame_place& place : d_reader.markers_at(position, d_max_errors)) {
        located_frame found = d_reader.decode_at(place);
        if (!d_reader.is_right(found.frame))
            continue;
        found = at_true_place(std::move(found));
        if (found.place.position >= d_free_from)
            return found;
    }
    return std::nullopt;
}

/// The frame itself where `found` is a shifted window of one that a marker in its data, or in the idle bits, has pointed to:
/// the window around it with the fewest symbols mended, if that are markedly fewer; a marker need not be left there.
located_frame single_cadu_sync::at_true_place(located_frame&& found)
{
    if (!found.frame.are_ends_mended)
        return std::move(found);
    const auto rank = [](const located_frame& f) { return std::pair(f.frame.rs.total, f.place.marker_errors); };
    std::optional<located_frame> best;
    for (std::int64_t shift = -d_shift_octets; shift <= d_shift_octets; ++shift) {
        located_frame other = d_reader.decode_at(d_reader.place_at(found.place, found.place.position + 8 * shift));
        if (d_reader.is_right(other.frame) && (!best || rank(other) < rank(*best)))
            best = std::move(other);
    }
    if (!best || best->frame.rs.total + min_symbols_better > found.frame.rs.total)
        return std::move(found);
    best->sync = best->place.marker_errors <= d_max_errors ? sync_state::lock : sync_state::flywheel;
    return std::move(*best);
}

void single_cadu_sync::count_unproven(std::int64_t position)
{
    if (d_reader.markers_at(position, 0).empty())
        return;
    if (position + d_len_bits > d_reader.end())
        ++d_stats.frames_truncated;
    else
        ++d_stats.frames_abandoned;
}

} // namespace xband::core
