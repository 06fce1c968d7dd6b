// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

/// Element-wise loops of the channel model, written so that every element's arithmetic has a fixed order: compiled for any
/// vector width (and without FMA contraction) they give the same bits. They are always inlined into the functions of
/// channel_model.cc that are compiled once per instruction set; the tests compile them for each set apart and compare.
namespace xband::core::channel_kernels {

/// Samples that are made in one go; noise, phase and gain are functions of (seed, tile, index in the tile).
inline constexpr std::size_t tile_samples = 128;

#define XBAND_KERNEL inline __attribute__((always_inline))

struct philox_words {
    std::uint32_t w[4];
};

/// Philox 4x32 with ten rounds: a counter and a key to 128 random bits, so that any sample's noise can be had by itself.
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
XBAND_KERNEL philox_words philox4x32(philox_words c, std::uint32_t key0, std::uint32_t key1)
{
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = std::uint64_t{ 0xD2511F53u } * c.w[0];
        const std::uint64_t product1 = std::uint64_t{ 0xCD9E8D57u } * c.w[2];
        c = { { static_cast<std::uint32_t>(product1 >> 32) ^ c.w[1] ^ key0,
                static_cast<std::uint32_t>(product1),
                static_cast<std::uint32_t>(product0 >> 32) ^ c.w[3] ^ key1,
                static_cast<std::uint32_t>(product0) } };
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return c;
}

struct rotor {
    float cosine;
    float sine;
};

/// Cosine and sine of an angle in turns times 2^32, right to 4e-7.
/// The angle is brought to +-1/8 turn, where four terms of the Taylor series are enough, and back by quarter turns.
XBAND_KERNEL rotor rotor_of(std::uint32_t angle)
{
    const std::uint32_t quarters = (angle + (1u << 29)) >> 30;
    const auto rest = static_cast<std::int32_t>(angle - (quarters << 30));
    const float x = static_cast<float>(rest) * 1.46291807926715968e-9f; // 2 pi / 2^32
    const float x2 = x * x;
    const float sine = x * (1.0f + x2 * (-1.0f / 6 + x2 * (1.0f / 120 + x2 * (-1.0f / 5040))));
    const float cosine = 1.0f + x2 * (-0.5f + x2 * (1.0f / 24 + x2 * (-1.0f / 720 + x2 * (1.0f / 40320))));
    const bool is_odd = (quarters & 1) != 0;
    const float c = is_odd ? sine : cosine;
    const float s = is_odd ? cosine : sine;
    return { ((quarters + 1) & 2) != 0 ? -c : c, (quarters & 2) != 0 ? -s : s };
}

/// sqrt(-2 ln u) with u = (w + 1) / 2^32, w even: the radius of two normal variates (Box and Muller), 0 to 6.66.
XBAND_KERNEL float rayleigh(std::uint32_t word)
{
    const float u = (static_cast<float>(static_cast<std::int32_t>(word >> 1)) + 0.5f) * 4.656612873077393e-10f; // 2^-31
    // u = m 2^e with m from sqrt(1/2) to sqrt(2), so that ln keeps its relative accuracy near u = 1.
    const auto bits = std::bit_cast<std::int32_t>(u) - 0x3f3504f3;
    const auto exponent = static_cast<float>(bits >> 23);
    const float m = std::bit_cast<float>((bits & 0x007fffff) + 0x3f3504f3);
    // ln m = 2 artanh(s); |s| < 0.172, the first term left out is 4e-10.
    const float s = (m - 1.0f) / (m + 1.0f);
    const float s2 = s * s;
    const float log_m = 2.0f * s * (1.0f + s2 * (1.0f / 3 + s2 * (1.0f / 5 + s2 * (1.0f / 7 + s2 * (1.0f / 9)))));
    return std::sqrt(-2.0f * (exponent * 0.693147180559945f + log_m));
}

/// Independent random streams of one seed.
enum class stream : std::uint32_t { noise = 0, phase = 1 };

/// tile_samples complex normal variates, unit variance per rail.
XBAND_KERNEL void
normal_tile(std::uint64_t seed, stream which, std::uint64_t tile, float* __restrict re, float* __restrict im)
{
    constexpr std::size_t half = tile_samples / 2;
    std::uint32_t words[4][half];
    const std::uint64_t first = tile * half;
    const auto key0 = static_cast<std::uint32_t>(seed);
    const auto key1 = static_cast<std::uint32_t>(seed >> 32);
    const auto counter_high = static_cast<std::uint32_t>(first >> 32);
    const auto counter_low = static_cast<std::uint32_t>(first); // a tile never straddles 2^32: half divides it
    for (std::uint32_t i = 0; i < half; ++i) {
        const auto r =
            philox4x32({ { counter_low + i, counter_high, static_cast<std::uint32_t>(which), 0 } }, key0, key1);
        words[0][i] = r.w[0];
        words[1][i] = r.w[1];
        words[2][i] = r.w[2];
        words[3][i] = r.w[3];
    }
    for (std::size_t part = 0; part < 2; ++part) {
        for (std::size_t i = 0; i < half; ++i) {
            const float radius = rayleigh(words[2 * part][i]);
            const rotor direction = rotor_of(words[2 * part + 1][i]);
            re[part * half + i] = radius * direction.cosine;
            im[part * half + i] = radius * direction.sine;
        }
    }
}

/// What is done to each sample: out = gain_s * in * rotor + gain_n * noise.
struct mixing {
    float signal_gain;
    float noise_gain;
};

/// Adds carrier and noise to n samples (interleaved I, Q).
XBAND_KERNEL void mix(const float* __restrict in,
                      const std::uint32_t* __restrict angle,
                      const float* __restrict noise_re,
                      const float* __restrict noise_im,
                      mixing gains,
                      std::size_t n,
                      float* __restrict re,
                      float* __restrict im)
{
    for (std::size_t i = 0; i < n; ++i) {
        const rotor r = rotor_of(angle[i]);
        const float c = gains.signal_gain * r.cosine;
        const float s = gains.signal_gain * r.sine;
        re[i] = (in[2 * i] * c - in[2 * i + 1] * s) + gains.noise_gain * noise_re[i];
        im[i] = (in[2 * i] * s + in[2 * i + 1] * c) + gains.noise_gain * noise_im[i];
    }
}

/// Rounds to the nearest integer (ties to even) and clips at +-full_scale.
template <typename Integer>
XBAND_KERNEL Integer quantise(float value, float full_scale)
{
    // Adding and taking away 1.5 * 2^23 leaves no fraction bits: rounding in the processor's own mode, without a call.
    constexpr float magic = 12582912.0f;
    const float scaled = value * full_scale;
    const float above = scaled > -full_scale ? scaled : -full_scale;
    const float clipped = above < full_scale ? above : full_scale;
    return static_cast<Integer>(static_cast<std::int32_t>((clipped + magic) - magic));
}

/// Interleaves and quantises n samples.
template <typename Integer>
XBAND_KERNEL void pack(const float* __restrict first,
                       const float* __restrict second,
                       float full_scale,
                       std::size_t n,
                       Integer* __restrict out)
{
    for (std::size_t i = 0; i < n; ++i) {
        out[2 * i] = quantise<Integer>(first[i], full_scale);
        out[2 * i + 1] = quantise<Integer>(second[i], full_scale);
    }
}

} // namespace xband::core::channel_kernels
