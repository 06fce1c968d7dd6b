// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "dsp/fft.h"

#include <cstddef>
#include <span>
#include <vector>

namespace xband::core {

/// Looks through a wide band for places where a signal of known symbol rate and pulse may be: the power spectrum, freed of
/// lines, is compared with the raised-cosine spectrum at every place. It proposes; whether a signal is there, acquisition tells.
class band_scan
{
public:
    /// Places proposed at most.
    static constexpr std::size_t most_places = 6;

    band_scan(double samples_per_symbol, double rolloff);

    void restart();
    /// Adds samples, interleaved complex; they need not follow those before.
    void add(std::span<const float> samples);
    /// Middles of the places, cycles per sample, the most promising first.
    std::vector<double> places() const;

private:
    struct place {
        std::size_t bin;
        double likeness; ///< correlation of spectrum and template, 1 at most
        double height;   ///< of the template that fits, power
    };
    place compare(const std::vector<double>& power, std::size_t bin) const;

    fft d_spectrum;
    std::vector<float> d_window;
    std::vector<double> d_shape; ///< template around its middle, mean taken off
    double d_bins_per_rate;
    std::vector<double> d_power;
    std::size_t d_spectra = 0; ///< added to d_power
};

} // namespace xband::core
