// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/clock_mark.h"
#include "base/soft_bit.h"
#include "framing/frame_record.h"
#include "framing/framing_config.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace xband::core {

/// Margins of a Reed-Solomon code, -1 (beyond repair) to 16 (no error).
constexpr std::size_t n_rs_margins = 18;

/// Counters since construction unless said otherwise.
struct frame_decoder_stats {
    std::uint64_t soft_bits_in = 0;
    std::uint64_t frames_good = 0;
    std::uint64_t frames_corrected = 0;
    std::uint64_t frames_uncorrectable = 0;
    std::uint64_t frames_not_checked = 0;
    std::uint64_t frames_backfilled = 0; ///< of the four above: found after the lock was proven
    std::uint64_t frames_flywheel = 0;   ///< of the four above: marker missing
    std::uint64_t frames_abandoned =
        0; ///< grid places after the last evidence of a signal: not emitted; not contiguous:
           ///< exact markers with nothing right behind them
    std::array<std::uint64_t, n_frame_recoveries> frames_by_recovery{}; ///< index: frame_recovery
    std::array<std::uint64_t, n_rs_margins> frames_by_rs_margin{}; ///< index: margin + 1; empty without Reed-Solomon
    std::uint64_t frames_truncated = 0; ///< last frame, cut off by the end of the stream and not mended: not emitted
    std::uint64_t locks = 0;
    std::uint64_t sync_losses = 0;
    std::uint64_t bit_slips = 0;         ///< markers found beside their expected place
    std::uint64_t ambiguity_changes = 0; ///< phase slips and pair slips found while a signal was there
    std::uint64_t rs_corrected_symbols = 0;
    std::uint64_t marker_bits = 0; ///< compared in emitted frames
    std::uint64_t marker_bit_errors = 0;
    std::uint64_t channel_bits = 0; ///< compared with re-encoding, in emitted frames
    std::uint64_t channel_bit_errors = 0;
    std::uint8_t ambiguity = 0; ///< last frame's; bits as in frame_record_header
    bool is_locked = false;
};

/// Soft bits to frame records (frame_record.h): ambiguity resolution, Viterbi, NRZ-M, frame sync, derandomiser, Reed-Solomon.
///
/// Output depends on the soft bits and marks alone, not on how they are cut into push() calls. Records come in the order of
/// reception. Memory is constant as long as records are pulled.
class frame_decoder
{
public:
    /// Throws std::invalid_argument (see framing_config::validate).
    explicit frame_decoder(const framing_config& config);
    ~frame_decoder();
    frame_decoder(frame_decoder&&) noexcept;
    frame_decoder& operator=(frame_decoder&&) noexcept;

    /// Octets of one record.
    std::size_t record_stride() const;

    /// Takes soft bits (QPSK: I,Q,I,Q...; BPSK: one a symbol); any number, also odd ones.
    void push(std::span<const soft_bit> soft);

    /// Takes a clock mark. Marks come in order, each before the push() that completes its symbol; else the time of frames
    /// already decoded is extrapolated from the mark before.
    void mark(const clock_mark& mark);

    /// Whole records that pull() would give.
    std::size_t available() const;

    /// Moves as many whole records as fit into `records`; returns their number.
    std::size_t pull(std::span<std::uint8_t> records);

    /// End of stream: decodes what is buffered, the missing rest of a frame as erasures. Then push() is not allowed any more
    /// (std::logic_error).
    void flush();

    frame_decoder_stats stats() const;

private:
    class impl;
    std::unique_ptr<impl> d_impl;
};

} // namespace xband::core
