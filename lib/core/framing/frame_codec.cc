// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/frame_codec.h"
#include "base/multiversion.h"
#include "framing/crc16.h"
#include "framing/randomizer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

namespace xband::core {

namespace {

constexpr std::size_t max_interleave = 8;

// Each octet more doubles the trials. 256 take about as long as a look with certainty, and are as many chances in 16! that a
// codeword is taken for another. Frames of S-NPP lost at 1.4 dB: 2.2 % without, 1.4 % with 6, 1.1 % with 8.
constexpr unsigned n_octets_varied = 8;

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

// Several versions for the sake of the population count, which x86-64 has had an instruction for since 2008 only.
XBAND_MULTIVERSION unsigned count_differences(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b)
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

std::vector<std::uint8_t> frame_codec::take_block()
{
    if (d_spare_blocks.empty())
        return std::vector<std::uint8_t>(d_config.code_block_len_bytes());
    std::vector<std::uint8_t> block = std::move(d_spare_blocks.back());
    d_spare_blocks.pop_back();
    return block;
}

void frame_codec::give_back(decoded_frame& frame)
{
    if (frame.code_block.size() == d_config.code_block_len_bytes())
        d_spare_blocks.push_back(std::move(frame.code_block));
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

unsigned frame_codec::decode_again(decoded_frame& frame, std::span<const std::uint8_t> received)
{
    derandomise(received);
    const rs_result again = d_rs->decode(d_received);
    return take_right_ones(frame, d_received, again);
}

unsigned frame_codec::decode_otherwise(decoded_frame& frame,
                                       std::span<const std::uint8_t> received,
                                       std::span<const octet_doubt> doubts)
{
    derandomise(received);
    const unsigned interleave = d_config.rs.interleave;
    std::array<std::array<std::uint8_t, max_interleave>, n_octets_varied> symbol;
    for (unsigned codeword = 0; codeword < interleave; ++codeword) {
        rank_symbols(codeword, doubts, n_octets_varied);
        for (unsigned i = 0; i < n_octets_varied; ++i)
            symbol[i][codeword] = d_symbols[i];
    }
    unsigned n_won = 0;
    for (unsigned trial = 1; trial < 1U << n_octets_varied && !frame.rs.ok; ++trial) {
        // One octet of each codeword changes from trial to trial (Gray's code).
        for (unsigned codeword = 0; codeword < interleave; ++codeword) {
            const std::size_t at = symbol[unsigned(std::countr_zero(trial))][codeword] * interleave + codeword;
            d_received[at] ^= doubts[at].other_bits;
        }
        d_changed = d_received;
        const rs_result again = d_rs->decode(d_changed);
        n_won += take_right_ones(frame, d_changed, again);
    }
    return n_won;
}

unsigned frame_codec::decode_with_erasures(decoded_frame& frame,
                                           std::span<const std::uint8_t> received,
                                           std::span<const octet_doubt> doubts)
{
    derandomise(received);
    rs_result again;
    for (unsigned codeword = 0; codeword < d_config.rs.interleave; ++codeword) {
        std::uint8_t& corrected = again.corrected[codeword];
        corrected = rs_result::uncorrectable;
        if (frame.rs.corrected[codeword] != rs_result::uncorrectable)
            continue;
        rank_symbols(codeword, doubts, reed_solomon::max_erasures);
        for (const unsigned n_erased : erasures_tried) {
            if (corrected == rs_result::uncorrectable)
                corrected = d_rs->decode_codeword(d_received, codeword, std::span(d_symbols).first(n_erased));
        }
    }
    return take_right_ones(frame, d_received, again);
}

/// Fills d_received.
void frame_codec::derandomise(std::span<const std::uint8_t> received)
{
    d_received.assign(received.begin(), received.end());
    if (d_config.randomized)
        apply_randomizer(d_received);
}

/// Takes over codewords that were beyond repair in the frame and are right in another block.
unsigned frame_codec::take_right_ones(decoded_frame& frame, std::span<const std::uint8_t> block, const rs_result& again)
{
    unsigned n_won = 0;
    frame.rs.ok = true;
    for (unsigned codeword = 0; codeword < d_config.rs.interleave; ++codeword) {
        std::uint8_t& corrected = frame.rs.corrected[codeword];
        if (corrected != rs_result::uncorrectable)
            continue;
        corrected = again.corrected[codeword];
        if (corrected == rs_result::uncorrectable) {
            frame.rs.ok = false;
            continue;
        }
        ++n_won;
        frame.rs.total += corrected;
        for (std::size_t i = codeword; i < block.size(); i += d_config.rs.interleave)
            frame.code_block[i] = block[i];
    }
    if (frame.rs.ok)
        judge(frame);
    return n_won;
}

/// Puts the n least certain symbols of a codeword first in d_symbols.
void frame_codec::rank_symbols(unsigned codeword, std::span<const octet_doubt> doubts, unsigned n)
{
    const unsigned interleave = d_config.rs.interleave;
    d_symbols.resize(doubts.size() / interleave);
    std::iota(d_symbols.begin(), d_symbols.end(), std::uint8_t{ 0 });
    const auto rank = [&](std::uint8_t symbol) {
        return std::pair(doubts[symbol * interleave + codeword].certainty, symbol);
    };
    std::ranges::partial_sort(d_symbols, d_symbols.begin() + n, {}, rank);
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
