// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/aligned_vector.h"

#include <cstddef>
#include <cstdint>

namespace xband::core {

/// Matched filter and interpolator in one: a root-raised-cosine evaluated at any instant between the samples (polyphase bank).
/// Loss against the exact filter at 1.8 to 16 samples per symbol: see tests/core/qa_symbol_sampler.cc.
class symbol_sampler
{
public:
    static constexpr double longest_span_symbols = 4.5; ///< taps reach no further to either side
    static constexpr unsigned arms = 64;                ///< instants between two samples

    /// \throws std::invalid_argument if samples_per_symbol is not in 1.2 .. 64 or rolloff not in 0.05 .. 1.
    symbol_sampler(double samples_per_symbol, double rolloff);

    /// Samples needed before and after an instant.
    std::size_t reach() const { return d_reach; }

    /// Filter outputs at positions first, first + step, ... \param samples interleaved complex. \param first,step in samples;
    /// every position must keep reach() samples from both ends. \param re,im n outputs each, unit gain for a unit-amplitude pulse train.
    void sample(const float* samples, double first, double step, std::size_t n, float* re, float* im) const;

private:
    std::size_t d_reach;          ///< taps on each side of the instant
    std::size_t d_row_floats;     ///< floats of one arm: taps twice each, padded to a multiple of 16
    aligned_vector<float> d_rows; ///< one row an arm
};

} // namespace xband::core
