// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/iq_format.h"
#include "dsp/channel_kernels.h"
#include "dsp/plan_integral.h"

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// Es/N0 at a time; straight lines in dB in between, constant before the first and after the last point.
struct es_n0_point {
    double time_s;
    double es_n0_db;
};

/// The signal is weaker by depth_db for a while (obstacle, antenna null); the noise stays.
struct signal_fade {
    double start_s;
    double length_s;
    double depth_db;
};

struct channel_model_config {
    double sample_rate_hz = 1.0;
    double samples_per_symbol = 2.0;  ///< converts Es/N0 to a ratio of powers
    double frequency_offset_hz = 0.0; ///< at the first sample; within half the sample rate
    double frequency_ramp_hz_s = 0.0;
    double phase_rad = 0.0;
    frequency_plan doppler;    ///< comes on top of offset and ramp
    double linewidth_hz = 0.0; ///< Lorentzian, full width at half maximum, of a Wiener phase; up to 0.03 sample rates
    std::vector<es_n0_point> es_n0;      ///< ascending in time; empty: no noise
    std::vector<signal_fade> fades;      ///< overlapping ones add up (dB)
    bool has_iq_swap = false;            ///< I and Q exchanged, as with a cable the wrong way round
    bool has_spectral_inversion = false; ///< conjugate, as behind a converter with its oscillator above the signal
    iq_format format = iq_format::cs8;
    double level = 0.25; ///< rms of each rail relative to full scale (signal and noise together), 0.001 to 1
    std::uint64_t seed = 1;
};

/// What happens between the transmitter's modulator and the receiver's converter: Doppler and oscillators turn the phase,
/// fades weaken the signal, noise is added, a gain control sets the level and the converter rounds and clips.
///
/// One sample in, one out. A sample's noise and phase depend on the seed and its index alone: the output is the same for
/// any chunk size and instruction set (gains go through the C library's pow, whose last bit other libraries may round
/// otherwise). The gain follows the Es/N0 profile but is too slow for fades, as a real one.
/// Gain, noise level and fades are constant within tiles of 128 samples; the phase is evaluated exactly at their borders and
/// runs straight between them (wrong by less than 1e-7 turns at 10 Msample/s and 5 kHz/s).
class channel_model
{
public:
    /// \throws std::invalid_argument naming value and limit.
    explicit channel_model(const channel_model_config& config);

    /// \param in samples of unit mean power. \param out in.size() * sample_len_bytes(format) bytes.
    void process(std::span<const std::complex<float>> in, std::span<std::byte> out);

    std::uint64_t next_sample() const { return d_next_sample; }

private:
    static constexpr std::size_t tile_samples = channel_kernels::tile_samples;

    void begin_tile(std::uint64_t tile);
    std::uint64_t carrier_phase(std::uint64_t sample) const;
    double noise_power(double time_s) const;
    double fade_gain(double time_s) const;

    channel_model_config d_config;
    plan_integral d_doppler;
    std::uint64_t d_next_sample = 0;
    std::uint32_t d_wander = 0; ///< Wiener phase after the current tile, turns times 2^32
    channel_kernels::mixing d_gains{};
    alignas(64) std::array<std::uint32_t, tile_samples> d_angle{};
    alignas(64) std::array<float, tile_samples> d_noise_re{};
    alignas(64) std::array<float, tile_samples> d_noise_im{};
};

} // namespace xband::core
