// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"

#include <complex>
#include <cstddef>

namespace xband::core {

/// Symbols whose phasors are added before anything is tracked: short enough for 10 kHz of linewidth at 15 Msym/s.
constexpr std::size_t phasor_group = 16;

/// How often the removal of the modulation multiplies the phase.
constexpr int phase_multiple(modulation kind) { return kind == modulation::qpsk ? 4 : 2; }

/// Sums over groups of phasor_group symbols of a phasor whose angle is phase_multiple() times the carrier phase, whatever
/// the data: BPSK s^2, QPSK -s^4 / |s|^2, OQPSK on^2 - half^2 (its two rails are half a symbol apart). Element-wise, fixed order.
/// \param n a multiple of phasor_group
void sum_phasors(modulation kind,
                 const float* on_re,
                 const float* on_im,
                 const float* half_re,
                 const float* half_im,
                 std::size_t n,
                 std::complex<float>* sums);

/// Angles of phasors in radians, right to 2e-5. Element-wise.
void angles(const std::complex<float>* phasors, std::size_t n, float* radians);

/// Turns the symbols of each group by minus its phase, which runs linearly through the group.
/// \param phase_rad,slope_rad phase in the middle of each group and its change per symbol. \param out_re,out_im may be in_re,in_im
void derotate_groups(const float* in_re,
                     const float* in_im,
                     std::size_t n_groups,
                     const float* phase_rad,
                     const float* slope_rad,
                     float delay_symbols,
                     float* out_re,
                     float* out_im);

/// The same with one phase for all symbols of a group.
void turn_groups_back(
    const float* in_re, const float* in_im, std::size_t n_groups, const float* phase_rad, float* out_re, float* out_im);

/// Sums over groups of on * d(g Re on') - j half * d(g Im half'): the data-directed phasor of OQPSK symbols that are upright to
/// within some degrees. d is a soft decision (about tanh); on' and half' are the symbols turned back by the group's phase, the
/// best known so far. The rails' mutual noise cancels in the sum. \param gain g
void sum_soft_decisions(const float* on_re,
                        const float* on_im,
                        const float* half_re,
                        const float* half_im,
                        std::size_t n_groups,
                        const float* phase_rad,
                        float gain,
                        std::complex<float>* sums);

} // namespace xband::core
