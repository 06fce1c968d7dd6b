// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/spurious_line.h"

#include "dsp/phasors.h"

#include <cmath>
#include <numbers>

namespace xband::core {

void remove_line(std::span<std::complex<float>> sums, float step_rad)
{
    constexpr double least_turns = 4.0, turn_rad = 2.0 * std::numbers::pi;
    const double n = static_cast<double>(sums.size());
    const double step = std::remainder(static_cast<double>(step_rad), turn_rad);
    if (std::abs(step) * n < least_turns * turn_rad)
        return;
    const std::complex<double> turn = std::polar(1.0, step);
    std::complex<double> line = 0.0, phasor = 1.0;
    for (const auto& sum : sums) {
        line += std::complex<double>(sum) * std::conj(phasor);
        phasor *= turn;
    }
    line /= n;
    for (auto& sum : sums) {
        sum -= std::complex<float>(line);
        line *= turn;
    }
}

float grid_line_step_rad(double carrier_cps)
{
    constexpr double symbols = phasor_group * phase_multiple(modulation::qpsk);
    return static_cast<float>(-2.0 * std::numbers::pi * std::remainder(carrier_cps * symbols, 1.0));
}

} // namespace xband::core
