// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "fec/viterbi_certainty.h"
#include "framing/frame_record.h"
#include "framing/framing_config.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xband::core {

/// What the first octets of a transfer frame say (AOS: CCSDS 732.0-B-4, 4.1.2; TM: CCSDS 132.0-B-3, 4.1.2).
struct frame_header {
    unsigned version = 0;
    unsigned scid = 0;
    unsigned channel = 0;      ///< AOS: VCID; TM: 0, for its counter runs over all virtual channels
    std::uint32_t counter = 0; ///< AOS: virtual channel frame count, 24 bits; TM: master channel frame count, 8 bits
    std::uint32_t counter_mask = 0;
};

/// One code block as received, after derandomising and correction.
struct decoded_frame {
    std::vector<std::uint8_t> code_block;
    integrity state = integrity::not_checked;
    rs_result rs{};
    frame_recovery recovery = frame_recovery::none; ///< what the decoder had to do for it
    std::uint8_t checks = 0;                        ///< as in frame_record_header
    std::optional<unsigned>
        bits_mended{};            ///< bits that Reed-Solomon turned round; nothing if it could not or is not there
    bool are_ends_mended = false; ///< Reed-Solomon changed one of the first or last two octets
    frame_header header{};

    /// Reed-Solomon or FECF vouch for the contents.
    bool is_checked_and_right() const { return state == integrity::good || state == integrity::corrected; }
    bool is_header_right() const { return (checks & 4) != 0; }
};

/// Derandomiser, Reed-Solomon, FECF and header of one code block.
class frame_codec
{
public:
    explicit frame_codec(const framing_config& config);

    const framing_config& config() const { return d_config; }

    /// Room for a code block, code_block_len_bytes() octets of anything: one that was given back, if there is any.
    std::vector<std::uint8_t> take_block();
    /// A frame is done with: its memory will do for another.
    void give_back(decoded_frame& frame);

    /// \param out.code_block  code_block_len_bytes() octets as received; the rest of `out` is filled in.
    void decode(decoded_frame& out);

    /// Another try at the codewords of a decoded frame that are beyond repair; the others stay. When all are right, the frame
    /// is judged again.
    /// \param received  the code block as received, but read anew.
    /// \returns codewords that came right.
    unsigned decode_again(decoded_frame& frame, std::span<const std::uint8_t> received);

    /// The same for a block with doubtful octets: tries the other readings of the least certain ones in all combinations.
    unsigned
    decode_otherwise(decoded_frame& frame, std::span<const std::uint8_t> received, std::span<const octet_doubt> doubts);

    /// The same, with up to 10 of the least certain octets of a codeword erased.
    unsigned decode_with_erasures(decoded_frame& frame,
                                  std::span<const std::uint8_t> received,
                                  std::span<const octet_doubt> doubts);

    /// The code block of a frame as it was sent: randomised, code_block_len_bytes() octets.
    void as_sent(const decoded_frame& frame, std::span<std::uint8_t> out) const;

    /// True if the mission has something that can vouch for the contents of a frame.
    bool can_check() const { return d_config.has_rs || d_config.has_fecf; }

    /// True if `next` may follow `frame` directly: same spacecraft, and the counter one up where they share it.
    static bool is_successor(const frame_header& frame, const frame_header& next);

private:
    void judge(decoded_frame& out) const;
    bool is_blank(std::span<const std::uint8_t> code_block) const;
    void check_header(decoded_frame& out) const;
    void derandomise(std::span<const std::uint8_t> received);
    unsigned take_right_ones(decoded_frame& frame, std::span<const std::uint8_t> block, const rs_result& again);
    void rank_symbols(unsigned codeword, std::span<const octet_doubt> doubts, unsigned n);

    framing_config d_config;
    std::optional<reed_solomon> d_rs;
    std::vector<std::uint8_t> d_zeros_sent; ///< what the derandomiser makes of a code block of zeros
    std::vector<std::uint8_t> d_received;   ///< code block before correction
    std::vector<std::uint8_t> d_changed;    ///< the same with other readings of some octets
    std::vector<std::uint8_t> d_symbols;    ///< of a codeword, the least certain first
    std::vector<std::vector<std::uint8_t>> d_spare_blocks;
};

} // namespace xband::core
