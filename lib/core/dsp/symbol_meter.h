// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"

#include <array>
#include <cstddef>

namespace xband::core {

/// What upright symbols say of the signal: level, Es/N0 and error vector magnitude, without knowing what was sent.
///
/// Es/N0, QPSK: from the second and fourth moment of the symbols' magnitudes (Pauluzzi and Beaulieu, IEEE Trans. Commun.
/// 48, 2000, "M2M4"), which the carrier phase has no part in.
/// BPSK and OQPSK: a rail is +-a in Gaussian noise of variance s^2, so its magnitude is folded normal (Leone, Nelson and
/// Nottingham, Technometrics 3, 1961): the mean of the magnitude, squared, over the mean power is a known function of a/s and
/// is inverted here; it scatters 5 % more than maximum likelihood. OQPSK: the carrier's residual wobble makes one rail leak
/// into the other and looks like noise. It lasts over many symbols, so the product of errors two symbols apart, where the
/// noise has nothing in common, gives its power.
///
/// EVM: rms of the distance from symbol to nearest ideal point over the rms of the ideal points, their scale fitted (ETSI
/// TR 101 290, 6.8.6 and C.2, has the same for its TEV and MER). Wobble counts. Below some 6 dB decisions fail and EVM
/// levels off.
class symbol_meter
{
public:
    static constexpr std::size_t wobble_symbols = 1024; ///< at the begin of each stretch: enough, and cheap

    explicit symbol_meter(modulation kind) : d_kind(kind) {}
    void restart();

    /// Takes a stretch of symbols.
    /// \param i, q    the rails, each at its own instants.
    /// \param across  OQPSK: the second rail at the instants of the first, wobble_symbols of them.
    /// \param n       symbols, 4096 but for the last stretch.
    void add(const float* i, const float* q, const float* across, std::size_t n);

    /// NaN while there is no signal.
    float es_n0_db() const;
    float evm_percent() const;
    /// rms of a rail, signal and noise.
    float rms() const;

private:
    struct figures {
        float mean_abs = 0.0f;  ///< of a rail
        float power = 0.0f;     ///< of a rail
        float off_power = 0.0f; ///< BPSK: of the rail without a signal
        float fourth = 0.0f;    ///< QPSK: fourth moment of the symbols' magnitudes
        float wobble = 0.0f;    ///< OQPSK: power that the carrier's wobble adds to a rail
    };

    /// Signal to noise power of a rail; 0 if there is only noise.
    double rail_snr() const;
    float wobble_of(const float* i, const float* across, std::size_t n, float level);

    modulation d_kind;
    unsigned d_stretches = 0;
    figures d_figures;
    std::array<float, wobble_symbols> d_error{};
};

} // namespace xband::core
