// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/cadu_reader.h"

#include <bit>

namespace xband::core {

cadu_reader::cadu_reader(frame_codec& codec, const bit_history& bits, unsigned max_errors, bool inverted_too)
    : d_codec(codec),
      d_bits(bits),
      d_search(codec.config().sync_marker, max_errors, inverted_too),
      d_inverted_too(inverted_too)
{
}

std::optional<std::int64_t> cadu_reader::next_marker(std::int64_t from, std::int64_t limit) const
{
    while (from < limit) {
        const std::int64_t index = from >> 6;
        std::uint64_t hits = 0;
        for (std::size_t stream = 0; stream < d_bits.n_streams(); ++stream)
            hits |= d_search.find(d_bits.word(stream, index), d_bits.word(stream, index + 1));
        hits &= ~std::uint64_t{ 0 } >> (from & 63);
        if (hits != 0) {
            const std::int64_t position = 64 * index + std::countl_zero(hits);
            return position < limit ? std::optional(position) : std::nullopt;
        }
        from = 64 * (index + 1);
    }
    return std::nullopt;
}

std::vector<frame_place> cadu_reader::markers_at(std::int64_t position, unsigned max_errors) const
{
    std::vector<frame_place> found;
    for (std::size_t stream = 0; stream < d_bits.n_streams(); ++stream) {
        for (const bool is_inverted : { false, true }) {
            if (is_inverted && !d_inverted_too)
                continue;
            const frame_place place = place_at({ .stream = stream, .is_inverted = is_inverted }, position);
            if (place.marker_errors <= max_errors)
                found.push_back(place);
        }
    }
    return found;
}

frame_place cadu_reader::place_at(const frame_place& like, std::int64_t position) const
{
    const unsigned errors = marker_distance(d_bits.read32(like.stream, position), d_codec.config().sync_marker);
    frame_place place = like;
    place.position = position;
    place.marker_errors = like.is_inverted ? unsigned(marker_bits) - errors : errors;
    return place;
}

located_frame cadu_reader::decode_at(const frame_place& place)
{
    return decode_stitched(place, place, d_codec.config().code_block_len_bytes());
}

located_frame
cadu_reader::decode_stitched(const frame_place& first, const frame_place& second, std::size_t n_octets_of_first)
{
    located_frame found{ .place = first };
    found.frame.code_block = d_codec.take_block();
    const auto read = [this](const frame_place& place, std::size_t from, std::span<std::uint8_t> octets) {
        d_bits.copy(place.stream, place.position + marker_bits + std::int64_t(8 * from), place.is_inverted, octets);
    };
    const std::span<std::uint8_t> block(found.frame.code_block);
    read(first, 0, block.first(n_octets_of_first));
    read(second, n_octets_of_first, block.subspan(n_octets_of_first));
    d_codec.decode(found.frame);
    return found;
}

bool cadu_reader::is_right(const framing_config& config, const decoded_frame& frame)
{
    const bool is_raw = config.frame_kind == frame_kind::raw;
    return frame.is_checked_and_right() && (is_raw || frame.is_header_right());
}

} // namespace xband::core
