// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace xband::core {

/// Linear modulations with two levels per rail. Soft stream: BPSK one soft bit a symbol, the others I then Q.
/// OQPSK's Q rail is half a symbol later than its I rail (CCSDS 401.0-B, 2.4.10).
enum class modulation { bpsk, qpsk, oqpsk };

/// Soft bits per symbol.
constexpr unsigned rails(modulation kind) { return kind == modulation::bpsk ? 1 : 2; }

} // namespace xband::core
