// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/spectral_lines.h"

#include <algorithm>

namespace xband::core {

namespace {
// The estimate of a smooth spectrum from few dozen periodograms seldom exceeds its median by more, nor do the flanks of a pulse.
constexpr double line_factor = 2.0;
} // namespace

std::vector<double> without_lines(const std::vector<double>& power, std::size_t reach)
{
    std::vector<double> out(power.size()), around(2 * reach + 1);
    const auto side = static_cast<std::ptrdiff_t>(reach);
    for (std::size_t bin = 0; bin < out.size(); ++bin) {
        for (std::ptrdiff_t i = -side; i <= side; ++i)
            around[static_cast<std::size_t>(i + side)] =
                power[wrapped_bin(static_cast<std::ptrdiff_t>(bin) + i, power.size())];
        std::nth_element(around.begin(), around.begin() + side, around.end());
        out[bin] = std::min(power[bin], line_factor * around[reach]);
    }
    return out;
}

} // namespace xband::core
