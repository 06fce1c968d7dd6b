// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/cadu_reader.h"
#include "framing/frame_rescue.h"
#include "framing/slip_repair.h"
#include "framing/synchroniser.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace xband::core {

/// Synchroniser for frames that follow each other without a gap.
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
class cadu_sync final : public synchroniser
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
    /// \param rescue  for frames beyond repair; must outlive this object; may be none.
    cadu_sync(frame_codec& codec, const bit_history& bits, bool inverted_too, frame_rescue* rescue = nullptr);

    void advance() override;
    void finish() override;
    ring<located_frame>& frames() override { return d_out; }
    std::int64_t oldest_needed() const override;
    bool is_locked() const override { return d_is_locked; }
    const sync_stats& stats() const override { return d_stats; }

private:
    bool step_search();
    bool step_locked();
    void take(located_frame&& found);
    void lose_lock();
    bool finish_truncated(located_frame& found);

    std::optional<located_frame> scan(std::int64_t limit);
    std::optional<located_frame> prove_at(std::int64_t position);
    std::optional<located_frame> prove(const frame_place& place);
    bool is_beside_a_frame(const located_frame& found);
    void lock(located_frame&& proof);
    std::vector<located_frame> backfill(const located_frame& proof);

    located_frame judge(const frame_place& expected);
    std::vector<frame_place> nearby_markers(const frame_place& expected) const;
    bool is_marker_there(const located_frame& found) const;
    bool is_confirmed(const located_frame& found) const;
    void emit(located_frame&& found);

    cadu_reader d_reader;
    slip_repair d_slip_repair;
    frame_rescue* d_rescue;
    std::int64_t d_len_bits; ///< of a CADU
    bool d_is_finished = false;
    bool d_is_locked = false;
    std::int64_t d_scan_position = 0; ///< first position not searched yet
    std::int64_t d_confirmed_end = 0; ///< end of the last confirmed frame
    std::int64_t d_last_emitted;      ///< position of the last frame given out
    frame_place d_expected{};         ///< while locked: the next frame
    std::vector<located_frame> d_held{};
    ring<located_frame> d_out{};
    sync_stats d_stats{};
};

} // namespace xband::core
