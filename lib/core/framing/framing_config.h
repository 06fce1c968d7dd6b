// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "fec/puncture.h"
#include "fec/reed_solomon.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace xband::core {

/// The K=7 code, CCSDS 131.0-B-5, 3.3 (r=1/2) and 3.4 (punctured: r=2/3, 3/4, 5/6, 7/8).
enum class inner_code { none, conv_k7_r12, conv_k7_r23, conv_k7_r34, conv_k7_r56, conv_k7_r78 };

/// How the inner code's symbols come on the rails.
enum class rail_mapping {
    serial,   ///< one code, its symbols on I and Q in turn; BPSK: one after the other
    c1_c2,    ///< one code, c1 that are kept on I, c2 that are kept on Q (MetOp; r=1/2: the same as serial)
    per_rail, ///< a code of its own on each rail, the bits before coding in turn (FengYun-3)
};

enum class differential {
    none,
    nrz_m,          ///< on the serial bits, before the inner encoder
    nrz_m_per_rail, ///< on I and on Q by themselves (Aqua); only where each rail has its own code or none
    four_phase,     ///< on pairs of bits, one for each rail, as FengYun-3 does it (rail_streams.h); only with per_rail
};

enum class frame_kind {
    aos, ///< CCSDS 732.0-B: version 01, 8-bit SCID
    tm,  ///< CCSDS 132.0-B: version 00, 10-bit SCID
    raw, ///< no header known: nothing but marker, RS and FECF to judge by
};

/// What a mission's link looks like between transfer frames and soft bits; shared by frame_decoder and cadu_encoder.
struct framing_config {
    xband::core::modulation modulation = modulation::qpsk;
    xband::core::inner_code inner_code = inner_code::conv_k7_r12;
    xband::core::rail_mapping rail_mapping = rail_mapping::serial;
    xband::core::differential differential = differential::nrz_m;
    bool randomized = true; ///< CCSDS 131.0-B-5, 10.3 (255-bit sequence)
    std::uint32_t sync_marker = 0x1ACFFC1D;
    bool has_rs = true;
    rs_config rs{};
    std::size_t frame_len_bytes = 892; ///< transfer frame; with RS the data part of the code block
    bool has_fecf = false;             ///< CRC-16 in the last two octets of the transfer frame
    xband::core::frame_kind frame_kind = frame_kind::aos;
    bool is_contiguous = true;       ///< false: frames come one by one, with anything between them
    std::optional<unsigned> scid{};  ///< nothing: any spacecraft, then lock needs consecutive counters
    std::size_t segment_bits = 1024; ///< of the Viterbi decoder, 32 of them make a batch: latency of slow links

    /// Transfer frame and check symbols.
    std::size_t code_block_len_bytes() const;
    /// The same with the sync marker.
    std::size_t cadu_len_bits() const { return 32 + 8 * code_block_len_bytes(); }

    /// Which symbols of the inner code are sent and when; its periods fill whole channel symbols. On each rail, if the
    /// rails are coded apart. Not to be asked without an inner code.
    puncture_pattern inner_pattern() const;
    code_rate inner_rate() const;
    /// Bits before the inner code for each channel bit.
    double bits_per_channel_bit() const;

    /// Throws std::invalid_argument naming the field, its value and the limit.
    void validate() const;
};

} // namespace xband::core
