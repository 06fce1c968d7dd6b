// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/bit_history.h"
#include "framing/frame_codec.h"
#include "framing/frame_record.h"
#include "framing/marker_search.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace xband::core {

/// Where a CADU stands.
struct frame_place {
    std::int64_t position = 0; ///< bit of the stream where its sync marker begins
    std::size_t stream = 0;    ///< which of the parallel streams reads right here
    bool is_inverted = false;
    unsigned marker_errors = 0;
};

struct located_frame {
    frame_place place{};
    sync_state sync = sync_state::lock;
    std::int8_t bit_slip = 0; ///< bits away from where the frame before it had let it expect
    decoded_frame frame{};
};

struct cadu_sync_stats {
    std::uint64_t locks = 0;
    std::uint64_t sync_losses = 0;
    std::uint64_t frames_abandoned = 0; ///< grid places without a trace of a frame, after the last one that had
    std::uint64_t frames_truncated = 0; ///< last frame, cut off by the end of the stream and not mended
};

/// Frame synchroniser: packed bits to located, decoded frames.
///
/// Search: every bit position of every stream, until two markers stand one CADU apart and what is between them is proven to
/// be a frame (see prove()). Reed-Solomon alone proves nothing: it is cyclic and transparent to the 255-bit randomiser, so
/// windows up to 64 octets off a CADU decode without an error, and the randomiser's own sequence is a codeword.
/// Lock: the frames before the proof are backfilled on the same grid; afterwards each frame is taken where it is expected,
/// or where a marker and a right frame stand a few bits off (slip) or in another stream (ambiguity change).
/// Flywheel: a frame with neither marker nor right contents is held back. It comes out, flagged, once the signal is seen
/// again, and is abandoned otherwise, so that noise after a pass gives no records.
/// Meanwhile the search goes on from the last right frame; a grid that it proves replaces the old one.
///
/// Every decision looks a fixed number of bits ahead, so the output does not depend on how the bits arrive.
class cadu_sync
{
public:
    /// Grid places without any trace of a frame until the lock is given up.
    static constexpr std::size_t flywheel_frames = 8;
    /// Frames that may be recovered before the one that proved the lock.
    static constexpr std::int64_t backfill_frames = 16;
    /// Less than an octet, so that no window is a shifted Reed-Solomon codeword.
    static constexpr std::int64_t slip_window_bits = 7;

    /// \param codec, bits  must outlive this object.
    /// \param inverted_too  streams may be inverted as a whole.
    cadu_sync(frame_codec& codec, const bit_history& bits, bool inverted_too);

    /// Goes as far as the bits in the history allow.
    void advance();
    /// End of stream: goes to the end of the history; missing bits count as zeros.
    void finish();

    /// Frames found, in the order of reception; the caller takes them out.
    std::deque<located_frame>& frames() { return d_out; }

    /// The history before this bit is not needed any more.
    std::int64_t oldest_needed() const;

    bool is_locked() const { return d_is_locked; }
    const cadu_sync_stats& stats() const { return d_stats; }

private:
    bool step_search();
    bool step_locked();
    void take(located_frame&& found);
    void lose_lock();
    bool finish_truncated(located_frame& found);

    std::optional<located_frame> scan(std::int64_t limit);
    std::optional<located_frame> prove_at(std::int64_t position);
    std::optional<located_frame> prove(const frame_place& place);
    void lock(located_frame&& proof);
    std::vector<located_frame> backfill(const located_frame& proof);

    located_frame judge(const frame_place& expected);
    std::vector<frame_place> nearby_markers(const frame_place& expected) const;
    located_frame decode_at(const frame_place& place);
    frame_place place_at(const frame_place& like, std::int64_t position) const;
    unsigned distance(const frame_place& place) const;
    bool is_marker_there(const located_frame& found) const;
    bool is_confirmed(const located_frame& found) const;
    void emit(located_frame&& found);

    frame_codec& d_codec;
    const bit_history& d_bits;
    marker_search d_search;
    bool d_inverted_too;
    std::int64_t d_len_bits; ///< of a CADU
    bool d_is_finished = false;
    bool d_is_locked = false;
    std::int64_t d_scan_position = 0; ///< first position not searched yet
    std::int64_t d_confirmed_end = 0; ///< end of the last confirmed frame
    std::int64_t d_last_emitted;      ///< position of the last frame given out
    frame_place d_expected{};         ///< while locked: the next frame
    std::deque<located_frame> d_held{};
    std::deque<located_frame> d_out{};
    cadu_sync_stats d_stats{};
};

} // namespace xband::core
