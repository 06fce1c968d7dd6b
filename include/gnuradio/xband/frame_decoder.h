// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>
#include <gnuradio/xband/framing_parameters.h>

#include <cstdint>
#include <tuple>
#include <utility>

namespace gr::xband {

/// Counters of a frame decoder since the flowgraph started.
struct frame_decoder_counters {
    std::uint64_t soft_bits_in = 0;
    std::uint64_t frames_good = 0;          ///< no error in any codeword
    std::uint64_t frames_corrected = 0;     ///< errors found and mended
    std::uint64_t frames_uncorrectable = 0; ///< put out and flagged
    std::uint64_t frames_not_checked = 0;   ///< the mission has no code to check them by
    std::uint64_t frames_flywheel = 0;      ///< of these, marker missing
    std::uint64_t frames_by_erasures = 0;   ///< of these, won with octets marked as doubtful
    std::uint64_t frames_by_rs_pinned = 0;  ///< of these, won by decoding the inner code again
    std::uint64_t frames_by_data_aided = 0; ///< of these, won by demodulating the symbols again
    std::uint64_t frames_by_stitched = 0;   ///< of these, put together from before and after a slip
    std::uint64_t locks = 0;
    std::uint64_t sync_losses = 0;
    std::uint64_t bit_slips = 0;
    std::uint64_t ambiguity_changes = 0; ///< phase slips found while there was a signal
    std::uint64_t rs_corrected_symbols = 0;
    std::uint64_t channel_bits = 0;       ///< compared with the re-encoded Viterbi path
    std::uint64_t channel_bit_errors = 0; ///< of these, different
    bool is_locked = false;
};

/// Names of the fields, as messages and Python have them.
inline constexpr std::tuple frame_decoder_counters_fields{
    std::pair{ "soft_bits_in", &frame_decoder_counters::soft_bits_in },
    std::pair{ "frames_good", &frame_decoder_counters::frames_good },
    std::pair{ "frames_corrected", &frame_decoder_counters::frames_corrected },
    std::pair{ "frames_uncorrectable", &frame_decoder_counters::frames_uncorrectable },
    std::pair{ "frames_not_checked", &frame_decoder_counters::frames_not_checked },
    std::pair{ "frames_flywheel", &frame_decoder_counters::frames_flywheel },
    std::pair{ "frames_by_erasures", &frame_decoder_counters::frames_by_erasures },
    std::pair{ "frames_by_rs_pinned", &frame_decoder_counters::frames_by_rs_pinned },
    std::pair{ "frames_by_data_aided", &frame_decoder_counters::frames_by_data_aided },
    std::pair{ "frames_by_stitched", &frame_decoder_counters::frames_by_stitched },
    std::pair{ "locks", &frame_decoder_counters::locks },
    std::pair{ "sync_losses", &frame_decoder_counters::sync_losses },
    std::pair{ "bit_slips", &frame_decoder_counters::bit_slips },
    std::pair{ "ambiguity_changes", &frame_decoder_counters::ambiguity_changes },
    std::pair{ "rs_corrected_symbols", &frame_decoder_counters::rs_corrected_symbols },
    std::pair{ "channel_bits", &frame_decoder_counters::channel_bits },
    std::pair{ "channel_bit_errors", &frame_decoder_counters::channel_bit_errors },
    std::pair{ "is_locked", &frame_decoder_counters::is_locked },
};

/*!
 * \brief Soft bits to transfer frames: phase ambiguity, Viterbi, NRZ-M, frame sync, derandomiser, Reed-Solomon.
 * \ingroup xband
 *
 * Input:  int8 soft bits, +127 = surely 0, -127 = surely 1, 0 = erasure; QPSK and OQPSK as I, Q, I, Q... Stream tags
 *         "xband_mark" (from psk_demod) give the frames their time; without them it is unknown.
 * Output: frame records, vectors of record_stride(): a header of 128 octets and the code block (lib/core/framing/
 *         frame_record.h, read by xband_core.records), padded to a multiple of 64 octets. Uncorrectable frames come out
 *         flagged; the receiver never drops one silently.
 *
 * Messages: port "quality", a dictionary of the fields of frame_decoder_counters, and of what came since the report before:
 *         "channel_ber" (NaN: nothing compared) and "rs_margin" (the least one, -1: a frame beyond repair; NaN: no frames).
 *         Sent where psk_demod reported (stream tags "xband_report"), and at the end.
 *
 * A frame counts as found only when sync markers stand exactly one frame apart and the frame's header and counter agree
 * with the mission: Reed-Solomon alone accepts frames that are shifted by up to 64 octets.
 */
class XBAND_API frame_decoder : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<frame_decoder>;
    /// \throws std::invalid_argument naming the field, its value and the limit.
    static sptr make(const framing_parameters& parameters);

    /// Octets of one output item.
    virtual std::size_t record_stride() const = 0;
    /// Callable from any thread.
    virtual frame_decoder_counters counters() const = 0;
};

} // namespace gr::xband
