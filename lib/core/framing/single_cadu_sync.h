// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/synchroniser.h"

#include <cstdint>
#include <optional>

namespace xband::core {

/// Synchroniser for frames that come one by one, with idle bits or nothing between them: each is proven by itself.
///
/// A frame is given out when a marker stands before it, its check is right and its header, if it has one, is the mission's.
/// There is no lock, so nothing is expected anywhere and nothing uncorrectable is given out; exact markers (no wrong bit)
/// with nothing right behind them are counted as frames_abandoned, or frames_truncated at the end of the stream.
///
/// Reed-Solomon takes windows up to parity/2 octets a codeword off a CADU for right, as shifted codewords whose one end is
/// wrong. A frame mended at an end is therefore compared with the windows around it: see at_true_place().
///
/// Every decision looks a fixed number of bits ahead, so the output does not depend on how the bits arrive.
class single_cadu_sync final : public synchroniser
{
public:
    /// \param codec  with Reed-Solomon or FECF. \param codec, bits  must outlive this object.
    /// \param inverted_too  streams may be inverted as a whole.
    single_cadu_sync(frame_codec& codec, const bit_history& bits, bool inverted_too);

    void advance() override;
    void finish() override;
    ring<located_frame>& frames() override { return d_out; }
    std::int64_t oldest_needed() const override;
    /// Never: there is nothing to be locked to.
    bool is_locked() const override { return false; }
    const sync_stats& stats() const override { return d_stats; }

private:
    void scan(std::int64_t limit);
    std::optional<located_frame> frame_at(std::int64_t position);
    located_frame at_true_place(located_frame&& found);
    void count_unproven(std::int64_t position);

    unsigned d_max_errors; ///< in a marker
    cadu_reader d_reader;
    std::int64_t d_len_bits;          ///< of a CADU
    std::int64_t d_shift_octets;      ///< how far off a CADU Reed-Solomon may take a window for right
    std::int64_t d_scan_position = 0; ///< first position not searched yet
    std::int64_t d_free_from;         ///< the next frame begins here or later
    ring<located_frame> d_out{};
    sync_stats d_stats{};
};

} // namespace xband::core
