// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "dsp/symbol_buffer.h"

#include <complex>
#include <cstddef>

namespace xband::core {

/// Symbols whose phasors are added before anything is tracked: short enough for 10 kHz of linewidth at 15 Msym/s.
constexpr std::size_t phasor_group = 16;

/// How often the removal of the modulation multiplies the phase.
constexpr int phase_multiple(modulation kind) { return kind == modulation::qpsk ? 4 : 2; }

/// Sums over groups of phasor_group symbols of a phasor whose angle is phase_multiple() times the carrier phase, whatever
/// the data: BPSK s^2, QPSK -s^4 / |s|^2, OQPSK on^2 - half^2 (its two rails are half a symbol apart). Element-wise, fixed order.
/// \param symbols whole groups. \param sums one a group
void sum_phasors(modulation kind, const symbol_buffer& symbols, std::complex<float>* sums);

/// Angles of phasors in radians, right to 2e-5. Element-wise.
void angles(const std::complex<float>* phasors, std::size_t n, float* radians);

/// Turns the symbols of each group in place by minus its phase, which runs linearly through the group.
/// \param phase_rad,slope_rad phase in the middle of each group and its change per symbol
/// \param delay_symbols how much later than the symbol instants re and im are
void derotate_groups(
    float* re, float* im, std::size_t n_groups, const float* phase_rad, const float* slope_rad, float delay_symbols);

/// Turns OQPSK's symbols upright in place as derotate_groups() does, and sums over groups on * sign(Re on) - j half * sign(Im half):
/// the data-directed phasor of symbols that are upright to within some degrees. The rails' mutual noise, which on^2 - half^2 has,
/// cancels in the sum. Hard decisions, for a first round: what they lack the next one makes up for.
void derotate_and_decide(symbol_buffer& symbols,
                         const float* phase_rad,
                         const float* slope_rad,
                         std::complex<float>* sums);

/// The same sums of upright symbols, which stay as they are, with soft decisions d(g x) (about tanh, times two) that are taken on
/// the symbols turned back by the group's phase, the best known so far. \param gain g
void sum_soft_decisions(const symbol_buffer& symbols, const float* phase_rad, float gain, std::complex<float>* sums);

/// Turns OQPSK's symbols back in place, one phase for all symbols of a group. \param n_whole groups of which all four rails are
/// wanted; of the rest only those that carry data (Re on, Im half), and the other two hold anything
void turn_groups_back(symbol_buffer& symbols, std::size_t n_groups, std::size_t n_whole, const float* phase_rad);

} // namespace xband::core
