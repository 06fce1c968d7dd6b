// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/xband/frequency_plan.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// The form of plans in Python: (start_sample, [c0, c1, ...]) with at most six coefficients.
using plan_argument = std::vector<std::pair<std::uint64_t, std::vector<double>>>;

inline gr::xband::frequency_plan to_plan(const plan_argument& argument)
{
    gr::xband::frequency_plan plan;
    for (const auto& [start_sample, coefficients] : argument) {
        gr::xband::frequency_plan_segment segment{ start_sample, {} };
        if (coefficients.size() > segment.coefficients_hz.size())
            throw std::invalid_argument("frequency_plan: " + std::to_string(coefficients.size()) +
                                        " coefficients in a segment, at most 6 are possible");
        std::copy(coefficients.begin(), coefficients.end(), segment.coefficients_hz.begin());
        plan.push_back(segment);
    }
    return plan;
}
