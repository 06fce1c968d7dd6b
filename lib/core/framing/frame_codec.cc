// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/frame_codec.h"
#include "framing/crc16.h"
#include "framing/randomizer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

namespace xband::core {

namespace {

// Few erasures leave more corrections for errors elsewhere, many help against a burst.
constexpr std::array erasures_tried{ 4U, 7U, reed_solomon::max_erasures };

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
    d_zeros_sent.assign(d_config.code_block_len_bytes(), 0);
    if (d_config.randomized)
        apply_randomizer(d_zeros_sent);
}

void frame_codec::decode(decoded_frame& out)
{
    std::span<std::uint8_t> block(out.code_block);
    if (d_config.randomized)
        apply_randomizer(block);
    out.rs = {};
    out.recovery = frame_recovery::none;
    out.bits_mended.reset();
    out.are_ends_mended = false;
    if (d_rs) {
        d_received = out.code_block;
        out.rs = d_rs->decode(block);
        if (out.rs.ok) {
            out.bits_mended = out.rs.total == 0 ? 0 : count_differences(d_received, block);
            out.are_ends_mended = out.rs.total > 0 && differ_at_ends(d_received, block);
        }
    }
    judge(out);
}

/// One octet over and over is a codeword of every Reed-Solomon code of full length, and what a dead input decodes to: it
/// vouches for nothing.
bool frame_codec::is_blank(std::span<const std::uint8_t> code_block) const
{
    const std::size_t interleave = d_config.rs.interleave;
    for (std::size_t i = interleave; i < code_block.size(); ++i)
        if ((code_block[i] ^ d_zeros_sent[i]) != (code_block[i - interleave] ^ d_zeros_sent[i - interleave]))
            return false;
    return true;
}

/// State, FECF and header, once Reed-Solomon has done what it can.
void frame_codec::judge(decoded_frame& out) const
{
    out.checks = 0;
    out.state = !d_rs                                    ? integrity::not_checked
                : !out.rs.ok || is_blank(out.code_block) ? integrity::uncorrectable
                : out.rs.total > 0                       ? integrity::corrected
                                                         : integrity::good;
    const auto frame = std::span(out.code_block).first(d_config.frame_len_bytes);
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

unsigned frame_codec::decode_again(decoded_frame& frame,
                                   std::span<const std::uint8_t> received,
                                   std::span<const std::uint16_t> certainty)
{
    const unsigned interleave = d_config.rs.interleave;
    d_received.assign(received.begin(), received.end());
    if (d_config.randomized)
        apply_randomizer(d_received);
    rs_result again;
    if (certainty.empty())
        again = d_rs->decode(d_received);
    unsigned n_won = 0;
    frame.rs.ok = true;
    for (unsigned codeword = 0; codeword < interleave; ++codeword) {
        std::uint8_t& corrected = frame.rs.corrected[codeword];
        if (corrected != rs_result::uncorrectable)
            continue;
        corrected = certainty.empty() ? again.corrected[codeword] : decode_with_erasures(codeword, certainty);
        if (corrected == rs_result::uncorrectable) {
            frame.rs.ok = false;
            continue;
        }
        ++n_won;
        frame.rs.total += corrected;
        for (std::size_t i = codeword; i < d_received.size(); i += interleave)
            frame.code_block[i] = d_received[i];
    }
    if (frame.rs.ok)
        judge(frame);
    return n_won;
}

/// One codeword of d_received, with more and more erasures.
std::uint8_t frame_codec::decode_with_erasures(unsigned codeword, std::span<const std::uint16_t> certainty)
{
    const unsigned interleave = d_config.rs.interleave;
    d_symbols.resize(d_received.size() / interleave);
    std::iota(d_symbols.begin(), d_symbols.end(), std::uint8_t{ 0 });
    const auto rank = [&](std::uint8_t symbol) { return std::pair(certainty[symbol * interleave + codeword], symbol); };
    std::ranges::partial_sort(d_symbols,
                              d_symbols.begin() + reed_solomon::max_erasures,
                              [&](std::uint8_t a, std::uint8_t b) { return rank(a) < rank(b); });
    for (const unsigned n_erased : erasures_tried) {
        const std::uint8_t corrected =
            d_rs->decode_codeword(d_received, codeword, std::span(d_symbols).first(n_erased));
        if (corrected != rs_result::uncorrectable)
            return corrected;
    }
    return rs_result::uncorrectable;
}

void frame_codec::as_sent(const decoded_frame& frame, std::span<std::uint8_t> out) const
{
    std::ranges::copy(frame.code_block, out.begin());
    if (d_config.randomized)
        apply_randomizer(out);
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
