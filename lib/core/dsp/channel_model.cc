// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/channel_model.h"

#include "base/multiversion.h"
#include "base/require.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace xband::core {
namespace {

using namespace channel_kernels;
constexpr double two_to_32 = 4294967296.0;

XBAND_MULTIVERSION
void make_normal_tile(std::uint64_t seed, stream which, std::uint64_t tile, float* re, float* im)
{
    normal_tile(seed, which, tile, re, im);
}

XBAND_MULTIVERSION
void make_samples(const float* in,
                  const std::uint32_t* angle,
                  const float* noise_re,
                  const float* noise_im,
                  mixing gains,
                  std::size_t n,
                  float* re,
                  float* im)
{
    mix(in, angle, noise_re, noise_im, gains, n, re, im);
}

XBAND_MULTIVERSION
void pack_cs8(const float* first, const float* second, std::size_t n, std::int8_t* out)
{
    pack(first, second, 127.0f, n, out);
}

XBAND_MULTIVERSION
void pack_cs16(const float* first, const float* second, std::size_t n, std::int16_t* out)
{
    pack(first, second, 32767.0f, n, out);
}

} // namespace

channel_model::channel_model(const channel_model_config& config)
    : d_config(config),
      d_doppler(config.doppler, config.sample_rate_hz)
{
    require(config.sample_rate_hz > 0.0 && std::isfinite(config.sample_rate_hz),
            "sample_rate_hz",
            config.sample_rate_hz,
            "above 0");
    require(config.samples_per_symbol >= 1.0 && config.samples_per_symbol <= 64.0,
            "samples_per_symbol",
            config.samples_per_symbol,
            "1 to 64");
    require(std::abs(config.frequency_offset_hz) <= config.sample_rate_hz / 2,
            "frequency_offset_hz",
            config.frequency_offset_hz,
            "minus to plus half the sample rate");
    require(
        std::isfinite(config.frequency_ramp_hz_s), "frequency_ramp_hz_s", config.frequency_ramp_hz_s, "finite numbers");
    require(std::isfinite(config.phase_rad), "phase_rad", config.phase_rad, "finite numbers");
    // Larger steps of the Wiener phase could pass half a turn, where the sign of a 32-bit step is lost.
    require(config.linewidth_hz >= 0.0 && config.linewidth_hz <= 0.03 * config.sample_rate_hz,
            "linewidth_hz",
            config.linewidth_hz,
            "0 to 0.03 times the sample rate");
    require(config.level >= 0.001 && config.level <= 1.0, "level", config.level, "0.001 to 1");
    for (std::size_t i = 0; i < config.es_n0.size(); ++i) {
        require(std::abs(config.es_n0[i].es_n0_db) <= 100.0, "es_n0_db", config.es_n0[i].es_n0_db, "-100 to 100");
        require(i == 0 || config.es_n0[i].time_s > config.es_n0[i - 1].time_s,
                "es_n0 time_s",
                config.es_n0[i].time_s,
                "ascending order");
    }
    for (const auto& fade : config.fades) {
        require(std::isfinite(fade.start_s), "fade start_s", fade.start_s, "finite numbers");
        require(fade.length_s >= 0.0, "fade length_s", fade.length_s, "0 and above");
        require(fade.depth_db >= 0.0, "fade depth_db", fade.depth_db, "0 and above");
    }
}

std::uint64_t channel_model::carrier_phase(std::uint64_t sample) const
{
    const auto n = static_cast<double>(sample);
    const double t = n / d_config.sample_rate_hz;
    const double turns = (d_config.frequency_offset_hz + d_config.frequency_ramp_hz_s / 2 * t) * t +
                         d_doppler.cycles(n) + d_config.phase_rad / (2 * std::numbers::pi);
    // Turns times 2^32, modulo 2^64: differences stay right beyond one turn.
    const double whole = std::floor(turns);
    return (static_cast<std::uint64_t>(static_cast<std::int64_t>(whole)) << 32) +
           static_cast<std::uint64_t>((turns - whole) * two_to_32);
}

double channel_model::noise_power(double time_s) const
{
    const auto& table = d_config.es_n0;
    if (table.empty())
        return 0.0;
    const auto after = std::upper_bound(
        table.begin(), table.end(), time_s, [](double t, const es_n0_point& point) { return t < point.time_s; });
    double es_n0_db = table.back().es_n0_db;
    if (after == table.begin()) {
        es_n0_db = table.front().es_n0_db;
    } else if (after != table.end()) {
        const auto before = after - 1;
        const double part = (time_s - before->time_s) / (after->time_s - before->time_s);
        es_n0_db = before->es_n0_db + part * (after->es_n0_db - before->es_n0_db);
    }
    // Noise of density N0 sampled at rate fs has the power N0 fs; Es is the signal's power (1) times the symbol's duration.
    return d_config.samples_per_symbol * std::pow(10.0, -es_n0_db / 10);
}

double channel_model::fade_gain(double time_s) const
{
    double depth_db = 0.0;
    for (const auto& fade : d_config.fades) {
        if (time_s >= fade.start_s && time_s < fade.start_s + fade.length_s)
            depth_db += fade.depth_db;
    }
    return std::pow(10.0, -depth_db / 20);
}

void channel_model::begin_tile(std::uint64_t tile)
{
    const std::uint64_t begin = carrier_phase(tile * tile_samples);
    const auto turned = static_cast<std::int64_t>(carrier_phase((tile + 1) * tile_samples) - begin);
    for (std::size_t i = 0; i < tile_samples; ++i)
        d_angle[i] =
            static_cast<std::uint32_t>(begin + static_cast<std::uint64_t>(turned * static_cast<std::int64_t>(i) /
                                                                          static_cast<std::int64_t>(tile_samples)));

    if (d_config.linewidth_hz > 0.0) {
        // Variance of a Wiener phase grows by 2 pi linewidth per second (rad^2); here in turns.
        const double step_turns = std::sqrt(d_config.linewidth_hz / d_config.sample_rate_hz / (2 * std::numbers::pi));
        const auto scale = static_cast<float>(step_turns * two_to_32);
        make_normal_tile(d_config.seed, stream::phase, tile, d_noise_re.data(), d_noise_im.data());
        for (std::size_t i = 0; i < tile_samples; ++i) {
            d_wander += static_cast<std::uint32_t>(static_cast<std::int32_t>(scale * d_noise_re[i]));
            d_angle[i] += d_wander;
        }
    }

    const double time_s = static_cast<double>(tile * tile_samples) / d_config.sample_rate_hz;
    const double noise = noise_power(time_s);
    const double gain = d_config.level / std::sqrt((1.0 + noise) / 2);
    d_gains = { static_cast<float>(gain * fade_gain(time_s)), static_cast<float>(gain * std::sqrt(noise / 2)) };
    if (noise > 0.0)
        make_normal_tile(d_config.seed, stream::noise, tile, d_noise_re.data(), d_noise_im.data());
}

void channel_model::process(std::span<const std::complex<float>> in, std::span<std::byte> out)
{
    const std::size_t sample_bytes = sample_len_bytes(d_config.format);
    alignas(64) std::array<float, tile_samples> re;
    alignas(64) std::array<float, tile_samples> im;
    for (std::size_t done = 0; done < in.size();) {
        const std::size_t at = d_next_sample % tile_samples;
        if (at == 0)
            begin_tile(d_next_sample / tile_samples);
        const std::size_t n = std::min(in.size() - done, tile_samples - at);
        // complex<float> is two floats in a row, [complex.numbers].
        make_samples(reinterpret_cast<const float*>(in.data() + done),
                     d_angle.data() + at,
                     d_noise_re.data() + at,
                     d_noise_im.data() + at,
                     d_gains,
                     n,
                     re.data(),
                     im.data());
        if (d_config.has_spectral_inversion)
            std::transform(
                im.begin(), im.begin() + static_cast<std::ptrdiff_t>(n), im.begin(), [](float v) { return -v; });
        const float* first = d_config.has_iq_swap ? im.data() : re.data();
        const float* second = d_config.has_iq_swap ? re.data() : im.data();
        std::byte* target = out.data() + done * sample_bytes;
        switch (d_config.format) {
        case iq_format::cs8:
            pack_cs8(first, second, n, reinterpret_cast<std::int8_t*>(target));
            break;
        case iq_format::cs16:
            pack_cs16(first, second, n, reinterpret_cast<std::int16_t*>(target));
            break;
        case iq_format::cf32:
            for (std::size_t i = 0; i < n; ++i) {
                reinterpret_cast<float*>(target)[2 * i] = first[i];
                reinterpret_cast<float*>(target)[2 * i + 1] = second[i];
            }
            break;
        }
        done += n;
        d_next_sample += n;
    }
}

} // namespace xband::core
