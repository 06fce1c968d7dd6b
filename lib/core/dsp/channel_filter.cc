// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/channel_filter.h"

#include "base/multiversion.h"
#include "base/require.h"
#include "base/vec16.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

namespace {

constexpr std::size_t batch = 8; // complex samples in a vector

/// Outputs 0 .. n - 1, a whole number of batches; output k is made of inputs k .. k + n_taps - 1.
XBAND_MULTIVERSION void convolve(const float* samples, const float* taps, std::size_t n_taps, std::size_t n, float* out)
{
    constexpr float minus = -1.0f;
    const vec16 turn = { minus, 1, minus, 1, minus, 1, minus, 1, minus, 1, minus, 1, minus, 1, minus, 1 };
    for (std::size_t k = 0; k < n; k += batch) {
        vec16 straight{}, crossed{};
        for (std::size_t t = 0; t < n_taps; ++t) {
            vec16 x;
            load(x, samples + 2 * (k + t));
            straight += taps[2 * t] * x;
            crossed += taps[2 * t + 1] * x;
        }
        const vec16 swapped =
            __builtin_shufflevector(crossed, crossed, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        store(out + 2 * k, straight + turn * swapped);
    }
}

} // namespace

channel_filter::channel_filter(const std::vector<std::complex<double>>& taps)
{
    if (taps.empty())
        return;
    require(taps.size() % 2 == 1 && taps.size() <= most_taps,
            "channel taps",
            static_cast<double>(taps.size()),
            "odd numbers to 4095");
    for (std::size_t t = taps.size(); t-- > 0;) {
        require(std::isfinite(std::abs(taps[t])), "channel tap", std::abs(taps[t]), "finite numbers");
        d_taps.push_back(static_cast<float>(taps[t].real()));
        d_taps.push_back(static_cast<float>(taps[t].imag()));
    }
    d_samples.assign(d_taps.size() - 2, 0.0f); // silence before the first sample
}

void channel_filter::process(std::span<const std::complex<float>> in, std::span<std::complex<float>> out)
{
    if (is_flat()) {
        std::copy(in.begin(), in.end(), out.begin());
        return;
    }
    const std::size_t old = d_samples.size(), n_taps = d_taps.size() / 2;
    const std::size_t padded = (in.size() + batch - 1) / batch * batch;
    d_samples.resize(old + 2 * padded, 0.0f);
    for (std::size_t i = 0; i < in.size(); ++i) {
        d_samples[old + 2 * i] = in[i].real();
        d_samples[old + 2 * i + 1] = in[i].imag();
    }
    const std::size_t whole = in.size() / batch * batch;
    convolve(d_samples.data(), d_taps.data(), n_taps, whole, reinterpret_cast<float*>(out.data()));
    if (whole < in.size()) {
        float rest[2 * batch];
        convolve(d_samples.data() + 2 * whole, d_taps.data(), n_taps, batch, rest);
        std::copy_n(rest, 2 * (in.size() - whole), reinterpret_cast<float*>(out.data() + whole));
    }
    d_samples.erase(d_samples.begin(), d_samples.begin() + static_cast<std::ptrdiff_t>(2 * in.size()));
    d_samples.resize(old);
}

} // namespace xband::core
