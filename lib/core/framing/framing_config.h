// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "fec/reed_solomon.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace xband::core {

enum class inner_code {
    none,
    conv_k7_r12, ///< K=7, r=1/2 (CCSDS 131.0-B-5, 3.3); c1 then c2 (QPSK: c1 on I, c2 on Q)
};

enum class differential {
    none,
    nrz_m,          ///< on the serial bits, before the inner encoder
    nrz_m_per_rail, ///< on I and on Q by themselves (Aqua); only without an inner code
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

    /// Throws std::invalid_argument naming the field, its value and the limit.
    void validate() const;
};

} // namespace xband::core
