// SPDX-License-Identifier: GPL-3.0-or-later
// How clock marks travel with soft bits: stream tags "xband_mark" at the soft bit where the mark's symbol begins.
#pragma once
#include "base/clock_mark.h"
#include "core_namespace.h"

#include <gnuradio/tags.h>
#include <pmt/pmt.h>

#include <array>
#include <cstddef>
#include <optional>

namespace gr::xband {

inline const pmt::pmt_t clock_mark_key = pmt::intern("xband_mark");

/// Value of the tag: f64vector of first_sample, samples_per_symbol, es_n0_db, evm_percent, carrier_offset_hz,
/// symbol_rate_error_ppm, is_locked (0 or 1). A vector, not a dictionary: there are thousands in a second.
inline pmt::pmt_t to_tag_value(const core::clock_mark& mark)
{
    const std::array<double, 7> fields{ mark.first_sample,
                                        mark.samples_per_symbol,
                                        static_cast<double>(mark.es_n0_db),
                                        static_cast<double>(mark.evm_percent),
                                        static_cast<double>(mark.carrier_offset_hz),
                                        static_cast<double>(mark.symbol_rate_error_ppm),
                                        mark.is_locked ? 1.0 : 0.0 };
    return pmt::init_f64vector(fields.size(), fields.data());
}

/// Nothing if the tag's value is not one of ours. \param soft_bits_per_symbol turns the tag's offset into a symbol.
inline std::optional<core::clock_mark> from_tag(const gr::tag_t& tag, unsigned soft_bits_per_symbol)
{
    if (!pmt::is_f64vector(tag.value))
        return std::nullopt;
    std::size_t n_fields = 0;
    const double* const fields = pmt::f64vector_elements(tag.value, n_fields);
    if (n_fields != 7)
        return std::nullopt;
    return core::clock_mark{ .first_symbol = tag.offset / soft_bits_per_symbol,
                             .first_sample = fields[0],
                             .samples_per_symbol = fields[1],
                             .es_n0_db = static_cast<float>(fields[2]),
                             .evm_percent = static_cast<float>(fields[3]),
                             .carrier_offset_hz = static_cast<float>(fields[4]),
                             .symbol_rate_error_ppm = static_cast<float>(fields[5]),
                             .is_locked = fields[6] != 0.0 };
}

} // namespace gr::xband
