// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace xband::core {

/// A transmission path that is not flat (echoes, filters): a complex impulse response at the sample rate.
/// A sum over the taps in fixed order: any division of the input and any instruction set gives the same samples.
class channel_filter
{
public:
    static constexpr std::size_t most_taps = 4096;

    /// \param taps an odd number, the middle one is without delay; empty: a flat path.
    /// \throws std::invalid_argument naming value and limit.
    explicit channel_filter(const std::vector<std::complex<double>>& taps);

    bool is_flat() const { return d_taps.empty(); }
    /// Samples that go in before the first one comes out.
    std::size_t look_ahead() const { return d_taps.size() / 4; }

    /// One sample out for each sample in, look_ahead() samples late. \param out in.size() samples; may be in
    void process(std::span<const std::complex<float>> in, std::span<std::complex<float>> out);

private:
    std::vector<float> d_taps;    ///< re, im, the last tap first
    std::vector<float> d_samples; ///< interleaved: those that later ones need, then the new ones
};

} // namespace xband::core
