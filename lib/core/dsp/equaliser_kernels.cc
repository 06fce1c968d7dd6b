// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/equaliser_kernels.h"

#include "base/multiversion.h"
#include "base/vec16.h"
#include "dsp/sums.h"

namespace xband::core::equaliser_kernels {

namespace {

XBAND_MULTIVERSION void filter(const float* const* rows,
                               std::size_t n_shifts,
                               const float* first_taps,
                               const float* second_taps,
                               std::size_t n,
                               float* first_rail,
                               float* second_rail)
{
    for (std::size_t k = 0; k < n; k += 16) {
        // Two sums a rail, for the re and the im rows: the additions of one would wait for each other.
        vec16 first_re{}, first_im{}, second_re{}, second_im{};
        for (std::size_t i = 0; i < n_shifts; ++i) {
            const float* a = first_taps + n_rows * i;
            const float* b = second_taps + n_rows * i;
            vec16 re, im;
            for (std::size_t r = 0; r < n_rows; r += 2) {
                load(re, rows[r] + k + i);
                load(im, rows[r + 1] + k + i);
                first_re += a[r] * re;
                first_im += a[r + 1] * im;
                second_re += b[r] * re;
                second_im += b[r + 1] * im;
            }
        }
        store(first_rail + k, first_re + first_im);
        store(second_rail + k, second_re + second_im);
    }
}

XBAND_MULTIVERSION void
correlate(const float* first, const float* second, const float* const* rows, std::size_t n, float* sums)
{
    vec16 total[2 * n_rows] = {};
    for (std::size_t k = 0; k < n; k += 16) {
        vec16 a, b, x;
        load(a, first + k);
        load(b, second + k);
        for (std::size_t r = 0; r < n_rows; ++r) {
            load(x, rows[r] + k);
            total[r] += a * x;
            total[n_rows + r] += b * x;
        }
    }
    for (std::size_t r = 0; r < 2 * n_rows; ++r)
        sums[r] = sum(total[r]);
}

XBAND_MULTIVERSION float soft_decisions(const float* rail, std::size_t n, float gain, float* decisions)
{
    const vec16 limit = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 };
    vec16 slopes{};
    for (std::size_t k = 0; k < n; k += 16) {
        vec16 x;
        load(x, rail + k);
        x *= gain;
        x = x > limit ? limit : x;
        x = x < -limit ? -limit : x;
        const vec16 square = x * x;
        store(decisions + k, x * (27.0f + square) / (27.0f + 9.0f * square));
        const vec16 root = (9.0f - square) / (9.0f + 3.0f * square);
        slopes += root * root;
    }
    return gain * sum(slopes);
}

XBAND_MULTIVERSION float cubes(const float* rail, std::size_t n, float* decisions)
{
    vec16 slopes{};
    for (std::size_t k = 0; k < n; k += 16) {
        vec16 x;
        load(x, rail + k);
        const vec16 square = x * x;
        store(decisions + k, -(x * square));
        slopes += square;
    }
    return -3.0f * sum(slopes);
}

XBAND_MULTIVERSION void hard_decisions(const float* rail, std::size_t n, float* decisions)
{
    for (std::size_t k = 0; k < n; ++k)
        decisions[k] = rail[k] < 0.0f ? -1.0f : 1.0f;
}

} // namespace

void filter_rails(const row_pointers& rows,
                  std::size_t n_shifts,
                  const float* first_taps,
                  const float* second_taps,
                  std::size_t n,
                  float* first_rail,
                  float* second_rail)
{
    filter(rows.data(), n_shifts, first_taps, second_taps, n, first_rail, second_rail);
}

std::array<float, 2 * n_rows>
sum_products(const float* first, const float* second, const row_pointers& rows, std::size_t n)
{
    std::array<float, 2 * n_rows> sums;
    correlate(first, second, rows.data(), n, sums.data());
    return sums;
}

float decide_softly(const float* rail, std::size_t n, float gain, float* decisions)
{
    return soft_decisions(rail, n, gain, decisions);
}

float pull_to_modulus(const float* rail, std::size_t n, float* decisions) { return cubes(rail, n, decisions); }

void signs(const float* rail, std::size_t n, float* decisions) { hard_decisions(rail, n, decisions); }

void add_moments(const float* rail, std::size_t n, double& second, double& fourth)
{
    float s2, s4;
    sum_even_powers(rail, n, s2, s4);
    second += static_cast<double>(s2);
    fourth += static_cast<double>(s4);
}

} // namespace xband::core::equaliser_kernels
