// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core_namespace.h"
#include "dsp/frequency_plan.h"

#include <gnuradio/xband/frequency_plan.h>

namespace gr::xband {

/// The kernels' form of a plan.
inline core::frequency_plan to_kernel_plan(const frequency_plan& plan)
{
    core::frequency_plan kernel_plan;
    for (const auto& segment : plan)
        kernel_plan.push_back({ segment.start_sample, segment.coefficients_hz });
    return kernel_plan;
}

} // namespace gr::xband
