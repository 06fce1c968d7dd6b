// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <vector>

namespace xband::core {

/// Cuts what stands out of a power spectrum in few bins (carriers, spurs, a residue at zero) down to a multiple of the median
/// around it, circularly. \param reach bins to either side that count as around; a line spans less than half as many.
std::vector<double> without_lines(const std::vector<double>& power, std::size_t reach);

/// Index i, which may be negative or too large, on a circle of n bins.
inline std::size_t wrapped_bin(std::ptrdiff_t i, std::size_t n)
{
    const auto len = static_cast<std::ptrdiff_t>(n);
    return static_cast<std::size_t>((i % len + len) % len);
}

} // namespace xband::core
