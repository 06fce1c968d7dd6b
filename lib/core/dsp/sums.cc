// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/sums.h"

#include "base/multiversion.h"
#include "base/vec16.h"

namespace xband::core {

namespace {

// Sums that do not wait for each other.
constexpr std::size_t n_sums = 4, batch = 16 * n_sums;

XBAND_MULTIVERSION float squares(const float* x, std::size_t n)
{
    vec16 totals[n_sums]{};
    std::size_t k = 0;
    for (; k + batch <= n; k += batch)
        for (std::size_t i = 0; i < n_sums; ++i) {
            vec16 v;
            load(v, x + k + 16 * i);
            totals[i] += v * v;
        }
    float rest = 0.0f;
    for (; k < n; ++k)
        rest += x[k] * x[k];
    return sum((totals[0] + totals[1]) + (totals[2] + totals[3])) + rest;
}

XBAND_MULTIVERSION void even_powers(const float* x, std::size_t n, float& second, float& fourth)
{
    vec16 s2{}, s4{};
    for (std::size_t k = 0; k + 16 <= n; k += 16) {
        vec16 v;
        load(v, x + k);
        const vec16 square = v * v;
        s2 += square;
        s4 += square * square;
    }
    second = sum(s2);
    fourth = sum(s4);
}

} // namespace

float sum_squares(const float* x, std::size_t n) { return squares(x, n); }

void sum_even_powers(const float* x, std::size_t n, float& second, float& fourth) { even_powers(x, n, second, fourth); }

} // namespace xband::core
