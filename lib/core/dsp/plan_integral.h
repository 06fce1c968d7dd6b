// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "dsp/frequency_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace xband::core {

/// phase_cycles() of one plan for many samples: the cycles turned up to each segment are summed once, so that the cost does
/// not grow with the length of the pass.
class plan_integral
{
public:
    plan_integral(frequency_plan plan, double sample_rate_hz)
        : d_plan(std::move(plan)),
          d_sample_rate_hz(sample_rate_hz)
    {
        for (const auto& segment : d_plan)
            d_cycles_before.push_back(
                phase_cycles(d_plan, static_cast<double>(segment.start_sample), d_sample_rate_hz));
    }

    /// Cycles turned from the plan's beginning to a sample.
    double cycles(double sample) const
    {
        const auto later = std::upper_bound(d_plan.begin(), d_plan.end(), sample, [](double s, const auto& segment) {
            return s < static_cast<double>(segment.start_sample);
        });
        if (later == d_plan.begin())
            return 0.0;
        const auto active = static_cast<std::size_t>(std::distance(d_plan.begin(), later) - 1);
        const double t = (sample - static_cast<double>(d_plan[active].start_sample)) / d_sample_rate_hz;
        double value = 0.0;
        for (std::size_t k = d_plan[active].coefficients.size(); k-- > 0;)
            value = value * t + d_plan[active].coefficients[k] / static_cast<double>(k + 1);
        return d_cycles_before[active] + value * t;
    }

private:
    frequency_plan d_plan;
    double d_sample_rate_hz;
    std::vector<double> d_cycles_before;
};

} // namespace xband::core
