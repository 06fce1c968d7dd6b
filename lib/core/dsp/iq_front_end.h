// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/iq_format.h"
#include "dsp/frequency_plan.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace xband::core {

/// Turns raw IQ into complex float and takes out a frequency: predicted Doppler (the plan) plus what the receiver has found.
/// The phase is continuous whatever changes, so a correction never looks like a phase step to the tracker behind it.
class iq_front_end
{
public:
    /// \throws std::invalid_argument if sample_rate_hz is not positive or the plan is not in ascending order.
    iq_front_end(iq_format format, double sample_rate_hz, frequency_plan plan);

    /// Starts again at a sample with a carrier offset (cycles per sample) beside the plan.
    void restart(std::uint64_t sample, double offset_cps);
    /// Changes the offset for the samples to come.
    void set_offset_cps(double offset_cps) { d_offset_cps = offset_cps; }
    double offset_cps() const { return d_offset_cps; }
    /// Frequency (Hz) that the plan predicts at a sample.
    double planned_hz(double sample) const { return frequency_hz(d_plan, sample, d_sample_rate_hz); }

    /// Converts the next samples. \param iq whole samples. \param out interleaved, 2 floats a sample, full scale 1 for the integer formats.
    /// Non-finite samples become 0 and are counted.
    void process(std::span<const std::byte> iq, float* out);

    std::uint64_t next_sample() const { return d_next_sample; }
    std::uint64_t non_finite() const { return d_non_finite; }

private:
    std::size_t samples_to_border() const;
    void rotate(float* iq, std::size_t n);

    iq_format d_format;
    double d_sample_rate_hz;
    frequency_plan d_plan;
    double d_offset_cps = 0.0;
    double d_offset_phase = 0.0; ///< cycles turned by the offset alone up to d_next_sample
    std::uint64_t d_next_sample = 0;
    std::uint64_t d_non_finite = 0;
};

} // namespace xband::core
