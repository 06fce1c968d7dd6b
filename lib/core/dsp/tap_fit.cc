// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/tap_fit.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

using namespace equaliser_kernels;

namespace {

// Where there is neither signal nor noise (beyond the matched filter's band) the least squares leave the taps open; this share
// of the mean input power closes them at a loss under 0.005 dB.
constexpr double diagonal_loading = 1e-3;

} // namespace

tap_fit::tap_fit(modulation kind)
    : d_kind(kind),
      d_n_rails(rails(kind)),
      d_gram(n_entries * n_entries),
      d_window(n_unknowns * n_unknowns),
      d_mean(n_unknowns * n_unknowns),
      d_factor(n_unknowns * n_unknowns)
{
    for (std::size_t unknown = 0; unknown < n_unknowns; ++unknown) {
        d_places[0][unknown] = place_of(0, unknown);
        d_places[1][unknown] = place_of(kind == modulation::oqpsk ? 3 : 1, unknown);
    }
    restart();
}

tap_fit::place tap_fit::place_of(std::size_t row, std::size_t unknown)
{
    // Re(w^H x) = Re w Re x + Im w Im x, Im(w^H x) = Re w Im x - Im w Re x; the half-time rows take x half a symbol on.
    const std::size_t half_symbols = unknown % n_taps + row / 2;
    const std::size_t re = n_rows * (half_symbols / 2) + 2 * (half_symbols % 2), im = re + 1;
    const bool is_im_row = row % 2 == 1, is_im_tap = unknown >= n_taps;
    return { is_im_row == is_im_tap ? re : im, is_im_row && is_im_tap ? -1.0 : 1.0 };
}

void tap_fit::restart()
{
    d_w.fill(0.0);
    d_w[centre] = 1.0;
    d_response.fill(0.0);
    std::fill(d_mean.begin(), d_mean.end(), 0.0);
    spread_taps();
}

void tap_fit::take_inputs(const symbol_buffer& input, std::size_t first, std::size_t n)
{
    d_input = &input;
    d_first = first;
    d_n = n;
    const std::size_t begin = first - reach_symbols;
    const auto gram = [&](std::size_t a, std::size_t b) -> double& { return d_gram[n_entries * a + b]; };
    const row_pointers early = rows_at(input, begin), late = rows_at(input, begin + n);
    // Rows of the first shift with all: sums. The others follow along the diagonals, a symbol leaving and a symbol coming.
    for (std::size_t shift = 0; shift < n_shifts; ++shift)
        for (std::size_t row = 0; row < n_rows; row += 2) {
            const auto sums = sum_products(early[row], early[row + 1], rows_at(input, begin + shift), n);
            for (std::size_t k = 0; k < sums.size(); ++k)
                gram(row + k / n_rows, n_rows * shift + k % n_rows) = static_cast<double>(sums[k]);
        }
    for (std::size_t i = 1; i < n_shifts; ++i)
        for (std::size_t j = i; j < n_shifts; ++j)
            for (std::size_t a = 0; a < n_rows; ++a)
                for (std::size_t b = 0; b < n_rows; ++b)
                    gram(n_rows * i + a, n_rows * j + b) =
                        gram(n_rows * (i - 1) + a, n_rows * (j - 1) + b) -
                        static_cast<double>(early[a][i - 1]) * static_cast<double>(early[b][j - 1]) +
                        static_cast<double>(late[a][i - 1]) * static_cast<double>(late[b][j - 1]);
    const double scale = 1.0 / static_cast<double>(n * d_n_rails);
    for (std::size_t p = 0; p < n_unknowns; ++p)
        for (std::size_t q = 0; q <= p; ++q) {
            double total = 0.0;
            for (std::size_t rail = 0; rail < d_n_rails; ++rail) {
                const place &a = d_places[rail][p], &b = d_places[rail][q];
                // The upper triangle is what the diagonals filled.
                total += a.sign * b.sign * gram(std::min(a.entry, b.entry), std::max(a.entry, b.entry));
            }
            d_window[n_unknowns * p + q] = d_window[n_unknowns * q + p] = scale * total;
        }
}

void tap_fit::take_decisions(const float* first_rail, const float* second_rail, double slope, double gain)
{
    std::array<std::array<double, n_entries>, 2> products;
    for (std::size_t shift = 0; shift < n_shifts; ++shift) {
        const auto sums =
            sum_products(first_rail, second_rail, rows_at(*d_input, d_first - reach_symbols + shift), d_n);
        for (std::size_t k = 0; k < sums.size(); ++k)
            products[k / n_rows][n_rows * shift + k % n_rows] = static_cast<double>(sums[k]);
    }
    const double scale = 1.0 / static_cast<double>(d_n * d_n_rails);
    for (std::size_t p = 0; p < n_unknowns; ++p) {
        double seen = 0.0, own = 0.0;
        for (std::size_t rail = 0; rail < d_n_rails; ++rail)
            seen += d_places[rail][p].sign * products[rail][d_places[rail][p].entry];
        for (std::size_t q = 0; q < n_unknowns; ++q)
            own += d_window[n_unknowns * p + q] * d_w[q];
        d_response[p] += gain * (scale * (seen - slope * own) - d_response[p]);
    }
    for (std::size_t k = 0; k < d_mean.size(); ++k)
        d_mean[k] += gain * (d_window[k] - d_mean[k]);
}

bool tap_fit::solve()
{
    double loading = 0.0;
    for (std::size_t p = 0; p < n_unknowns; ++p)
        loading += d_mean[(n_unknowns + 1) * p] * (diagonal_loading / n_unknowns);
    // Cholesky, lower triangle by rows.
    std::array<double, n_unknowns> w;
    for (std::size_t p = 0; p < n_unknowns; ++p) {
        double* row = &d_factor[n_unknowns * p];
        for (std::size_t q = 0; q <= p; ++q) {
            const double* other = &d_factor[n_unknowns * q];
            double rest = d_mean[n_unknowns * p + q] + (p == q ? loading : 0.0);
            for (std::size_t k = 0; k < q; ++k)
                rest -= row[k] * other[k];
            if (p == q && !(rest > 0.0))
                return false;
            row[q] = p == q ? std::sqrt(rest) : rest / other[q];
        }
        double rest = d_response[p];
        for (std::size_t k = 0; k < p; ++k)
            rest -= row[k] * w[k];
        w[p] = rest / row[p];
    }
    for (std::size_t p = n_unknowns; p-- > 0;) {
        for (std::size_t k = p + 1; k < n_unknowns; ++k)
            w[p] -= d_factor[n_unknowns * k + p] * w[k];
        w[p] /= d_factor[(n_unknowns + 1) * p];
    }
    // The rails keep their power.
    double power = 0.0;
    for (std::size_t p = 0; p < n_unknowns; ++p)
        for (std::size_t q = 0; q < n_unknowns; ++q)
            power += w[p] * d_mean[n_unknowns * p + q] * w[q];
    if (!(power > 0.0) || !std::isfinite(power))
        return false;
    const double scale = std::sqrt(d_mean[(n_unknowns + 1) * centre] / power);
    for (std::size_t p = 0; p < n_unknowns; ++p)
        d_w[p] = scale * w[p];
    spread_taps();
    return true;
}

void tap_fit::spread_taps()
{
    for (std::size_t row = 0; row < n_rows; ++row) {
        d_row_taps[row].fill(0.0f);
        for (std::size_t p = 0; p < n_unknowns; ++p) {
            const place at = place_of(row, p);
            d_row_taps[row][at.entry] = static_cast<float>(at.sign * d_w[p]);
        }
    }
}

std::vector<std::complex<float>> tap_fit::impulse_response() const
{
    std::vector<std::complex<float>> response(n_taps);
    for (std::size_t tap = 0; tap < n_taps; ++tap) // w^H x: conjugate, and the latest input comes first
        response[n_taps - 1 - tap] = { static_cast<float>(d_w[tap]), static_cast<float>(-d_w[n_taps + tap]) };
    return response;
}

bool tap_fit::is_neighbour(std::size_t unknown) const
{
    const std::size_t tap = unknown % n_taps;
    const bool is_whole_symbols = tap % 2 == centre % 2;
    if (unknown < n_taps)
        return is_whole_symbols && tap != centre;
    // The other rail's symbols.
    return d_kind == modulation::oqpsk ? !is_whole_symbols
                                       : d_kind == modulation::qpsk && is_whole_symbols && tap != centre;
}

bool tap_fit::is_centred() const
{
    const double own = d_response[centre];
    for (std::size_t p = 0; p < n_unknowns; ++p)
        if (is_neighbour(p) && !(std::abs(d_response[p]) < own))
            return false;
    return own > 0.0;
}

double tap_fit::isi() const
{
    double power = 0.0;
    for (std::size_t p = 0; p < n_unknowns; ++p)
        power += is_neighbour(p) ? d_response[p] * d_response[p] : 0.0;
    return power / (d_response[centre] * d_response[centre]);
}

} // namespace xband::core
