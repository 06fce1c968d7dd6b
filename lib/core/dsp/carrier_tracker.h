// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "dsp/phase_smoother.h"
#include "dsp/phasors.h"
#include "dsp/symbol_buffer.h"

#include <array>
#include <complex>
#include <cstddef>
#include <optional>
#include <vector>

namespace xband::core {

/// What one stretch of symbols told about the signal.
struct stretch_report {
    float step_per_symbol_cycles; ///< residual carrier
    float coherence;              ///< 0 noise .. 1 clean; see phase_meter
    float timing_error_symbols;   ///< instants are late by this, small errors
    float timing_jump_symbols;    ///< not 0: instants are late by so much more that the clock must be set anew
};

/// Carrier phase without a loop: groups of symbols give phasors free of the data, smoothed both ways in time with a
/// bandwidth measured from the signal itself, and each stretch of symbols is turned upright by what its past and its
/// look-ahead say. Also measures what the stretches' timing and level are, on the upright symbols.
class carrier_tracker
{
public:
    static constexpr std::size_t stretch_symbols = 4096;
    static constexpr std::size_t look_ahead_symbols = 512;
    /// Timing is measured on so many symbols of a stretch; of the others, samples without data are not needed: all half-symbol
    /// ones of BPSK and QPSK, those of each rail at the other's instants of OQPSK (though its phase is measured on all).
    static constexpr std::size_t timing_symbols = 1024;

    carrier_tracker(modulation kind, double rolloff);

    /// Forgets the signal. \param known what there is to know of its phase noise beforehand
    void restart(const phase_meter& known = {});

    /// Turns the first n symbols of a buffer upright in place; those after them are look-ahead and stay as they are.
    /// \param symbols whole groups. \param n a multiple of phasor_group, stretch_symbols but for the last stretch
    /// \param wants_all the samples without data too, and follower(); else only the first timing_symbols have them
    stretch_report process(symbol_buffer& symbols, std::size_t n, bool wants_all);

    /// A line in the phasors that is not the carrier's, by its advance from group to group.
    void set_spurious_line(std::optional<float> step_rad) { d_spurious_step_rad = step_rad; }

    const phase_meter& meter() const { return d_meter; }

    /// The group that follows the n symbols of the last process(), upright as far as is known now; silence if there is none.
    const symbol_buffer& follower() const { return d_follower; }

    /// Memory of the smoother, symbols.
    float memory_symbols() const { return static_cast<float>(phasor_group) / d_meter.alpha_per_group(); }

private:
    void unwrap(std::size_t n_groups);
    void turn_upright(symbol_buffer& symbols, std::size_t n_groups, std::size_t n_whole) const;
    void turn_offset_rails_upright(symbol_buffer& symbols, std::size_t n_groups, std::size_t n_whole);
    void find_correction(phase_smoother& smoother, std::size_t n_groups);
    void find_follower(const symbol_buffer& symbols, std::size_t n);
    void find_decision_gain(const symbol_buffer& symbols, std::size_t n);
    void measure_timing(const symbol_buffer& symbols, std::size_t n, stretch_report& report) const;

    modulation d_kind;
    float d_timing_slope; ///< of the detector, per symbol of error and unit of symbol power
    float d_power_swing;  ///< from instants to midway, per unit of symbol power
    phase_smoother d_smoother;
    std::array<phase_smoother, 2> d_fine_smoothers; ///< OQPSK: one a round of decisions
    phase_meter d_meter;
    std::vector<std::complex<float>> d_sums, d_smooth;
    std::vector<float> d_angle;     ///< phase_multiple() times the phase, unwrapped, one value a group
    std::vector<float> d_advance;   ///< of the angle from group to group, beyond the mean
    std::vector<float> d_phase_rad; ///< carrier phase in the middle of each group
    std::vector<float> d_slope_rad; ///< its change per symbol
    symbol_buffer d_look_ahead;     ///< OQPSK: as it came, while decisions are taken on it
    symbol_buffer d_follower;
    std::vector<float> d_correction_rad;
    float d_last_angle = 0.0f;
    bool d_has_angle = false;
    std::optional<float> d_spurious_step_rad;
    float d_decision_gain = 2.0f; ///< signal-to-noise of a rail, for soft decisions
};

} // namespace xband::core
