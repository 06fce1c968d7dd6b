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

void check_rails(const framing_config& config)
{
    const bool is_coded = config.inner_code != inner_code::none;
    const bool is_coded_apart = is_coded && config.rail_mapping == rail_mapping::per_rail;
    if (config.rail_mapping != rail_mapping::serial) {
        const std::string name = is_coded_apart ? "per_rail" : "c1_c2";
        if (!is_coded)
            refuse("rail_mapping is given, but there is no inner_code to map");
        if (config.modulation == modulation::bpsk)
            refuse("rail_mapping " + name + " needs two rails, bpsk has one");
        const bool is_lopsided =
            config.inner_code == inner_code::conv_k7_r23 || config.inner_code == inner_code::conv_k7_r78;
        if (!is_coded_apart && is_lopsided)
            refuse("rail_mapping c1_c2 does not go with rates 2/3 and 7/8, which keep unlike numbers of c1 and c2");
        if (is_coded_apart && config.modulation == modulation::oqpsk)
            refuse("rail_mapping per_rail is not supported with oqpsk");
    }
    if (config.differential == differential::nrz_m_per_rail) {
        if (is_coded && !is_coded_apart)
            refuse("differential nrz_m_per_rail goes without an inner code, or with rail_mapping per_rail");
        if (config.modulation == modulation::bpsk)
            refuse("differential nrz_m_per_rail needs two rails, bpsk has one");
    }
    if (config.differential == differential::four_phase && !is_coded_apart)
        refuse("differential four_phase goes with rail_mapping per_rail only");
}

} // namespace

std::size_t framing_config::code_block_len_bytes() const
{
    return frame_len_bytes + (has_rs ? std::size_t{ rs.interleave } * rs.parity : 0);
}

code_rate framing_config::inner_rate() const
{
    switch (inner_code) {
    case inner_code::none:
    case inner_code::conv_k7_r12:
        break;
    case inner_code::conv_k7_r23:
        return code_rate::r23;
    case inner_code::conv_k7_r34:
        return code_rate::r34;
    case inner_code::conv_k7_r56:
        return code_rate::r56;
    case inner_code::conv_k7_r78:
        return code_rate::r78;
    }
    return code_rate::r12;
}

puncture_pattern framing_config::inner_pattern() const
{
    const auto order = rail_mapping == rail_mapping::c1_c2 ? kept_order::c1_c2 : kept_order::serial;
    const puncture_pattern pattern = pattern_of(inner_rate(), order);
    const bool has_pairs = modulation != modulation::bpsk && rail_mapping != rail_mapping::per_rail;
    return has_pairs && pattern.n_sent % 2 != 0 ? pattern.doubled() : pattern;
}

double framing_config::bits_per_channel_bit() const
{
    if (inner_code == inner_code::none)
        return 1;
    const puncture_pattern pattern = inner_pattern();
    return double(pattern.n_bits) / pattern.n_sent;
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
    check_rails(*this);
    if (segment_bits < 128 || segment_bits > 65536 || segment_bits % 64 != 0)
        refuse("segment_bits " + std::to_string(segment_bits) + " is not a multiple of 64 in 128..65536");
}

} // namespace xband::core
