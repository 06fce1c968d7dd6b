// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <complex>
#include <span>

namespace xband::core {

/// Takes a line of known frequency out of group phasors: what of them turns by step_rad from group to group. A line less than
/// four turns over all groups away from no advance is left: it cannot be told from the carrier.
void remove_line(std::span<std::complex<float>> sums, float step_rad);

/// QPSK: a converter driven so far that most values are its largest makes four points of anything, so there is a line in the
/// fourth power at the converter's own frequency zero. It may be stronger than the carrier's.
/// \param carrier_cps cycles per symbol that have been taken out of the samples. \return its advance from group to group
float grid_line_step_rad(double carrier_cps);

} // namespace xband::core
