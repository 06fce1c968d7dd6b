// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/modulation.h"
#include "base/soft_bit.h"

#include <cstddef>

namespace xband::core {

/// Soft bits are this often the rms of a rail: clipping starts at 3.2 times the rms, quantisation costs under 0.01 dB.
constexpr float soft_bit_rms = 40.0f;

/// Rails to soft bits: BPSK i alone, else i and q interleaved. \param gain soft_bit_rms / rms. Rounded to nearest, halves away
/// from zero, clipped to +-127. \param soft n or 2 n values
void demap(modulation kind, const float* i, const float* q, std::size_t n, float gain, soft_bit* soft);

} // namespace xband::core
