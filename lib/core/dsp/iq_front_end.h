// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/aligned_vector.h"
#include "base/iq_format.h"
#include "dsp/agc.h"
#include "dsp/band_decimator.h"
#include "dsp/frequency_plan.h"
#include "dsp/iq_conditioner.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace xband::core {

/// What of a recording is wanted.
struct wanted_band {
    unsigned decimation = 1;     ///< 1: all of it
    double half_width_cps = 0.5; ///< around the carrier, cycles per input sample; matters where decimation is 2 or more
};

/// The band of a signal, with as few samples as it needs: for a search.
wanted_band band_of(double samples_per_symbol, double rolloff);

/// The band of a signal, with as many samples as the matched filter is fastest with.
wanted_band tracking_band_of(double samples_per_symbol, double rolloff);

/// Turns raw IQ into complex float and takes out a frequency: predicted Doppler (the plan) plus what the receiver has found.
/// The phase is continuous whatever changes, so a correction never looks like a phase step to the tracker behind it.
/// A recording wider than wanted is filtered and decimated on the way: output m is the input's sample m x decimation, exactly.
class iq_front_end
{
public:
    /// \throws std::invalid_argument if sample_rate_hz is not positive or the plan is not in ascending order.
    iq_front_end(iq_format format, double sample_rate_hz, frequency_plan plan, const wanted_band& band = {});

    /// Repairs the samples on the way, from now on and as this conditioner has learnt.
    void set_conditioner(const iq_conditioner& conditioner) { d_conditioner = conditioner; }
    const std::optional<iq_conditioner>& conditioner() const { return d_conditioner; }
    /// Lets the conditioner learn from whole samples.
    void learn(std::span<const std::byte> iq);

    /// Starts again at an input sample with a carrier offset (cycles per input sample) beside the plan. The first output is the
    /// first multiple of the decimation from there on.
    void restart(std::uint64_t sample, double offset_cps);
    /// Changes the offset for the samples to come.
    void set_offset_cps(double offset_cps) { d_offset_cps = offset_cps; }
    double offset_cps() const { return d_offset_cps; }
    /// Frequency (Hz) that the plan predicts at an input sample.
    double planned_hz(double sample) const { return frequency_hz(d_plan, sample, d_sample_rate_hz); }
    unsigned decimation() const { return d_decimator ? d_decimator->factor() : 1; }

    /// Converts the next samples. \param iq whole samples. \param out interleaved, full scale 1 for the integer formats; room for
    /// as many samples as iq has over the decimation, and one. Non-finite samples become 0 and are counted.
    /// \return samples put out
    std::size_t process(std::span<const std::byte> iq, float* out) { return process(iq, out, nullptr); }
    /// The same, levelled as one block on the way. \param agc may be null
    std::size_t process(std::span<const std::byte> iq, float* out, block_agc* agc);
    /// End of the stream: what the filter still holds, with silence after it. \param out room for tail_samples()
    std::size_t finish(float* out);
    std::size_t tail_samples() const { return d_decimator ? d_decimator->reach() / d_decimator->factor() + 1 : 0; }

    std::uint64_t next_sample() const { return d_next_sample; }
    std::uint64_t non_finite() const { return d_non_finite; }

private:
    void widen(const std::byte* iq, std::size_t n, float* out);
    void keep_tuned();
    std::size_t decimate(float* out);
    void take_out_frequency(float* iq, std::size_t n, float gain);
    std::size_t outputs_to_border() const;
    void rotate(float* iq, std::size_t n, float gain);

    iq_format d_format;
    double d_sample_rate_hz;
    frequency_plan d_plan;
    std::optional<iq_conditioner> d_conditioner;
    std::optional<band_decimator> d_decimator;
    double d_tuning_room_cps = 0.0;
    aligned_vector<float> d_tile; ///< decimation: input as float, interleaved
    std::size_t d_tile_samples = 0;
    std::int64_t d_tile_start = 0;     ///< sample index of d_tile[0]
    std::uint64_t d_next_filtered = 0; ///< input sample at the middle of the filter's next output

    double d_offset_cps = 0.0;
    double d_offset_phase = 0.0;     ///< cycles turned by the offset alone up to d_next_output
    std::uint64_t d_next_sample = 0; ///< input sample that comes next
    std::uint64_t d_next_output = 0; ///< input sample that the next output stands for
    std::uint64_t d_non_finite = 0;
};

} // namespace xband::core
