// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xband::core {

/// off: it measures all the same.
enum class conditioner_mode { off, automatic };

/// What the conditioner measured and does.
struct conditioning {
    float dc_dbc = 0.0f;       ///< constant part against all power; NaN while unknown
    float iq_gain_db = 0.0f;   ///< Q over I
    float iq_phase_deg = 0.0f; ///< Q leans towards I by this
    float image_dbc = 0.0f;    ///< mirror image that these two leave, against what is mirrored; NaN while unknown
    bool is_dc_removed = false;
    bool is_iq_corrected = false;
    std::uint64_t blanked_samples = 0; ///< in pulses
    float saturated_share = 0.0f; ///< of the values, those at the largest there is: the converter is driven too far
};

/// Repairs what a receiver's hardware and radars do to samples before anything is made of them: removes a constant, makes I
/// and Q equal and orthogonal, silences pulses. Each by itself, and only where it is worth it; levels are measured on every
/// 16th tile, so that a clean input pays for a sum over a quarter of it.
///
/// Balance is judged by second moments: E[x^2] is 0 of noise, of QPSK and of OQPSK. Of BPSK with its carrier in the middle it
/// is not.
class iq_conditioner
{
public:
    /// Samples looked at together: measured, blanked.
    static constexpr std::size_t tile_samples = 2048;

    /// \param judges_balance the signal is no BPSK
    explicit iq_conditioner(bool judges_balance, conditioner_mode mode = conditioner_mode::automatic);

    /// Takes a stretch as typical at once, tile by tile.
    void learn(const float* iq, std::size_t n);
    void end_learning();

    /// Repairs the next tile in place. \param iq interleaved, n up to tile_samples.
    void process(float* iq, std::size_t n);

    const conditioning& state() const { return d_state; }
    void set_blanked_samples(std::uint64_t n) { d_state.blanked_samples = n; }

private:
    struct moments {
        double i = 0.0, q = 0.0, ii = 0.0, qq = 0.0, iq = 0.0;
        std::size_t samples = 0;
        std::size_t looked_at = 0, saturated = 0; ///< values
    };
    float add_moments(const float* iq, std::size_t n);
    void conclude();
    void blank(float* iq, std::size_t n, float power);

    bool d_judges_balance;
    conditioner_mode d_mode;
    moments d_sums;
    std::size_t d_tiles = 0; ///< since the last one measured
    conditioning d_state;
    float d_dc_i = 0.0f, d_dc_q = 0.0f;     ///< taken off
    float d_from_i = 0.0f, d_from_q = 1.0f; ///< Q' = d_from_i I + d_from_q Q
    float d_level = 0.0f;                   ///< power of a tile without pulses, 0 while unknown
    unsigned d_hot_tiles = 0;               ///< in a row
    std::vector<float> d_learnt_powers;     ///< of tiles
};

} // namespace xband::core
