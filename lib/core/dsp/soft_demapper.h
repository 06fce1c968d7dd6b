// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "base/soft_bit.h"

#include <cstddef>

namespace xband::core {

/// Levels of the rails of upright symbols, and what they say: the scale of the soft bits and Es/N0.
class rail_meter
{
public:
    explicit rail_meter(modulation kind) : d_kind(kind) {}
    void restart() { d_second = d_fourth = 0.0f; }

    /// Takes the mean second and fourth power of the rails over one stretch.
    void add(float second_moment, float fourth_moment);
    /// From the moments of +-a plus Gaussian noise; NaN while there is no signal in them.
    float es_n0_db() const;
    /// rms of a rail, signal and noise.
    float rms() const;

private:
    modulation d_kind;
    float d_second = 0.0f, d_fourth = 0.0f;
};

/// Soft bits are this often the rms of a rail: clipping starts at 3.2 times the rms, quantisation costs under 0.01 dB.
constexpr float soft_bit_rms = 40.0f;

/// Rails to soft bits: BPSK i alone, else i and q interleaved. \param gain soft_bit_rms / rms. Rounded to nearest, halves away
/// from zero, clipped to +-127. \param soft n or 2 n values
void demap(modulation kind, const float* i, const float* q, std::size_t n, float gain, soft_bit* soft);

} // namespace xband::core
