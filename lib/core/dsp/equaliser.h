// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "dsp/isi_meter.h"
#include "dsp/rail_moments.h"
#include "dsp/symbol_buffer.h"
#include "dsp/tap_fit.h"

#include <complex>
#include <cstddef>
#include <limits>
#include <vector>

namespace xband::core {

enum class equaliser_mode { off, automatic, on };

/// Adaptive T/2-spaced equaliser for upright symbols, a stretch at a time: behind timing and carrier, which it does not touch,
/// so nothing can drift against them. It removes what filters and echoes smear over up to 6 symbols to either side.
///
/// `automatic` watches the interference between symbols on an eighth of every fifth stretch. If it costs more than the noise
/// hides, taps are fitted (constant modulus first, then decisions; see tap_fit) beside the running signal, put into it once
/// they are proven to raise the signal-to-noise ratio, and taken out once they no longer do. Interference that is plain
/// in the first stretch is removed from the first symbol on.
class equaliser
{
public:
    /// Symbols of the next stretch that process() can use.
    static constexpr std::size_t look_ahead_symbols = 16;

    equaliser(modulation kind, equaliser_mode mode) : d_kind(kind), d_mode(mode), d_meter(kind), d_fit(kind)
    {
        restart();
    }

    /// Forgets the channel: another signal, or the same after a loss.
    void restart();
    /// The same signal from its start again: what was learnt stays.
    void rewind();

    /// Whether the next stretch needs its half-symbol samples, all of them and upright, and the look-ahead.
    bool wants_halves() const { return d_wants_halves; }

    /// Equalises the first n symbols in place, if there is something to equalise (on-time samples, OQPSK's half-time ones too).
    /// \param symbols upright; half-symbol samples only read if they were wanted. \param n a multiple of 16.
    /// \param ahead look_ahead_symbols upright symbols that follow; read as the half-symbol samples are.
    /// \param is_locked false: nothing is learnt from these symbols.
    void process(symbol_buffer& symbols, std::size_t n, const symbol_buffer& ahead, bool is_locked);

    bool is_active() const { return d_state == state::active; }
    /// Power of the neighbours' shares in a symbol over its own, before the equaliser; NaN while unknown.
    float isi_db() const;
    /// Signal-to-noise ratio of the rails after over that before; 0 while inactive.
    float gain_db() const;
    /// Impulse response, T/2-spaced, its centre in the middle; empty while inactive.
    std::vector<std::complex<float>> taps() const;

private:
    enum class state { idle, trial, active };

    void take_in(const symbol_buffer& symbols, std::size_t n, const symbol_buffer& ahead);
    void watch(const symbol_buffer& symbols);
    bool is_harmful() const;
    bool fit_anew(std::size_t n);
    void learn(std::size_t first, const float* first_rail, const float* second_rail);
    void decide_state();
    void give_up();
    double gain() const { return d_after.signal_to_noise() / d_before.signal_to_noise(); }
    rail_moments moments_of(const float* first_rail, const float* second_rail, std::size_t n) const;
    const float* second_rail_of(const symbol_buffer& s, std::size_t at) const
    {
        return (d_kind == modulation::oqpsk ? s.half_im : s.on_im).data() + at;
    }
    /// Two rows of the output from one symbol of d_input on.
    void filter(std::size_t first, std::size_t n, std::size_t row_a, std::size_t row_b, float* a, float* b) const;
    void filter_decided(std::size_t first, std::size_t n, float* first_rail, float* second_rail) const
    {
        filter(first, n, 0, d_kind == modulation::oqpsk ? 3 : 1, first_rail, second_rail);
    }

    modulation d_kind;
    equaliser_mode d_mode;
    isi_meter d_meter;
    tap_fit d_fit;
    state d_state = state::idle;
    bool d_wants_halves = false;
    bool d_has_failed = false;   ///< a trial brought nothing: the next one waits for a full mean
    std::size_t d_stretches = 0; ///< since the restart
    std::size_t d_windows = 0;   ///< learnt from, since the trial began
    rail_moments d_before, d_after;
    symbol_buffer d_input; ///< margin of the stretch before, stretch, look-ahead
    std::vector<float> d_rails, d_decisions;
};

} // namespace xband::core
