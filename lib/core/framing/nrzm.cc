// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/nrzm.h"
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace xband::core {
namespace {

void require_same_size(std::size_t in, std::size_t out)
{
    if (in != out)
        throw std::invalid_argument("NRZ-M: input of " + std::to_string(in) + " but output of " + std::to_string(out));
}

} // namespace

void nrzm_encoder::encode(std::span<const std::uint8_t> in, std::span<std::uint8_t> out)
{
    require_same_size(in.size(), out.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
        // Each level is the sum of all bits so far: a prefix sum over the octet in three doublings.
        unsigned levels = in[i];
        levels ^= levels >> 1;
        levels ^= levels >> 2;
        levels ^= levels >> 4;
        out[i] = static_cast<std::uint8_t>(d_level ? ~levels : levels);
        d_level = out[i] & 1;
    }
}

void nrzm_decoder::decode(std::span<const std::uint8_t> in, std::span<std::uint8_t> out)
{
    require_same_size(in.size(), out.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
        const std::uint8_t levels = in[i];
        out[i] = static_cast<std::uint8_t>(levels ^ (levels >> 1 | d_level << 7));
        d_level = levels & 1;
    }
}

nrzm_soft_decoder::nrzm_soft_decoder(unsigned n_rails) : d_n_rails(n_rails)
{
    if (n_rails != 1 && n_rails != 2)
        throw std::invalid_argument("NRZ-M: " + std::to_string(n_rails) + " rails, must be 1 or 2");
}

void nrzm_soft_decoder::decode(std::span<const soft_bit> in, std::span<soft_bit> out)
{
    require_same_size(in.size(), out.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
        const int now = std::max<int>(in[i], -127);
        const int last = d_last[d_rail];
        const int magnitude = std::min(std::abs(now), std::abs(last));
        d_last[d_rail] = static_cast<soft_bit>(now);
        out[i] = static_cast<soft_bit>((now < 0) != (last < 0) ? -magnitude : magnitude);
        d_rail = d_rail + 1 == d_n_rails ? 0 : d_rail + 1;
    }
}

void nrzm_soft_decoder::reset() noexcept
{
    d_last = {};
    d_rail = 0;
}

} // namespace xband::core
