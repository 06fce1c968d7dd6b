// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "dsp/symbol_buffer.h"

#include <array>
#include <cstddef>

/// The equaliser's loops. Everything is a sum of products of planar rows, in a fixed order: all targets give the same bits.
namespace xband::core::equaliser_kernels {

/// The four real rows of T/2 samples: on-time re and im, half-time re and im.
constexpr std::size_t n_rows = 4;
using row_pointers = std::array<const float*, n_rows>;

/// The rows of a buffer from one symbol on.
inline row_pointers rows_at(const symbol_buffer& s, std::size_t symbol)
{
    return { &s.on_re[symbol], &s.on_im[symbol], &s.half_re[symbol], &s.half_im[symbol] };
}

/// Two real filters over the rows: rail[k] = sum over shifts i and rows r of taps[4 i + r] * rows[r][k + i].
/// \param rows from the first symbol that output 0 reaches. \param n outputs, a multiple of 16
void filter_rails(const row_pointers& rows,
                  std::size_t n_shifts,
                  const float* first_taps,
                  const float* second_taps,
                  std::size_t n,
                  float* first_rail,
                  float* second_rail);

/// Products of two sequences with the four rows: sums[4 a + r] = sum over k < n of (a == 0 ? first : second)[k] * rows[r][k].
/// n a multiple of 16.
std::array<float, 2 * n_rows>
sum_products(const float* first, const float* second, const row_pointers& rows, std::size_t n);

/// Soft decisions tanh(gain x) by x (27 + x^2) / (27 + 9 x^2), +-1 beyond 3. n a multiple of 16.
/// \return sum of the decisions' derivatives
float decide_softly(const float* rail, std::size_t n, float gain, float* decisions);
/// -x^3: the gradient of a constant modulus on each rail, but for the linear part that the fit takes out anyway. n as before.
/// \return as decide_softly()
float pull_to_modulus(const float* rail, std::size_t n, float* decisions);
/// -1 or 1.
void signs(const float* rail, std::size_t n, float* decisions);

/// Sums of squares and fourth powers. n as before.
void add_moments(const float* rail, std::size_t n, double& second, double& fourth);

} // namespace xband::core::equaliser_kernels
