// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <cmath>

namespace xband::core {

/// Running second and fourth moment of rails +-sqrt(S) in noise of variance N, and what they say of S and N:
/// M2 = S + N, M4 = S^2 + 6 S N + 3 N^2.
struct rail_moments {
    double second = 0.0, fourth = 0.0;

    void mix(double new_second, double new_fourth, double gain)
    {
        second += gain * (new_second - second);
        fourth += gain * (new_fourth - fourth);
    }
    double signal() const
    {
        return std::sqrt(std::max((3.0 * second * second - fourth) / 2.0, 1e-6 * second * second));
    }
    /// At least 30 dB below the rail: the moments know no better.
    double noise() const { return std::max(second - signal(), 1e-3 * second); }
    double signal_to_noise() const { return noise() > 0.0 ? signal() / noise() : 0.0; }
};

} // namespace xband::core
