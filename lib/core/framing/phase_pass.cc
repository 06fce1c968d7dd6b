// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/phase_pass.h"
#include "fec/conv_code.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

namespace {

// Weights fall by 1/e in 100 symbols on either side: near the best for 100 Hz of linewidth at 15 Msym/s, 2 dB (93 by theory:
// the root of the phase's variance gained per symbol over that of its measurement). With 50 and 200 as many frames are won.
constexpr float forgetting = 0.99F;

soft_bit to_soft(float value) { return soft_bit(std::lrint(std::clamp(value, -127.F, 127.F))); }

} // namespace

void phase_pass::apply(std::span<soft_bit> pairs, std::span<const std::uint8_t> bits)
{
    const std::size_t n = pairs.size() / 2;
    d_carrier.resize(n);
    d_smoothed.resize(n);
    unsigned reg = 0;
    phasor before;
    for (std::size_t k = 0; k < n; ++k) {
        reg = (reg << 1 | (bits[k / 8] >> (7 - k % 8) & 1U)) & 0x7f;
        const unsigned sent = conv_k7::symbols(reg);
        const float sent_re = (sent & 2) != 0 ? -1.F : 1.F;
        const float sent_im = (sent & 1) != 0 ? -1.F : 1.F;
        const float re = pairs[2 * k], im = pairs[2 * k + 1];
        d_carrier[k] = { re * sent_re + im * sent_im, im * sent_re - re * sent_im };
        // A symbol's own noise must not turn it towards what was decoded: it is left out of its sum.
        d_smoothed[k] = before;
        before.re = forgetting * before.re + d_carrier[k].re;
        before.im = forgetting * before.im + d_carrier[k].im;
    }
    phasor after;
    for (std::size_t k = n; k-- > 0;) {
        const float re = d_smoothed[k].re + after.re;
        const float im = d_smoothed[k].im + after.im;
        after.re = forgetting * after.re + d_carrier[k].re;
        after.im = forgetting * after.im + d_carrier[k].im;
        const float magnitude = std::sqrt(re * re + im * im);
        if (magnitude == 0)
            continue;
        const float cosine = re / magnitude, sine = im / magnitude;
        const float in_phase = pairs[2 * k], quadrature = pairs[2 * k + 1];
        pairs[2 * k] = to_soft(in_phase * cosine + quadrature * sine);
        pairs[2 * k + 1] = to_soft(quadrature * cosine - in_phase * sine);
    }
}

} // namespace xband::core
