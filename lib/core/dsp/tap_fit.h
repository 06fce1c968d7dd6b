// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "dsp/equaliser_kernels.h"
#include "dsp/symbol_buffer.h"

#include <array>
#include <complex>
#include <cstddef>
#include <vector>

namespace xband::core {

/// Least-squares taps of a T/2-spaced equaliser from decisions that may be poor.
///
/// z = Re(w^H x) is a rail, x the T/2 samples around it (OQPSK's second rail: half a symbol on). With g(z) a decision on it,
/// E[g x] = a h + E[g'] R w: the channel h seen from the symbol, and what the noise in z itself brings along (Stein's lemma:
/// exact for Gaussian noise). The fit takes the second part off, so that w = R^-1 h is the least-mean-square-error equaliser at
/// any signal-to-noise ratio and after few rounds, where plain decision feedback creeps or locks up. With g(z) = -z^3 it is the
/// fixed point of the constant-modulus criterion on each rail, with a soft decision that of decision direction.
/// Sources: Shalvi and Weinstein, "Super-exponential methods for blind deconvolution", IEEE Trans. IT 39 (1993);
/// Yang, Werner, Dumont, "The multimodulus blind equalization ...", IEEE J-SAC 20 (2002).
class tap_fit
{
public:
    static constexpr std::size_t reach_symbols = 6; ///< taps to either side
    static constexpr std::size_t n_taps = 4 * reach_symbols + 1;
    static constexpr std::size_t n_shifts = 2 * reach_symbols + 1;
    static constexpr std::size_t n_entries = n_shifts * equaliser_kernels::n_rows;
    /// Taps as filter_rails() takes them, from reach_symbols before the symbol on: for each row of the output.
    using row_taps = std::array<std::array<float, n_entries>, equaliser_kernels::n_rows>;

    explicit tap_fit(modulation kind);

    /// Back to one tap of 1.
    void restart();

    /// Takes the inputs of n symbols, a multiple of 16; those reach_symbols before and after are read too.
    void take_inputs(const symbol_buffer& input, std::size_t first, std::size_t n);
    /// Takes decisions on those symbols, made with the taps as they are. \param slope sum of their derivatives, all rails.
    /// \param gain weight of this window in the running mean, 1 to forget all before
    void take_decisions(const float* first_rail, const float* second_rail, double slope, double gain);
    /// Makes taps of the running means. \return false, and the taps stay, if the means make no sense
    bool solve();

    const row_taps& taps() const { return d_row_taps; }
    /// Impulse response of the equaliser, T/2-spaced, its centre in the middle.
    std::vector<std::complex<float>> impulse_response() const;
    /// Whether the strongest symbol in the input is the one that comes out: taps cannot slip by a symbol or a quarter turn.
    bool is_centred() const;
    /// Power of the neighbours' shares of an input symbol over its own.
    double isi() const;

private:
    static constexpr std::size_t n_unknowns = 2 * n_taps; ///< real parts of w, then imaginary parts
    static constexpr std::size_t centre = n_taps / 2;

    struct place { ///< which input a real part multiplies, for one rail
        std::size_t entry;
        double sign;
    };

    static place place_of(std::size_t row, std::size_t unknown);
    bool is_neighbour(std::size_t unknown) const;
    void spread_taps();

    modulation d_kind;
    std::size_t d_n_rails;
    std::array<std::array<place, n_unknowns>, 2> d_places;
    std::vector<double> d_gram;                     ///< n_entries^2: products of inputs, of the window
    std::vector<double> d_window, d_mean, d_factor; ///< n_unknowns^2: R of the window, its mean, its Cholesky factor
    std::array<double, n_unknowns> d_response{};    ///< running mean of h
    std::array<double, n_unknowns> d_w{};
    row_taps d_row_taps{};
    const symbol_buffer* d_input = nullptr; ///< of the window
    std::size_t d_first = 0, d_n = 0;
};

} // namespace xband::core
