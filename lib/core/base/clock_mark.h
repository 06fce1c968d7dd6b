// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>

namespace xband::core {

/// Ties the symbol stream to the sample clock and carries what the demodulator knew at that instant.
/// A demodulator emits one mark at least each 4096 symbols and at every discontinuity; between two marks time is linear.
struct clock_mark {
    std::uint64_t first_symbol; ///< index of the symbol since the start of the soft stream
    double first_sample;        ///< (fractional) index of the input sample at that symbol's centre
    double samples_per_symbol;
    float es_n0_db;              ///< NaN while unknown
    float evm_percent;           ///< error vector, rms, of the rms of the ideal symbols; NaN while unknown
    float carrier_offset_hz;     ///< of the received signal, Doppler plan included
    float symbol_rate_error_ppm; ///< received symbol rate against nominal
    bool is_locked;
};

} // namespace xband::core
