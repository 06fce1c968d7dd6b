// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "fec/conv_encoder.h"
#include "fec/puncture.h"
#include "framing/framing_config.h"
#include "framing/nrzm.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xband::core {

/// Transfer frames to channel bits, the counterpart of frame_decoder: Reed-Solomon check symbols, randomiser, sync marker
/// (CADU, CCSDS 131.0-B-5, 9 and 10), differential code, convolutional code. State (differential levels, encoder registers,
/// puncture period) goes on from call to call, so frames may be handed over in any portions.
class cadu_encoder
{
public:
    /// \param g2_inverted  as CCSDS 131.0-B-5, 3.3.2 has it; S-NPP's sense. Without an inner code of no meaning.
    explicit cadu_encoder(const framing_config& config, bool g2_inverted = true);

    /// Channel bits that the next n frames give: one octet (0 or 1) a bit; c1,c2 or I,Q order. A punctured code's period
    /// need not end with a frame; what is left of it, less than a period, comes with the frame after.
    std::size_t channel_bits(std::size_t n_frames) const;

    /// \param frames  n transfer frames of frame_len_bytes each; a FECF must be in them already.
    /// \param bits    exactly channel_bits(n).
    /// Throws std::invalid_argument if a length does not fit.
    void encode(std::span<const std::uint8_t> frames, std::span<std::uint8_t> bits);

    /// One CADU before NRZ-M and inner code, cadu_len_bits() / 8 octets.
    void encode_cadu(std::span<const std::uint8_t> frame, std::span<std::uint8_t> cadu) const;

    void reset();

private:
    /// The inner code: of both rails, or one for each.
    struct coder {
        conv_encoder conv;
        puncturer kept;
        std::vector<std::uint8_t> symbols{}; ///< before puncturing
        std::vector<std::uint8_t> sent{};

        std::span<const std::uint8_t> encode(std::span<const std::uint8_t> packed_bits);
    };

    void encode_differential(std::span<std::uint8_t> packed_bits);
    std::size_t encode_inner(std::span<const std::uint8_t> packed_bits, std::uint8_t* out);

    framing_config d_config;
    std::optional<reed_solomon> d_rs;
    nrzm_encoder d_nrzm;
    unsigned d_rail_levels = 0;  ///< of the differential code, even rail in bit 1, odd rail in bit 0
    std::vector<coder> d_coders; ///< none without an inner code
    std::vector<std::uint8_t> d_cadu;
    std::vector<std::uint8_t> d_rail_bits;
};

} // namespace xband::core
