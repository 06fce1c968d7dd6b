// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/cadu_encoder.h"
#include "framing/randomizer.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

/// NRZ-M on even and odd bits by themselves: each level is the sum of every second bit so far.
/// \param levels  last level of the even (bit 1) and odd (bit 0) rail.
void encode_nrzm_per_rail(std::span<std::uint8_t> packed_bits, std::uint8_t& levels)
{
    for (std::uint8_t& octet : packed_bits) {
        unsigned sum = octet;
        sum ^= sum >> 2;
        sum ^= sum >> 4;
        octet = std::uint8_t(sum ^ levels * 0x55U);
        levels = octet & 3;
    }
}

} // namespace

cadu_encoder::cadu_encoder(const framing_config& config, bool g2_inverted) : d_config(config), d_conv(g2_inverted)
{
    d_config.validate();
    if (d_config.has_rs)
        d_rs.emplace(d_config.rs);
    d_cadu.resize(d_config.cadu_len_bits() / 8);
}

std::size_t cadu_encoder::channel_bits(std::size_t n_frames) const
{
    const unsigned per_bit = d_config.inner_code == inner_code::conv_k7_r12 ? 2 : 1;
    return n_frames * d_config.cadu_len_bits() * per_bit;
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
    for (std::size_t i = 0; i < n_frames; ++i) {
        encode_cadu(frames.subspan(i * d_config.frame_len_bytes, d_config.frame_len_bytes), d_cadu);
        if (d_config.differential == differential::nrz_m)
            d_nrzm.encode(d_cadu, d_cadu);
        else if (d_config.differential == differential::nrz_m_per_rail)
            encode_nrzm_per_rail(d_cadu, d_rail_levels);
        const auto out = bits.subspan(i * channel_bits(1), channel_bits(1));
        if (d_config.inner_code == inner_code::conv_k7_r12) {
            d_conv.encode(d_cadu, out);
        } else {
            for (std::size_t k = 0; k < out.size(); ++k)
                out[k] = (d_cadu[k / 8] >> (7 - k % 8)) & 1;
        }
    }
}

void cadu_encoder::reset()
{
    d_nrzm.reset();
    d_rail_levels = 0;
    d_conv.reset();
}

} // namespace xband::core
