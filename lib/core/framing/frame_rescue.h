// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/cadu_reader.h"
#include "framing/channel_front.h"
#include "framing/frame_codec.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// What the decoder still can do for a frame that Reed-Solomon could not mend, at a place where a frame is known to stand:
/// - codewords that came right are known bits, with whose help the others are read again (second_look.h);
/// - where that does not help, or none came right, the octets read with the least certainty are read otherwise or erased.
/// - last, the carrier's phase is taken from the decoded bits, and all that tried again (phase_pass.h).
/// They are tried in turn as long as a codeword more comes right.
///
/// What is taken for right must have every codeword corrected, with 11 errors at most beside its erasures; each codeword won
/// from doubtful octets confirmed; FECF and header right. Only for codes of 32 check symbols; 16 leave no room for many trials.
class frame_rescue
{
public:
    /// \param codec, front  must outlive this object.
    frame_rescue(frame_codec& codec, channel_front& front);

    /// \param found  a frame as decode_at() gave it; the same, but right, if this returns true, else untouched.
    bool win(located_frame& found);

private:
    bool may_try(const located_frame& found) const;
    bool has_right_codeword(const decoded_frame& frame) const;
    bool mend(const frame_place& place);
    frame_recovery mend_some(decoded_frame& frame, const frame_place& place);
    bool is_confirmed(const frame_place& place);
    unsigned count_bits_mended(const frame_place& place);
    void look_again(const decoded_frame& frame,
                    const frame_place& place,
                    std::span<octet_doubt> doubts,
                    bool takes_phase_out);
    bool has_next_marker(const frame_place& place) const;
    std::span<const std::uint8_t> block() const;
    std::span<const octet_doubt> doubts() const;

    frame_codec& d_codec;
    channel_front& d_front;
    decoded_frame d_frame;                ///< being mended
    std::array<bool, 8> d_is_by_doubts{}; ///< its codewords that were
    decoded_frame d_again;                ///< the same without one of these
    std::vector<std::uint8_t> d_cadu;     ///< octets of d_frame as sent; those of bad codewords mean nothing
    std::vector<pin> d_known;             ///< of the CADU and the next marker
    std::vector<std::uint8_t> d_octets;   ///< read with their help
    std::vector<octet_doubt> d_doubts;    ///< the same
};

} // namespace xband::core
