// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/iq_format.h"
#include "dsp/acquisition.h"
#include "dsp/band_scan.h"
#include "dsp/iq_front_end.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace xband::core {

/// Keeps what comes in until a signal is found in it, so that nothing is lost before the first lock. Of an empty stretch the
/// last window stays: a signal that begins just ahead of the next look is decoded from its start.
class signal_search
{
public:
    struct config {
        modulation kind = modulation::qpsk;
        double sample_rate_hz = 0.0;
        double symbol_rate_hz = 0.0;
        double rolloff = 0.5;
        iq_format format = iq_format::cs8;
        conditioner_mode conditioning = conditioner_mode::automatic;
        double frequency_offset_hz = 0.0;
        frequency_plan plan;
        bool searches_band = true;        ///< also far from frequency_offset_hz, where the band is wide
        std::size_t block_samples = 4096; ///< windows are whole blocks of input samples
    };

    /// A signal, positions as sample indices of the stream.
    struct finding {
        double offset_cps;         ///< carrier beside the plan, cycles per sample
        double samples_per_symbol; ///< measured
        double first_symbol;       ///< a symbol instant
    };

    /// \throws std::invalid_argument as acquisition and iq_front_end do.
    explicit signal_search(const config& c);

    /// Forgets all; what is kept next begins at a sample.
    void restart(std::uint64_t sample);
    /// Keeps whole samples without looking at them.
    void keep(std::span<const std::byte> iq) { d_kept.insert(d_kept.end(), iq.begin(), iq.end()); }
    /// Looks for a signal if enough has come in since the last look, and gives up the samples before the last window.
    /// \param is_last look at what there is
    std::optional<finding> look(bool is_last);

    /// As it has learnt from the samples last looked at.
    const iq_conditioner& conditioner() const { return d_conditioner; }
    bool is_empty() const { return d_kept.empty(); }
    std::uint64_t kept_start() const { return d_kept_start; }
    /// The kept samples, from kept_start() on.
    std::vector<std::byte> take_kept() { return std::exchange(d_kept, {}); }
    /// Samples given up as empty.
    std::uint64_t skipped_samples() const { return d_skipped_samples; }
    /// Some of the samples last looked at (up to 4096), levelled.
    const std::vector<std::complex<float>>& recent_samples() const { return d_recent_samples; }
    /// Rate of recent_samples().
    double band_rate_hz() const { return d_config.sample_rate_hz / d_front_end.decimation(); }

private:
    iq_conditioner new_conditioner() const
    {
        return iq_conditioner(d_config.kind != modulation::bpsk, d_config.conditioning);
    }
    std::optional<finding> look_at(std::size_t wanted, std::size_t before_end, double expected_cps);
    std::size_t probes_filled(double offset_cps);
    void give_up_all_but(std::uint64_t n);
    std::optional<finding> look_through_band(std::size_t wanted);

    config d_config;
    std::size_t d_window_len; ///< samples of one search window
    std::size_t d_probe_len;  ///< samples looked at first in each
    acquisition d_acquisition;
    iq_front_end d_front_end;
    std::optional<band_scan> d_scan;
    iq_front_end d_scan_front_end; ///< the whole band
    iq_conditioner d_conditioner;
    std::vector<std::byte> d_kept;
    std::uint64_t d_kept_start = 0; ///< sample index
    std::uint64_t d_window_end;     ///< sample index at which the next window is complete
    std::uint64_t d_skipped_samples = 0;
    std::vector<std::complex<float>> d_recent_samples;
};

} // namespace xband::core
