// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>

namespace xband::core {

/// Soft bit: +127 = surely 0, -127 = surely 1, 0 = erasure. -128 is read as -127.
/// The positive rail of a constellation carries 0 (CCSDS 401.0-B, 2.4.11: QPSK bit mapping).
using soft_bit = std::int8_t;

} // namespace xband::core
