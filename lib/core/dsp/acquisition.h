// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "dsp/fft.h"
#include "dsp/symbol_sampler.h"

#include <complex>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace xband::core {

/// What a stretch of samples says about a signal's carrier and symbol clock.
struct acquisition_result {
    double offset_cps;         ///< carrier against the middle of the band, cycles per sample
    double samples_per_symbol; ///< measured
    double first_symbol; ///< position of a symbol instant, samples from the stretch's beginning (OQPSK: of either rail)
    float line_snr;      ///< power of the clock line (OQPSK: of the pair of lines) over the mean beside it
};

/// Finds carrier offset, symbol clock and symbol instants with no feedback, from a few thousand symbols:
///  1. the power spectrum against a raised-cosine template gives the offset to about a hundredth of the symbol rate;
///  2. BPSK, QPSK: the line of |y|^2 at the symbol rate gives clock and instants, then the line of y^2 (y^4) the carrier;
///     OQPSK, which has no such line: the two lines of y^2 at twice the carrier plus and minus the symbol rate give both.
/// Short coherent blocks, many of them added in power, survive phase noise.
class acquisition
{
public:
    struct config {
        modulation kind = modulation::qpsk;
        double samples_per_symbol = 2.0; ///< nominal
        double rolloff = 0.5;
        double offset_range_norm = 0.11; ///< searched to both sides, of the symbol rate
        double clock_range_ppm = 600.0;  ///< searched to both sides
        float detection_snr = 18.0f;     ///< line_snr of noise alone exceeds this less than once in 10^6 tries
    };

    explicit acquisition(const config& c);

    /// \param samples interleaved complex, at least 1024 symbols' worth.
    /// \param converter_zero_cps where frequency zero of the converter lies in these samples
    /// \return nothing if no signal of this kind is there.
    std::optional<acquisition_result> run(std::span<const float> samples, double converter_zero_cps = 0.0);

private:
    double coarse_offset_cps(std::span<const float> samples);
    void filter_at_four_per_symbol(std::span<const float> samples, double offset_cps);
    std::optional<acquisition_result> clock_line();
    std::optional<acquisition_result> line_pair();
    double carrier_line(std::span<const float> samples, const acquisition_result& clock);

    config d_config;
    symbol_sampler d_sampler;
    fft d_spectrum;
    fft d_carrier;
    fft d_pair_low, d_pair_high;
    std::vector<float> d_rotated;  ///< samples with the coarse offset taken out
    std::vector<float> d_re, d_im; ///< filtered, four per symbol
    double d_converter_zero_cps = 0.0, d_filter_centre_cps = 0.0;
    double d_first = 0.0; ///< position of d_re[0] in samples
};

} // namespace xband::core
