// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace gr::xband {

/// What lies between transfer frames and soft bits; the words are those of a mission file.
struct framing_parameters {
    std::string modulation = "qpsk"; ///< bpsk, qpsk, oqpsk
    std::string inner_code =
        "conv_k7_r12";                   ///< none, conv_k7_r12, _r23, _r34, _r56, _r78 (CCSDS 131.0-B-5, 3.3 and 3.4)
    std::string rail_mapping = "serial"; ///< serial, c1_c2 (MetOp), per_rail (FengYun-3): see docs/framing.md
    std::string differential = "nrz_m";  ///< none, nrz_m, nrz_m_per_rail, four_phase
    bool randomized = true;              ///< CCSDS 131.0-B-5, 10.3
    std::uint32_t sync_marker = 0x1ACFFC1D; ///< attached sync marker, 32 bits
    bool has_rs = true;                     ///< Reed-Solomon RS(255, 255 - rs_parity), CCSDS 131.0-B-5, section 4
    unsigned rs_parity = 32;                ///< 16 or 32 check symbols a codeword
    bool rs_dual_basis = true;              ///< false: conventional basis
    unsigned rs_interleave = 4;             ///< codewords in a frame, 1 to 8
    unsigned rs_virtual_fill = 0;           ///< octets a codeword that are not transmitted
    std::size_t frame_len_bytes = 892;      ///< transfer frame without marker and check symbols
    bool has_fecf = false;                  ///< CRC-16 in the frame's last two octets
    std::string frame_kind = "aos";         ///< aos, tm, raw
    bool is_contiguous = true;              ///< false: frames one by one, with anything between (needs RS or FECF)
    std::optional<unsigned> scid{};         ///< spacecraft identifier; nothing: any
    std::size_t segment_bits = 1024;        ///< length of the Viterbi decoder's segments, 32 a batch
};

} // namespace gr::xband
