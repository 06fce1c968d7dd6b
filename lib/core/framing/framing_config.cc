// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/framing_config.h"

#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("framing_config: " + what); }

void check_frame(const framing_config& config)
{
    // 2 octets of FECF or 6 of header must fit; the record header has 16 bits for the code block's length.
    constexpr std::size_t min_len = 8, max_len = 16384;
    if (config.frame_len_bytes < min_len || config.frame_len_bytes > max_len)
        refuse("frame_len_bytes " + std::to_string(config.frame_len_bytes) + " not in 8..16384");
    const unsigned max_scid = config.frame_kind == frame_kind::tm ? 1023 : 255;
    if (config.scid && *config.scid > max_scid)
        refuse("scid " + std::to_string(*config.scid) + " exceeds " + std::to_string(max_scid));
    if (config.scid && config.frame_kind == frame_kind::raw)
        refuse("scid is given, but frame_kind raw has no header to find it in");
}

} // namespace

std::size_t framing_config::code_block_len_bytes() const
{
    return frame_len_bytes + (has_rs ? std::size_t{ rs.interleave } * rs.parity : 0);
}

void framing_config::validate() const
{
    check_frame(*this);
    if (has_rs) {
        const std::size_t data_len = reed_solomon(rs).data_len_bytes();
        if (data_len != frame_len_bytes)
            refuse("frame_len_bytes " + std::to_string(frame_len_bytes) + " is not the " + std::to_string(data_len) +
                   " octets that the Reed-Solomon code block carries");
    }
    if (!is_contiguous && !has_rs && !has_fecf)
        refuse("is_contiguous false needs has_rs or has_fecf true: nothing else proves a frame that comes alone");
    if (differential == differential::nrz_m_per_rail) {
        if (inner_code != inner_code::none)
            refuse("differential nrz_m_per_rail goes without an inner code only");
        if (modulation == modulation::bpsk)
            refuse("differential nrz_m_per_rail needs two rails, bpsk has one");
    }
    if (segment_bits < 128 || segment_bits > 65536 || segment_bits % 64 != 0)
        refuse("segment_bits " + std::to_string(segment_bits) + " is not a multiple of 64 in 128..65536");
}

} // namespace xband::core
