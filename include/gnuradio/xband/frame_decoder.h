// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>
#include <gnuradio/xband/framing_parameters.h>

namespace gr::xband {

/// Counters of a frame decoder since the flowgraph started.
struct frame_decoder_counters {
    std::uint64_t soft_bits_in = 0;
    std::uint64_t frames_good = 0;          ///< no error in any codeword
    std::uint64_t frames_corrected = 0;     ///< errors found and mended
    std::uint64_t frames_uncorrectable = 0; ///< put out and flagged
    std::uint64_t frames_not_checked = 0;   ///< the mission has no code to check them by
    std::uint64_t frames_flywheel = 0;      ///< of these, marker missing
    std::uint64_t locks = 0;
    std::uint64_t sync_losses = 0;
    std::uint64_t bit_slips = 0;
    std::uint64_t ambiguity_changes = 0; ///< phase slips found while there was a signal
    std::uint64_t rs_corrected_symbols = 0;
    std::uint64_t channel_bits = 0;       ///< compared with the re-encoded Viterbi path
    std::uint64_t channel_bit_errors = 0; ///< of these, different
    bool is_locked = false;
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
