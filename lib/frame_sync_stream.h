// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/fifo.h"
#include "core_namespace.h"
#include "framing/cadu_sync.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gr::xband {

struct frame_sync_config {
    std::size_t code_block_len_bytes = 1020;
    std::uint32_t sync_marker = 0x1ACFFC1D;
    bool inverted_too = false;
    bool keep_marker = false;
};

/// core::cadu_sync over packed octets, without looking into the frames: as for a mission of which nothing but marker and
/// length is known.
class frame_sync_stream
{
public:
    explicit frame_sync_stream(const frame_sync_config& config)
        : d_keep_marker(config.keep_marker),
          d_codec(marker_only(config)),
          d_bits(1),
          d_sync(d_codec, d_bits, config.inverted_too)
    {
    }
    // The synchroniser refers to its neighbours.
    frame_sync_stream(const frame_sync_stream&) = delete;
    frame_sync_stream& operator=(const frame_sync_stream&) = delete;

    void push(std::span<const std::uint8_t> octets)
    {
        for (const std::uint8_t octet : octets) {
            d_word = d_word << 8 | octet;
            if (++d_octets_in_word < sizeof d_word)
                continue;
            d_bits.append(std::span(&d_word, 1));
            d_octets_in_word = 0;
        }
        d_sync.advance();
        collect();
    }

    void flush()
    {
        if (d_octets_in_word > 0) {
            const unsigned n_bits = 8 * d_octets_in_word;
            d_word <<= 64 - n_bits;
            d_bits.append(std::span(&d_word, 1), n_bits);
            d_octets_in_word = 0;
        }
        d_sync.finish();
        collect();
    }

    std::size_t available() const { return d_out.size(); }
    std::size_t pull(std::span<std::uint8_t> octets) { return d_out.pull(octets); }

    std::uint64_t frames() const { return d_frames; }
    std::uint64_t sync_losses() const { return d_sync.stats().sync_losses; }
    bool is_locked() const { return d_sync.is_locked(); }

private:
    static core::framing_config marker_only(const frame_sync_config& config)
    {
        return { .randomized = false,
                 .sync_marker = config.sync_marker,
                 .has_rs = false,
                 .frame_len_bytes = config.code_block_len_bytes,
                 .frame_kind = core::frame_kind::raw };
    }

    void collect()
    {
        for (auto& found = d_sync.frames(); !found.empty(); found.pop_front()) {
            if (d_keep_marker)
                write_marker();
            const auto& block = found.front().frame.code_block;
            std::copy(block.begin(), block.end(), d_out.append(block.size()).begin());
            ++d_frames;
        }
        d_bits.discard_before(d_sync.oldest_needed());
    }

    void write_marker()
    {
        const std::uint32_t marker = d_codec.config().sync_marker;
        const auto room = d_out.append(sizeof marker);
        for (std::size_t i = 0; i < room.size(); ++i)
            room[i] = static_cast<std::uint8_t>(marker >> (24 - 8 * i));
    }

    const bool d_keep_marker;
    core::frame_codec d_codec;
    core::bit_history d_bits;
    core::cadu_sync d_sync;
    std::uint64_t d_word = 0; ///< the octets of it so far stand at its low end
    unsigned d_octets_in_word = 0;
    std::uint64_t d_frames = 0;
    core::fifo<std::uint8_t> d_out;
};

} // namespace gr::xband
