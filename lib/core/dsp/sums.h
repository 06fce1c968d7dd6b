// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>

namespace xband::core {

/// Sum of the squares of n floats. Fixed order: all targets give the same bits.
float sum_squares(const float* x, std::size_t n);

/// Sums of second and fourth powers of n floats; what lies beyond the last whole sixteen is left out. Fixed order.
void sum_even_powers(const float* x, std::size_t n, float& second, float& fourth);

} // namespace xband::core
