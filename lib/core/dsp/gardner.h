// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>

namespace xband::core {

/// Gardner's timing detector over a stretch: sum of middle * (after - before), positive where the instants are late.
/// Works on rails one by one, so it needs no carrier phase for BPSK and QPSK when both rails are added. n a multiple of 16.
float sum_gardner(const float* middle, const float* before, const float* after, std::size_t n);

/// Slope of the detector's mean over the timing error (symbols), for unit-power symbols and the raised-cosine pulse.
float gardner_slope(double rolloff);

/// How much more power unit-power symbols have at their instants than midway between them: raised-cosine pulse.
float power_swing(double rolloff);

} // namespace xband::core
