// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <complex>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace xband::core {

/// Two-sided exponential smoothing of group phasors: each estimate uses the past (all of it) and the groups handed in as
/// look-ahead, with weights exp(-alpha |k|) over k symbols. Optimal for a phase that walks at random (Wiener) when alpha is
/// sqrt(q / r): q the walk's variance a symbol, r the phasor noise's.
class phase_smoother
{
public:
    /// Forgets the past.
    void restart() { d_forward = 0.0f; }

    /// \param sums group phasors; the first n_new are this stretch's, the rest is look-ahead and comes again in the next call.
    /// \param alpha_per_group weight exponent over one group. \param step_rad mean advance of the phasor angle from group to group.
    /// \param out one estimate a group, the look-ahead's (which sees less of the future) included.
    void smooth(std::span<const std::complex<float>> sums,
                std::size_t n_new,
                float alpha_per_group,
                float step_rad,
                std::complex<float>* out);

private:
    std::complex<float> d_forward{};
    std::vector<std::complex<float>> d_backward;
};

/// Measures, from the group phasors alone, what the smoother needs: the advance per group (residual carrier) and the ratio of
/// phase walk to noise. Additive noise is white, so it is absent from the correlation R(m) of groups m >= 1 apart, while a
/// walk of q rad^2 a group makes R(m) fall as exp(-q m / 2).
class phase_meter
{
public:
    /// Takes the groups of one stretch.
    void add(std::span<const std::complex<float>> sums);

    /// Advance of the phasor angle a group, radians, of the last stretch that had a carrier.
    float step_rad() const { return d_step_rad; }
    /// Smoother's exponent over one group.
    float alpha_per_group() const { return d_alpha_per_group; }
    /// Share of the phasors' power that is coherent from group to group, last stretch: 0 for noise, 1 for a clean carrier.
    float coherence() const { return d_coherence; }

private:
    void judge_step(float estimate_rad);

    static constexpr std::size_t n_lags = 10;
    static constexpr std::size_t lags[n_lags] = { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32 };

    static constexpr float prior_alpha_per_group = 0.08f;

    float find_alpha() const;

    double d_power = 0.0;              ///< smoothed R(0)
    double d_correlation[n_lags] = {}; ///< smoothed R(lag), turned back by the advance
    double d_stretches = 0.0;
    float d_step_rad = 0.0f;
    float d_coherence = 0.0f;
    float d_alpha_per_group = prior_alpha_per_group;
    std::optional<float> d_doubted_step_rad; ///< of the last stretch, not believed
};

} // namespace xband::core
