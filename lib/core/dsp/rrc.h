// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace xband::core {

/// Root-raised-cosine pulse of unit energy (per symbol) at t symbols from its centre.
/// \param rolloff 0 < rolloff <= 1
/// Source: CCSDS 413.0-G-3, annex; the two removable singularities are replaced by their limits.
double rrc_pulse(double t_symbols, double rolloff);

/// Raised-cosine pulse (the RRC convolved with itself), 1 at t = 0.
double raised_cosine_pulse(double t_symbols, double rolloff);

/// Raised-cosine spectrum at a frequency in cycles per symbol: 1 in the flat part, 0 beyond (1 + rolloff) / 2.
double raised_cosine_spectrum(double frequency_norm, double rolloff);

} // namespace xband::core
