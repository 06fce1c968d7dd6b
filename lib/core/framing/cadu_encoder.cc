// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/cadu_encoder.h"
#include "framing/randomizer.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

/// NRZ-M on even and odd bits by themselves: each level is the sum of every second bit so far.
/// \param levels  last level of the even (bit 1) and odd (bit 0) rail.
void encode_nrzm_per_rail(std::span<std::uint8_t> packed_bits, unsigned& levels)
{
    for (std::uint8_t& octet : packed_bits) {
        unsigned sum = octet;
        sum ^= sum >> 2;
        sum ^= sum >> 4;
        octet = std::uint8_t(sum ^ levels * 0x55U);
        levels = octet & 3;
    }
}

/// Pairs of bits as changes of both rails' levels (see rail_streams.h). The levels are unlike after a pair of unlike bits
/// exactly if they were alike before; then the pair's bits change places.
void encode_four_phase(std::span<std::uint8_t> packed_bits, unsigned& levels)
{
    for (std::uint8_t& octet : packed_bits) {
        unsigned coded = 0;
        for (int shift = 6; shift >= 0; shift -= 2) {
            unsigned change = octet >> shift & 3U;
            if (std::popcount(change ^ levels) == 1)
                change = change >> 1 | (change & 1) << 1;
            levels ^= change;
            coded = coded << 2 | levels;
        }
        octet = std::uint8_t(coded);
    }
}

/// Every second bit of packed bits, the even ones or the odd ones, packed.
void pick_rail(std::span<const std::uint8_t> packed_bits, unsigned rail, std::span<std::uint8_t> out)
{
    for (std::size_t i = 0; i < out.size(); ++i) {
        unsigned octet = 0;
        for (unsigned bit = 0; bit < 8; ++bit)
            octet = octet << 1 | (packed_bits[2 * i + bit / 4] >> (7 - 2 * (bit % 4) - rail) & 1U);
        out[i] = std::uint8_t(octet);
    }
}

} // namespace

cadu_encoder::cadu_encoder(const framing_config& config, bool g2_inverted) : d_config(config)
{
    d_config.validate();
    if (d_config.has_rs)
        d_rs.emplace(d_config.rs);
    d_cadu.resize(d_config.cadu_len_bits() / 8);
    if (d_config.inner_code == inner_code::none)
        return;
    const std::size_t n_coders = d_config.rail_mapping == rail_mapping::per_rail ? 2 : 1;
    d_coders.assign(n_coders, { conv_encoder(g2_inverted), puncturer(d_config.inner_pattern()) });
    d_rail_bits.resize(d_cadu.size() / n_coders);
}

std::size_t cadu_encoder::channel_bits(std::size_t n_frames) const
{
    const std::size_t n_bits = n_frames * d_config.cadu_len_bits();
    if (d_coders.empty())
        return n_bits;
    return d_coders.size() * d_coders.front().kept.n_sent(2 * n_bits / d_coders.size());
}

void cadu_encoder::encode_cadu(std::span<const std::uint8_t> frame, std::span<std::uint8_t> cadu) const
{
    if (frame.size() != d_config.frame_len_bytes || cadu.size() != d_config.cadu_len_bits() / 8)
        throw std::invalid_argument("cadu_encoder: " + std::to_string(frame.size()) + " octets of frame, " +
                                    std::to_string(cadu.size()) + " of CADU; expected " +
                                    std::to_string(d_config.frame_len_bytes) + " and " +
                                    std::to_string(d_config.cadu_len_bits() / 8));
    for (unsigned i = 0; i < 4; ++i)
        cadu[i] = std::uint8_t(d_config.sync_marker >> (24 - 8 * i));
    const auto block = cadu.subspan(4);
    std::copy(frame.begin(), frame.end(), block.begin());
    if (d_rs)
        d_rs->encode(block);
    if (d_config.randomized)
        apply_randomizer(block);
}

void cadu_encoder::encode(std::span<const std::uint8_t> frames, std::span<std::uint8_t> bits)
{
    const std::size_t n_frames = frames.size() / d_config.frame_len_bytes;
    if (frames.size() % d_config.frame_len_bytes != 0 || bits.size() != channel_bits(n_frames))
        throw std::invalid_argument("cadu_encoder: " + std::to_string(frames.size()) +
                                    " octets are no whole frames of " + std::to_string(d_config.frame_len_bytes) +
                                    " or " + std::to_string(bits.size()) + " channel bits do not fit them");
    std::uint8_t* out = bits.data();
    for (std::size_t i = 0; i < n_frames; ++i) {
        encode_cadu(frames.subspan(i * d_config.frame_len_bytes, d_config.frame_len_bytes), d_cadu);
        encode_differential(d_cadu);
        out += encode_inner(d_cadu, out);
    }
}

void cadu_encoder::encode_differential(std::span<std::uint8_t> packed_bits)
{
    switch (d_config.differential) {
    case differential::none:
        break;
    case differential::nrz_m:
        d_nrzm.encode(packed_bits, packed_bits);
        break;
    case differential::nrz_m_per_rail:
        encode_nrzm_per_rail(packed_bits, d_rail_levels);
        break;
    case differential::four_phase:
        encode_four_phase(packed_bits, d_rail_levels);
        break;
    }
}

/// Returns the number of channel bits.
std::size_t cadu_encoder::encode_inner(std::span<const std::uint8_t> packed_bits, std::uint8_t* out)
{
    if (d_coders.empty()) {
        for (std::size_t k = 0; k < 8 * packed_bits.size(); ++k)
            out[k] = (packed_bits[k / 8] >> (7 - k % 8)) & 1;
        return 8 * packed_bits.size();
    }
    if (d_coders.size() == 1) {
        const auto sent = d_coders.front().encode(packed_bits);
        std::copy(sent.begin(), sent.end(), out);
        return sent.size();
    }
    std::size_t n_sent = 0;
    for (unsigned rail = 0; rail < 2; ++rail) {
        pick_rail(packed_bits, rail, d_rail_bits);
        const auto sent = d_coders[rail].encode(d_rail_bits);
        for (std::size_t k = 0; k < sent.size(); ++k)
            out[2 * k + rail] = sent[k];
        n_sent += sent.size();
    }
    return n_sent;
}

std::span<const std::uint8_t> cadu_encoder::coder::encode(std::span<const std::uint8_t> packed_bits)
{
    symbols.resize(16 * packed_bits.size());
    conv.encode(packed_bits, symbols);
    sent.resize(kept.n_sent(symbols.size()));
    kept.push(symbols, sent);
    return sent;
}

void cadu_encoder::reset()
{
    d_nrzm.reset();
    d_rail_levels = 0;
    for (coder& c : d_coders) {
        c.conv.reset();
        c.kept.reset();
    }
}

} // namespace xband::core
