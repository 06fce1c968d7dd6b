// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>

namespace xband::core {

/// Interleaved I, Q: signed 8 bit, signed 16 bit little-endian, or 32-bit float.
enum class iq_format { cs8, cs16, cf32 };

/// Bytes of one complex sample.
constexpr std::size_t sample_len_bytes(iq_format format)
{
    return format == iq_format::cs8 ? 2 : format == iq_format::cs16 ? 4 : 8;
}

} // namespace xband::core
