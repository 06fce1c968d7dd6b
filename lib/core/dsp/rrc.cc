// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/rrc.h"

#include <cmath>
#include <numbers>

namespace xband::core {

using std::numbers::pi;

double rrc_pulse(double t, double rolloff)
{
    if (std::abs(t) < 1e-9)
        return 1.0 - rolloff + 4.0 * rolloff / pi;
    if (std::abs(std::abs(4.0 * rolloff * t) - 1.0) < 1e-7) {
        const double a = pi / (4.0 * rolloff);
        return rolloff / std::numbers::sqrt2 * ((1.0 + 2.0 / pi) * std::sin(a) + (1.0 - 2.0 / pi) * std::cos(a));
    }
    const double x = 4.0 * rolloff * t;
    return (std::sin(pi * t * (1.0 - rolloff)) + x * std::cos(pi * t * (1.0 + rolloff))) / (pi * t * (1.0 - x * x));
}

double raised_cosine_pulse(double t, double rolloff)
{
    const double sinc = std::abs(t) < 1e-9 ? 1.0 : std::sin(pi * t) / (pi * t);
    const double x = 2.0 * rolloff * t;
    if (std::abs(std::abs(x) - 1.0) < 1e-7)
        return sinc * pi / 4.0;
    return sinc * std::cos(pi * rolloff * t) / (1.0 - x * x);
}

double raised_cosine_spectrum(double frequency_norm, double rolloff)
{
    const double f = std::abs(frequency_norm);
    if (f <= (1.0 - rolloff) / 2.0)
        return 1.0;
    if (f >= (1.0 + rolloff) / 2.0)
        return 0.0;
    return 0.5 * (1.0 + std::cos(pi / rolloff * (f - (1.0 - rolloff) / 2.0)));
}

} // namespace xband::core
