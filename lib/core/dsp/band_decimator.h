// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/aligned_vector.h"

#include <cstddef>

namespace xband::core {

/// Cuts a band out of a stream and keeps every factor-th sample of it: a finite impulse response evaluated only where an output
/// is wanted (polyphase form). The band may lie anywhere: the taps are turned to it, so nothing is rotated at the full rate,
/// and since they are symmetric about the output's own sample, retuning makes no step in the phase of what passes.
class band_decimator
{
public:
    /// Of the stop band; the pass band has ripple of less than 0.01 dB.
    static constexpr double attenuation_db = 70.0;

    /// \param factor 2 or more. \param pass_cps half width of the band that passes, cycles per input sample; what would be folded
    /// into that band is stopped. \throws std::invalid_argument if the two leave no room for a transition.
    band_decimator(unsigned factor, double pass_cps);

    unsigned factor() const { return d_factor; }
    /// Samples needed before and after an output's own.
    std::size_t reach() const { return d_reach; }

    /// Middle of the band, cycles per input sample.
    double centre_cps() const { return d_centre_cps; }
    void tune(double centre_cps);

    /// \param samples interleaved complex, from reach() before the first output's sample on. \param out n outputs, interleaved,
    /// at the frequencies that sampling at the lower rate folds them to.
    void process(const float* samples, std::size_t n, float* out) const;

private:
    unsigned d_factor;
    std::size_t d_reach;
    double d_centre_cps = 0.0;
    aligned_vector<float> d_pulse;          ///< low pass, one value a tap
    aligned_vector<float> d_to_re, d_to_im; ///< weights of the interleaved samples, padded to whole vectors
};

/// Decimation that leaves at least 2.2 samples a symbol (more where the roll-off is large); 1 where there are too few to halve.
/// For a search, which works on every sample that is left several times over.
unsigned decimation_factor(double samples_per_symbol, double rolloff);

/// Decimation for a matched filter that is evaluated at symbol instants only, so that each sample is used about once: that of
/// the least work. 1 up to 16 samples a symbol; above, at least 4.5 are left, which makes the decimator's filter short.
unsigned tracking_decimation(double samples_per_symbol);

/// Half width of a signal's band with some room for a carrier that is not in the middle, cycles per sample.
double band_half_width_cps(double samples_per_symbol, double rolloff);

/// The carrier may be this far (symbol rates) from the middle of the band_decimator's band.
constexpr double band_room_norm = 0.03;

} // namespace xband::core
