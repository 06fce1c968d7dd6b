// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace gr::xband {

/// Frequency from one sample on, until the next segment: c0 + c1 t + c2 t^2 + ... in Hz, t in seconds since start_sample.
struct frequency_plan_segment {
    std::uint64_t start_sample = 0;
    std::array<double, 6> coefficients_hz{};
};

/// The predicted Doppler shift of a pass, in ascending order of start_sample; 0 Hz before the first segment.
using frequency_plan = std::vector<frequency_plan_segment>;

} // namespace gr::xband
