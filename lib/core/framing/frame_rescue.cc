// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/frame_rescue.h"
#include "framing/marker_search.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace xband::core {

namespace {

constexpr std::size_t marker_octets = 4;

// A marker with more wrong bits is no evidence of a frame: 4 of 32 happen in noise once in 1e5 places.
constexpr unsigned max_marker_errors = 4;

// A failed code block of noise has this many wrong bits in its next marker once in 300 cases; then two octets are read a
// little worse.
constexpr unsigned max_next_marker_errors = 8;

constexpr unsigned needed_parity = 32;

/// Which of the ways that a frame took is named: the last resort among them.
unsigned effort(frame_recovery way)
{
    switch (way) {
    case frame_recovery::data_aided:
        return 3;
    case frame_recovery::erasures:
        return 2;
    case frame_recovery::rs_pinned:
        return 1;
    default:
        return 0;
    }
}

pin pin_of(bool bit) { return bit ? pin::one : pin::zero; }

} // namespace

frame_rescue::frame_rescue(frame_codec& codec, channel_front& front) : d_codec(codec), d_front(front)
{
    const std::size_t cadu_octets = codec.config().cadu_len_bits() / 8;
    d_cadu.resize(cadu_octets + marker_octets);
    for (std::size_t i = 0; i < marker_octets; ++i)
        d_cadu[i] = d_cadu[cadu_octets + i] = std::uint8_t(codec.config().sync_marker >> (24 - 8 * i));
    d_known.resize(8 * d_cadu.size());
    d_octets.resize(d_cadu.size());
    d_doubts.resize(d_cadu.size());
}

bool frame_rescue::win(located_frame& found)
{
    if (!may_try(found))
        return false;
    d_frame = found.frame;
    if (!mend(found.place) || !cadu_reader::is_right(d_codec.config(), d_frame) || !is_confirmed(found.place))
        return false;
    d_frame.bits_mended = count_bits_mended(found.place);
    std::swap(d_frame, found.frame);
    return true;
}

/// Bits of the code block that were wrong when it was read first.
unsigned frame_rescue::count_bits_mended(const frame_place& place)
{
    const std::size_t len = d_codec.config().code_block_len_bytes();
    const auto read = std::span(d_octets).first(len);
    const auto sent = std::span(d_cadu).subspan(marker_octets, len);
    d_front.bits().copy(place.stream, place.position + cadu_reader::marker_bits, place.is_inverted, read);
    d_codec.as_sent(d_frame, sent);
    unsigned n = 0;
    for (std::size_t i = 0; i < len; ++i)
        n += unsigned(std::popcount(std::uint8_t(read[i] ^ sent[i])));
    return n;
}

bool frame_rescue::may_try(const located_frame& found) const
{
    const framing_config& config = d_codec.config();
    if (!config.has_rs || config.rs.parity != needed_parity || found.frame.rs.ok)
        return false;
    return has_right_codeword(found.frame) || found.place.marker_errors <= max_marker_errors;
}

bool frame_rescue::has_right_codeword(const decoded_frame& frame) const
{
    const auto corrected = std::span(frame.rs.corrected).first(d_codec.config().rs.interleave);
    return std::ranges::any_of(corrected, [](std::uint8_t n) { return n != rs_result::uncorrectable; });
}

/// True if all codewords of d_frame came right.
bool frame_rescue::mend(const frame_place& place)
{
    d_is_by_doubts.fill(false);
    while (!d_frame.rs.ok) {
        const auto corrected_before = d_frame.rs.corrected;
        const frame_recovery way = mend_some(d_frame, place);
        if (way == frame_recovery::none)
            return false;
        d_frame.recovery =
            std::max(d_frame.recovery, way, [](frame_recovery a, frame_recovery b) { return effort(a) < effort(b); });
        for (std::size_t i = 0; i < corrected_before.size(); ++i)
            d_is_by_doubts[i] |= way != frame_recovery::rs_pinned && corrected_before[i] != d_frame.rs.corrected[i];
    }
    return true;
}

/// Tries to win another codeword. \returns how it did.
frame_recovery frame_rescue::mend_some(decoded_frame& frame, const frame_place& place)
{
    for (const bool takes_phase_out : { false, true }) {
        if (takes_phase_out && !d_front.can_take_phase_out())
            break;
        if (has_right_codeword(frame)) {
            look_again(frame, place, {}, takes_phase_out);
            if (d_codec.decode_again(frame, block()) > 0)
                return takes_phase_out ? frame_recovery::data_aided : frame_recovery::rs_pinned;
        }
        look_again(frame, place, d_doubts, takes_phase_out);
        if ((takes_phase_out && d_codec.decode_again(frame, block()) > 0) ||
            d_codec.decode_otherwise(frame, block(), doubts()) > 0 ||
            d_codec.decode_with_erasures(frame, block(), doubts()) > 0)
            return takes_phase_out ? frame_recovery::data_aided : frame_recovery::erasures;
    }
    return frame_recovery::none;
}

/// Codewords won from doubtful octets must come out the same again when all others are known. One that was taken for another
/// would not: what is then read lies near the true one.
bool frame_rescue::is_confirmed(const frame_place& place)
{
    for (std::size_t i = 0; i < d_is_by_doubts.size(); ++i) {
        if (!d_is_by_doubts[i])
            continue;
        d_again = d_frame;
        d_again.rs.corrected[i] = rs_result::uncorrectable;
        d_again.rs.ok = false;
        if (mend_some(d_again, place) == frame_recovery::none || d_again.code_block != d_frame.code_block)
            return false;
    }
    return true;
}

/// Reads the CADU of a frame again, its right codewords being known.
void frame_rescue::look_again(const decoded_frame& frame,
                              const frame_place& place,
                              std::span<octet_doubt> doubts,
                              bool takes_phase_out)
{
    const framing_config& config = d_codec.config();
    const auto sent = std::span(d_cadu).subspan(marker_octets, config.code_block_len_bytes());
    d_codec.as_sent(frame, sent);
    const bool is_next_known = has_next_marker(place);
    for (std::size_t octet = 0; octet < d_cadu.size(); ++octet) {
        bool is_known = true; // the marker
        if (octet >= marker_octets + sent.size())
            is_known = is_next_known;
        else if (octet >= marker_octets)
            is_known = frame.rs.corrected[(octet - marker_octets) % config.rs.interleave] != rs_result::uncorrectable;
        for (std::size_t i = 0; i < 8; ++i) {
            const bool bit = (d_cadu[octet] >> (7 - i) & 1) != 0;
            d_known[8 * octet + i] = is_known ? pin_of(bit != place.is_inverted) : pin::open;
        }
    }
    d_front.look_again({ place.position, place.stream, d_known, d_octets, doubts, takes_phase_out });
    if (place.is_inverted)
        std::ranges::transform(d_octets, d_octets.begin(), [](std::uint8_t octet) { return std::uint8_t(~octet); });
}

bool frame_rescue::has_next_marker(const frame_place& place) const
{
    const std::int64_t position = place.position + std::int64_t(d_codec.config().cadu_len_bits());
    const std::uint32_t bits = d_front.bits().read32(place.stream, position);
    return marker_distance(place.is_inverted ? ~bits : bits, d_codec.config().sync_marker) <= max_next_marker_errors;
}

std::span<const std::uint8_t> frame_rescue::block() const
{
    return std::span(d_octets).subspan(marker_octets, d_codec.config().code_block_len_bytes());
}

std::span<const octet_doubt> frame_rescue::doubts() const
{
    return std::span(d_doubts).subspan(marker_octets, d_codec.config().code_block_len_bytes());
}

} // namespace xband::core
