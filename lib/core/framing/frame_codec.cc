// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/frame_codec.h"
#include "framing/crc16.h"
#include "framing/randomizer.h"

#include <algorithm>
#include <bit>

namespace xband::core {

namespace {

constexpr std::uint8_t check_fecf_present = 1;
constexpr std::uint8_t check_fecf_right = 2;
constexpr std::uint8_t check_header_right = 4;

frame_header read_aos_header(std::span<const std::uint8_t> f)
{
    return { .version = unsigned{ f[0] } >> 6,
             .scid = (f[0] & 0x3FU) << 2 | f[1] >> 6U,
             .channel = f[1] & 0x3FU,
             .counter = std::uint32_t(f[2] << 16 | f[3] << 8 | f[4]),
             .counter_mask = 0xFFFFFF };
}

frame_header read_tm_header(std::span<const std::uint8_t> f)
{
    return { .version = unsigned{ f[0] } >> 6,
             .scid = (f[0] & 0x3FU) << 4 | f[1] >> 4U,
             .channel = 0,
             .counter = f[2],
             .counter_mask = 0xFF };
}

unsigned count_differences(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b)
{
    unsigned n = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        n += unsigned(std::popcount(std::uint8_t(a[i] ^ b[i])));
    return n;
}

bool differ_at_ends(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b)
{
    return !std::ranges::equal(a.first(2), b.first(2)) || !std::ranges::equal(a.last(2), b.last(2));
}

} // namespace

frame_codec::frame_codec(const framing_config& config) : d_config(config)
{
    d_config.validate();
    if (d_config.has_rs)
        d_rs.emplace(d_config.rs);
}

void frame_codec::decode(decoded_frame& out)
{
    std::span<std::uint8_t> block(out.code_block);
    if (d_config.randomized)
        apply_randomizer(block);
    out.state = integrity::not_checked;
    out.checks = 0;
    out.rs = {};
    out.bits_mended.reset();
    out.are_ends_mended = false;
    if (d_rs) {
        d_received = out.code_block;
        out.rs = d_rs->decode(block);
        out.state = !out.rs.ok ? integrity::uncorrectable : out.rs.total > 0 ? integrity::corrected : integrity::good;
        if (out.rs.ok) {
            out.bits_mended = out.rs.total == 0 ? 0 : count_differences(d_received, block);
            out.are_ends_mended = out.rs.total > 0 && differ_at_ends(d_received, block);
        }
    }
    const auto frame = block.first(d_config.frame_len_bytes);
    if (d_config.has_fecf) {
        const bool is_right = crc16_ccsds(frame) == 0;
        out.checks |= is_right ? check_fecf_present | check_fecf_right : check_fecf_present;
        if (!is_right)
            out.state = integrity::uncorrectable;
        else if (out.state == integrity::not_checked)
            out.state = integrity::good;
    }
    check_header(out);
}

void frame_codec::check_header(decoded_frame& out) const
{
    const bool is_tm = d_config.frame_kind == frame_kind::tm;
    if (d_config.frame_kind == frame_kind::raw)
        return;
    out.header = is_tm ? read_tm_header(out.code_block) : read_aos_header(out.code_block);
    const unsigned version = is_tm ? 0 : 1;
    if (out.header.version == version && d_config.scid.value_or(out.header.scid) == out.header.scid)
        out.checks |= check_header_right;
}

bool frame_codec::is_successor(const frame_header& frame, const frame_header& next)
{
    if (frame.version != next.version || frame.scid != next.scid)
        return false;
    return frame.channel != next.channel || next.counter == ((frame.counter + 1) & frame.counter_mask);
}

} // namespace xband::core
