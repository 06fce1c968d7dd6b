// SPDX-License-Identifier: GPL-3.0-or-later
// Streams of known frames for the framing tests.
#pragma once
#include "base/soft_bit.h"
#include "framing/cadu_encoder.h"
#include "framing/frame_decoder.h"
#include "framing/frame_record.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

namespace framing_testing {

using namespace xband::core;
using octets = std::vector<std::uint8_t>;
using soft_stream = std::vector<soft_bit>;

/// Suomi-NPP's link, but codewords without interleave and short frames, so that tests are quick.
inline framing_config small_config()
{
    framing_config config;
    config.rs = { .parity = 32, .dual_basis = true, .interleave = 1, .virtual_fill = 123 };
    config.frame_len_bytes = 100;
    config.scid = 157;
    config.segment_bits = 128;
    return config;
}

inline framing_config uncoded(framing_config config, modulation kind, differential coding)
{
    config.modulation = kind;
    config.inner_code = inner_code::none;
    config.differential = coding;
    return config;
}

/// AOS frames of SCID 157, VCID 16, consecutive counters, random contents.
inline octets make_frames(const framing_config& config, std::size_t n_frames, std::uint32_t seed = 1)
{
    std::mt19937 random(seed);
    octets frames(n_frames * config.frame_len_bytes);
    for (auto& octet : frames)
        octet = std::uint8_t(random());
    for (std::size_t i = 0; i < n_frames; ++i) {
        const std::uint8_t header[] = { 0x40 | 157 >> 2,      (157 & 3) << 6 | 16, std::uint8_t(i >> 16),
                                        std::uint8_t(i >> 8), std::uint8_t(i),     0 };
        std::copy(std::begin(header), std::end(header), frames.begin() + std::ptrdiff_t(i * config.frame_len_bytes));
    }
    return frames;
}

inline soft_stream make_soft(const octets& channel_bits, int amplitude = 40)
{
    soft_stream soft(channel_bits.size());
    std::transform(channel_bits.begin(), channel_bits.end(), soft.begin(), [amplitude](std::uint8_t bit) {
        return soft_bit(bit != 0 ? -amplitude : amplitude);
    });
    return soft;
}

inline soft_stream transmit(const framing_config& config, const octets& frames, bool g2_inverted = true)
{
    cadu_encoder encoder(config, g2_inverted);
    octets bits(encoder.channel_bits(frames.size() / config.frame_len_bytes));
    encoder.encode(frames, bits);
    return make_soft(bits);
}

inline soft_stream noise(std::size_t n, std::uint32_t seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> gauss(0, 30);
    soft_stream soft(n);
    for (auto& s : soft)
        s = soft_bit(std::clamp(gauss(random), -127.F, 127.F));
    return soft;
}

inline void append(soft_stream& to, const soft_stream& what) { to.insert(to.end(), what.begin(), what.end()); }

inline void add_noise(soft_stream& soft, float sigma, std::uint32_t seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> gauss(0, sigma);
    for (auto& s : soft)
        s = soft_bit(std::clamp(float(s) + gauss(random), -127.F, 127.F));
}

struct record {
    frame_record_header header;
    octets frame;
};

inline std::vector<record> pull_all(frame_decoder& decoder)
{
    octets bytes(decoder.available() * decoder.record_stride());
    decoder.pull(bytes);
    std::vector<record> records(bytes.size() / decoder.record_stride());
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto* at = bytes.data() + i * decoder.record_stride();
        std::memcpy(&records[i].header, at, sizeof(frame_record_header));
        at += sizeof(frame_record_header);
        records[i].frame.assign(at, at + records[i].header.frame_len_bytes);
    }
    return records;
}

struct reception {
    std::vector<record> records;
    frame_decoder_stats stats;
};

inline reception receive(const framing_config& config, const soft_stream& soft)
{
    frame_decoder decoder(config);
    decoder.push(soft);
    decoder.flush();
    auto records = pull_all(decoder);
    return { std::move(records), decoder.stats() };
}

/// Indices of sent frames that came out right, in the order they came out. A right frame that was not sent, or one whose
/// contents differ from what its state says, gives -1.
inline std::vector<int> right_frames(const reception& received, const octets& sent, std::size_t frame_len_bytes)
{
    std::vector<int> indices;
    for (const auto& r : received.records) {
        if (r.header.state == integrity::uncorrectable)
            continue;
        const std::size_t counter = std::size_t(r.frame[2]) << 16 | std::size_t(r.frame[3]) << 8 | r.frame[4];
        const std::size_t at = counter * frame_len_bytes;
        const bool is_sent =
            at < sent.size() && std::equal(r.frame.begin(), r.frame.end(), sent.begin() + std::ptrdiff_t(at));
        indices.push_back(is_sent ? int(counter) : -1);
    }
    return indices;
}

/// 0, 1, .. n-1 without those listed.
inline std::vector<int> all_but(std::size_t n, std::vector<int> missing = {})
{
    std::vector<int> indices;
    for (int i = 0; i < int(n); ++i) {
        if (std::find(missing.begin(), missing.end(), i) == missing.end())
            indices.push_back(i);
    }
    return indices;
}

} // namespace framing_testing
