// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/band_scan.h"

#include "dsp/rrc.h"
#include "dsp/spectral_lines.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

namespace xband::core {

namespace {

// A spectrum fine enough to tell the pulse's flanks, coarse enough to be smooth after few thousand symbols.
constexpr double least_bins_per_rate = 32.0;
// The template reaches a little beyond the signal so that it knows the floor beside it.
constexpr double reach_over_band = 1.15;
// What is this much stronger than the middle of a place is another signal's.
constexpr double foreign_factor = 2.0;
// Noise alone passes neither; a signal at 0 dB Es/N0 has a likeness of 0.95.
constexpr double least_likeness = 0.6, least_significance = 8.0;
// From here on a place is taken for the right kind of signal, and the stronger one comes first: images are weak copies.
constexpr double good_likeness = 0.9;

std::size_t spectrum_len(double samples_per_symbol)
{
    return std::bit_ceil(static_cast<std::size_t>(least_bins_per_rate * samples_per_symbol));
}

} // namespace

band_scan::band_scan(double samples_per_symbol, double rolloff)
    : d_spectrum(spectrum_len(samples_per_symbol)),
      d_window(d_spectrum.length()),
      d_bins_per_rate(static_cast<double>(d_spectrum.length()) / samples_per_symbol),
      d_power(d_spectrum.length(), 0.0)
{
    const double n = static_cast<double>(d_window.size());
    for (std::size_t i = 0; i < d_window.size(); ++i)
        d_window[i] =
            static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * (static_cast<double>(i) + 0.5) / n));
    const auto reach = static_cast<std::ptrdiff_t>(reach_over_band * (1.0 + rolloff) / 2.0 * d_bins_per_rate);
    double mean = 0.0;
    for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
        d_shape.push_back(raised_cosine_spectrum(static_cast<double>(i) / d_bins_per_rate, rolloff));
        mean += d_shape.back() / static_cast<double>(2 * reach + 1);
    }
    for (auto& s : d_shape)
        s -= mean;
}

void band_scan::restart()
{
    std::fill(d_power.begin(), d_power.end(), 0.0);
    d_spectra = 0;
}

void band_scan::add(std::span<const float> samples)
{
    const std::size_t n = d_spectrum.length();
    auto data = d_spectrum.data();
    for (std::size_t begin = 0; begin + 2 * n <= samples.size(); begin += 2 * n) {
        for (std::size_t i = 0; i < n; ++i)
            data[i] = d_window[i] * std::complex<float>(samples[begin + 2 * i], samples[begin + 2 * i + 1]);
        d_spectrum.execute();
        for (std::size_t i = 0; i < n; ++i)
            d_power[i] += static_cast<double>(std::norm(data[i]));
        ++d_spectra;
    }
}

band_scan::place band_scan::compare(const std::vector<double>& power, std::size_t bin) const
{
    const auto reach = static_cast<std::ptrdiff_t>(d_shape.size() / 2);
    const auto at = [&](std::ptrdiff_t i) {
        return power[wrapped_bin(static_cast<std::ptrdiff_t>(bin) + i, power.size())];
    };
    const auto flat = static_cast<std::ptrdiff_t>(d_bins_per_rate / 8.0);
    double middle = 0.0;
    for (std::ptrdiff_t i = -flat; i <= flat; ++i)
        middle += at(i) / static_cast<double>(2 * flat + 1);
    double mean = 0.0, squares = 0.0, product = 0.0, shape_squares = 0.0, spread = 0.0;
    for (std::ptrdiff_t i = -reach; i <= reach; ++i) {
        const double p = std::min(at(i), foreign_factor * middle);
        const double s = d_shape[static_cast<std::size_t>(i + reach)];
        mean += p;
        squares += p * p;
        product += p * s;
        shape_squares += s * s;
        spread += p * p * s * s;
    }
    const double variance = squares - mean * mean / static_cast<double>(d_shape.size());
    // A bin's standard deviation is its mean over the root of the number of spectra.
    const double deviation = std::sqrt(spread / static_cast<double>(std::max<std::size_t>(d_spectra, 1)));
    place result{ bin, 0.0, product / shape_squares };
    if (variance > 0.0 && product > least_significance * deviation)
        result.likeness = product / std::sqrt(variance * shape_squares);
    return result;
}

std::vector<double> band_scan::places() const
{
    // The flanks of the pulse do not stand out within 1/16 of the symbol rate.
    const auto power = without_lines(d_power, static_cast<std::size_t>(std::max(d_bins_per_rate / 16.0, 4.0)));
    std::vector<place> found;
    std::vector<place> all(power.size());
    for (std::size_t bin = 0; bin < power.size(); ++bin)
        all[bin] = compare(power, bin);
    const auto apart = static_cast<std::ptrdiff_t>(d_bins_per_rate / 4.0);
    for (std::size_t bin = 0; bin < all.size(); ++bin) {
        if (all[bin].likeness < least_likeness)
            continue;
        bool is_best = true;
        for (std::ptrdiff_t i = -apart; i <= apart && is_best; ++i) {
            const auto& other = all[wrapped_bin(static_cast<std::ptrdiff_t>(bin) + i, all.size())];
            is_best = other.likeness < all[bin].likeness || (other.likeness == all[bin].likeness && i >= 0);
        }
        if (is_best)
            found.push_back(all[bin]);
    }
    std::sort(found.begin(), found.end(), [](const place& a, const place& b) {
        const bool a_good = a.likeness > good_likeness, b_good = b.likeness > good_likeness;
        if (a_good != b_good)
            return a_good;
        return a_good ? a.height > b.height : a.likeness > b.likeness;
    });
    found.resize(std::min(found.size(), most_places));
    std::vector<double> middles;
    const double n = static_cast<double>(power.size());
    for (const auto& p : found) {
        const double cps = static_cast<double>(p.bin) / n;
        middles.push_back(cps < 0.5 ? cps : cps - 1.0);
    }
    return middles;
}

} // namespace xband::core
