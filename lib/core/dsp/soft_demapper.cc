// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/soft_demapper.h"

#include "base/multiversion.h"

#include <algorithm>

namespace xband::core {

namespace {

inline std::int16_t quantise(float x)
{
    const float limited = x > 127.0f ? 127.0f : x < -127.0f ? -127.0f : x;
    return static_cast<std::int16_t>(static_cast<int>(limited + (limited < 0.0f ? -0.5f : 0.5f)));
}

XBAND_MULTIVERSION void demap_one(const float* rail, std::size_t n, float gain, soft_bit* soft)
{
    for (std::size_t k = 0; k < n; ++k)
        soft[k] = static_cast<soft_bit>(quantise(rail[k] * gain));
}

XBAND_MULTIVERSION void demap_two(const float* i, const float* q, std::size_t n, float gain, std::int16_t* pairs)
{
    // One 16-bit word a symbol, I in the low octet: vectorises where two interleaved octet streams do not.
    for (std::size_t k = 0; k < n; ++k)
        pairs[k] = static_cast<std::int16_t>((quantise(i[k] * gain) & 0xff) | (quantise(q[k] * gain) << 8));
}

} // namespace

void demap(modulation kind, const float* i, const float* q, std::size_t n, float gain, soft_bit* soft)
{
    if (kind == modulation::bpsk) {
        demap_one(i, n, gain, soft);
        return;
    }
    constexpr std::size_t batch = 512;
    std::int16_t pairs[batch];
    for (std::size_t at = 0; at < n; at += batch) {
        const std::size_t count = std::min(batch, n - at);
        demap_two(i + at, q + at, count, gain, pairs);
        std::copy_n(reinterpret_cast<const soft_bit*>(pairs), 2 * count, soft + 2 * at);
    }
}

} // namespace xband::core
