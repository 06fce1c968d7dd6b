// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/gardner.h"

#include "base/multiversion.h"
#include "base/vec16.h"
#include "dsp/rrc.h"

namespace xband::core {

namespace {

XBAND_MULTIVERSION float sum_products(const float* middle, const float* before, const float* after, std::size_t n)
{
    vec16 total{};
    for (std::size_t k = 0; k + 16 <= n; k += 16) {
        vec16 m, a, b;
        load(m, middle + k);
        load(a, after + k);
        load(b, before + k);
        total += m * (a - b);
    }
    return sum(total);
}

} // namespace

float sum_gardner(const float* middle, const float* before, const float* after, std::size_t n)
{
    return sum_products(middle, before, after, n);
}

float gardner_slope(double rolloff)
{
    // E[y(k + 1/2) (y(k + 1) - y(k))] for independent symbols is the sum over them of the pulse's own products.
    const auto mean = [&](double late) {
        double total = 0.0;
        for (int m = -20; m <= 20; ++m)
            total += raised_cosine_pulse(0.5 + late - m, rolloff) *
                     (raised_cosine_pulse(1.0 + late - m, rolloff) - raised_cosine_pulse(late - m, rolloff));
        return total;
    };
    return static_cast<float>((mean(0.01) - mean(-0.01)) / 0.02);
}

float power_swing(double rolloff)
{
    double swing = 0.0;
    for (int m = -20; m <= 20; ++m) {
        const double on = raised_cosine_pulse(m, rolloff), midway = raised_cosine_pulse(m + 0.5, rolloff);
        swing += on * on - midway * midway;
    }
    return static_cast<float>(swing);
}

} // namespace xband::core
