// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xband::core {

/// Frequency as a polynomial in seconds since the segment's first sample: c0 + c1 t + c2 t^2 + ... in Hz.
/// A segment is valid until the next one begins; before the first one the frequency is 0.
struct frequency_segment {
    std::uint64_t start_sample = 0;
    std::array<double, 6> coefficients{};
};

/// Segments in ascending order of start_sample: the predicted Doppler shift of a pass, keyed to the sample count.
using frequency_plan = std::vector<frequency_segment>;

/// Frequency in Hz at a sample.
inline double frequency_hz(const frequency_plan& plan, double sample, double sample_rate_hz)
{
    const frequency_segment* active = nullptr;
    for (const auto& segment : plan) {
        if (static_cast<double>(segment.start_sample) > sample)
            break;
        active = &segment;
    }
    if (active == nullptr)
        return 0.0;
    const double t = (sample - static_cast<double>(active->start_sample)) / sample_rate_hz;
    double value = 0.0;
    for (std::size_t i = active->coefficients.size(); i-- > 0;)
        value = value * t + active->coefficients[i];
    return value;
}

/// Cycles turned from the plan's beginning to a sample: the integral of the frequency, continuous over segment borders.
inline double phase_cycles(const frequency_plan& plan, double sample, double sample_rate_hz)
{
    double cycles = 0.0;
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const double begin = static_cast<double>(plan[i].start_sample);
        if (begin >= sample)
            break;
        double end = sample;
        if (i + 1 < plan.size())
            end = std::fmin(end, static_cast<double>(plan[i + 1].start_sample));
        const double t = (end - begin) / sample_rate_hz;
        double value = 0.0;
        for (std::size_t k = plan[i].coefficients.size(); k-- > 0;)
            value = value * t + plan[i].coefficients[k] / static_cast<double>(k + 1);
        cycles += value * t;
    }
    return cycles;
}

} // namespace xband::core
