// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/cadu_sync.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

namespace xband::core {

namespace {

constexpr std::int64_t marker_bits = cadu_reader::marker_bits;

// Chances per position and stream in random bits: <= 4 wrong bits of 32: 1e-5; two markers with <= 8 of 64: 3e-10;
// three with <= 9 of 96: 2e-17, which is what has to do where nothing else vouches for a frame.
constexpr unsigned max_errors_in_lock = 4;
constexpr unsigned max_errors_of_pair = 8;
constexpr unsigned max_errors_of_three = 9;
// Off the expected place some 100 positions and readings are tried.
constexpr unsigned max_errors_off_place = 3;
constexpr unsigned max_errors_off_place_unchecked = 2;
constexpr std::size_t max_off_place_trials = 4;

} // namespace

cadu_sync::cadu_sync(frame_codec& codec, const bit_history& bits, bool inverted_too, frame_rescue* rescue)
    : d_reader(codec, bits, max_errors_in_lock, inverted_too),
      d_slip_repair(d_reader, slip_window_bits),
      d_rescue(rescue),
      d_len_bits(std::int64_t(codec.config().cadu_len_bits())),
      d_last_emitted(std::numeric_limits<std::int64_t>::min() / 2)
{
}

void cadu_sync::advance()
{
    while (d_is_locked ? step_locked() : step_search()) {}
}

void cadu_sync::finish()
{
    d_is_finished = true;
    advance();
    d_stats.frames_abandoned += d_held.size();
    d_held.clear();
}

std::int64_t cadu_sync::oldest_needed() const
{
    const std::int64_t backfill_from = std::max(d_confirmed_end, d_scan_position - backfill_frames * d_len_bits);
    const std::int64_t next = d_is_locked ? std::min(d_expected.position, d_scan_position) : d_scan_position;
    return std::min(backfill_from, next) - slip_window_bits;
}

bool cadu_sync::step_search()
{
    const std::int64_t limit = d_is_finished ? d_reader.end() : d_reader.end() - 2 * d_len_bits - marker_bits + 1;
    auto proof = scan(limit);
    if (!proof)
        return false;
    lock(std::move(*proof));
    return true;
}

bool cadu_sync::step_locked()
{
    const std::int64_t at = d_expected.position;
    if (d_is_finished && at + marker_bits > d_reader.end()) {
        auto proof = scan(d_reader.end());
        if (proof)
            lock(std::move(*proof));
        return proof.has_value();
    }
    if (!d_is_finished && d_reader.end() < at + d_len_bits + slip_window_bits + marker_bits)
        return false;
    located_frame found = judge(d_expected);
    if (at + d_len_bits > d_reader.end() && !finish_truncated(found))
        return true;
    const bool is_right = is_confirmed(found);
    take(std::move(found));
    if (is_right)
        return true;
    // All that scan() looks at up to here lies before the end of the frame just judged.
    if (auto proof = scan(at - d_len_bits + slip_window_bits))
        lock(std::move(*proof));
    return true;
}

/// A frame that the end of the stream cuts off counts only if Reed-Solomon fills in the rest.
bool cadu_sync::finish_truncated(located_frame& found)
{
    if (d_reader.can_check() && is_confirmed(found))
        return true;
    if (is_marker_there(found))
        ++d_stats.frames_truncated;
    d_expected.position += d_len_bits;
    return false;
}

void cadu_sync::take(located_frame&& found)
{
    d_expected = d_reader.place_at(found.place, found.place.position + d_len_bits);
    const bool is_seen = is_marker_there(found) || is_confirmed(found);
    found.sync = is_marker_there(found) ? sync_state::lock : sync_state::flywheel;
    if (is_seen) {
        for (auto& held : d_held)
            emit(std::move(held));
        d_held.clear();
        emit(std::move(found));
        return;
    }
    d_held.push_back(std::move(found));
    if (d_held.size() > flywheel_frames)
        lose_lock();
}

void cadu_sync::lose_lock()
{
    d_is_locked = false;
    ++d_stats.sync_losses;
    d_stats.frames_abandoned += d_held.size();
    d_held.clear();
}

std::optional<located_frame> cadu_sync::scan(std::int64_t limit)
{
    while (const auto position = d_reader.next_marker(d_scan_position, limit)) {
        d_scan_position = *position + 1;
        if (auto proof = prove_at(*position))
            return proof;
    }
    d_scan_position = std::max(d_scan_position, limit);
    return std::nullopt;
}

std::optional<located_frame> cadu_sync::prove_at(std::int64_t position)
{
    for (const frame_place& place : d_reader.markers_at(position, max_errors_in_lock)) {
        auto proof = prove(place);
        if (proof && !is_beside_a_frame(*proof))
            return proof;
    }
    return std::nullopt;
}

/// Proof that a frame begins at `place` (or one CADU later, if only that one is readable). Needed:
///   two markers one CADU apart, and
///   - contents checked, SCID known: one frame whose check and header are right, and no other right one that contradicts;
///   - contents checked, SCID not known: two right frames with the same SCID and consecutive counters;
///   - contents checked, no header known (raw): two right frames and a third marker;
///   - nothing to check: a third marker, and (unless raw) two such headers.
std::optional<located_frame> cadu_sync::prove(const frame_place& place)
{
    const frame_place second = d_reader.place_at(place, place.position + d_len_bits);
    const unsigned pair_errors = place.marker_errors + second.marker_errors;
    if (pair_errors > max_errors_of_pair)
        return std::nullopt;
    const bool is_raw = d_reader.config().frame_kind == frame_kind::raw;
    if (is_raw || !d_reader.can_check()) {
        const frame_place third = d_reader.place_at(place, place.position + 2 * d_len_bits);
        if (pair_errors + third.marker_errors > max_errors_of_three)
            return std::nullopt;
    }

    located_frame frame = d_reader.decode_at(place);
    located_frame next = d_reader.decode_at(second);
    const auto is_checked = [this](const located_frame& f) {
        return !d_reader.can_check() || f.frame.is_checked_and_right();
    };
    const auto is_headed = [is_raw](const located_frame& f) { return is_raw || f.frame.is_header_right(); };
    if ((is_checked(frame) && !is_headed(frame)) || (is_checked(next) && !is_headed(next)))
        return std::nullopt;
    if (d_reader.can_check() && d_reader.config().scid) {
        if (is_checked(frame))
            return frame;
        return is_checked(next) ? std::optional(std::move(next)) : std::nullopt;
    }
    if (!is_checked(frame) || !is_checked(next))
        return std::nullopt;
    const bool needs_counter = !is_raw && !d_reader.config().scid;
    if (needs_counter && !frame_codec::is_successor(frame.frame.header, next.frame.header))
        return std::nullopt;
    return frame;
}

/// True if the window is a frame's neighbour to which a false marker has pointed. It passes Reed-Solomon, which has to mend
/// what it has beyond the frame's end; the frame itself needs less. (That one octet of 256 fits by chance costs a true proof
/// in a few thousand, and the next frame is one.)
bool cadu_sync::is_beside_a_frame(const located_frame& found)
{
    const framing_config& config = d_reader.config();
    if (!config.has_rs || found.frame.rs.total == 0)
        return false;
    const auto reach = std::int64_t{ config.rs.interleave } * config.rs.parity / 2;
    for (std::int64_t shift = -reach; shift <= reach; ++shift) {
        if (shift == 0)
            continue;
        const located_frame other =
            d_reader.decode_at(d_reader.place_at(found.place, found.place.position + 8 * shift));
        if (other.frame.is_checked_and_right() && other.frame.rs.total < found.frame.rs.total)
            return true;
    }
    return false;
}

void cadu_sync::lock(located_frame&& proof)
{
    if (d_is_locked)
        ++d_stats.sync_losses; // a proven grid replaces the one that had stopped to be right
    d_is_locked = true;
    ++d_stats.locks;

    std::vector<located_frame> earlier = backfill(proof);
    const std::int64_t first = earlier.empty() ? proof.place.position : earlier.back().place.position;
    for (auto& held : d_held) {
        if (held.place.position + d_len_bits <= first + slip_window_bits)
            emit(std::move(held));
    }
    d_held.clear();
    for (; !earlier.empty(); earlier.pop_back())
        emit(std::move(earlier.back()));
    d_expected = d_reader.place_at(proof.place, proof.place.position + d_len_bits);
    emit(std::move(proof));
    d_scan_position = std::max(d_scan_position, d_confirmed_end);
}

/// Frames on the grid before the proof, the latest first, as far as there is a trace of one.
std::vector<located_frame> cadu_sync::backfill(const located_frame& proof)
{
    // A frame whose beginning the stream does not have may still be mended, hence positions before 0.
    const std::int64_t earliest = std::max({ d_confirmed_end > 0 ? d_confirmed_end - slip_window_bits : -d_len_bits / 2,
                                             proof.place.position - backfill_frames * d_len_bits,
                                             d_last_emitted + 1 });
    std::vector<located_frame> found;
    std::size_t n_seen = 0;
    frame_place later = proof.place;
    while (later.position - d_len_bits >= earliest) {
        located_frame frame = judge(d_reader.place_at(later, later.position - d_len_bits));
        frame.sync = sync_state::backfilled;
        later = frame.place;
        const bool is_whole = frame.place.position >= 0;
        const bool is_right = d_reader.can_check() && is_confirmed(frame);
        found.push_back(std::move(frame));
        if (is_right || (is_whole && later.marker_errors <= max_errors_off_place))
            n_seen = found.size();
    }
    found.resize(n_seen);
    return found;
}

/// The frame at its expected place, or the right one beside it or in another reading if that one is not right, or what more
/// can be done for it.
located_frame cadu_sync::judge(const frame_place& expected)
{
    located_frame best = d_reader.decode_at(expected);
    if (is_confirmed(best))
        return best;
    for (const frame_place& place : nearby_markers(expected)) {
        if (!d_reader.can_check() && place.marker_errors > max_errors_off_place_unchecked)
            break;
        located_frame other = d_reader.decode_at(place);
        if (!is_confirmed(other))
            continue;
        other.bit_slip = std::int8_t(place.position - expected.position);
        return other;
    }
    if (auto repaired = d_slip_repair.repair(expected))
        return std::move(*repaired);
    if (d_rescue != nullptr)
        d_rescue->win(best);
    return best;
}

/// The likeliest markers within the slip window in all readings, best first.
std::vector<frame_place> cadu_sync::nearby_markers(const frame_place& expected) const
{
    std::vector<frame_place> found;
    for (std::int64_t slip = -slip_window_bits; slip <= slip_window_bits; ++slip) {
        for (const frame_place& place : d_reader.markers_at(expected.position + slip, max_errors_off_place)) {
            const bool is_same =
                slip == 0 && place.stream == expected.stream && place.is_inverted == expected.is_inverted;
            if (!is_same)
                found.push_back(place);
        }
    }
    const auto rank = [&expected](const frame_place& p) {
        return std::pair(p.marker_errors, std::abs(p.position - expected.position));
    };
    std::stable_sort(found.begin(), found.end(), [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
    found.resize(std::min(found.size(), max_off_place_trials));
    return found;
}

bool cadu_sync::is_marker_there(const located_frame& found) const
{
    return found.place.marker_errors <= max_errors_in_lock;
}

/// Right beyond doubt, given that the grid is: what resets every watchdog.
bool cadu_sync::is_confirmed(const located_frame& found) const
{
    return d_reader.can_check() ? d_reader.is_right(found.frame) : is_marker_there(found);
}

void cadu_sync::emit(located_frame&& found)
{
    d_last_emitted = found.place.position;
    if (is_confirmed(found)) {
        d_confirmed_end = found.place.position + d_len_bits;
        d_scan_position = std::max(d_scan_position, d_confirmed_end);
    }
    d_out.push_back(std::move(found));
}

} // namespace xband::core
