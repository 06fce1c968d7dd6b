// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/psk_demodulator.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

void check(const char* field, double value, bool is_fine, const char* limit)
{
    if (!is_fine)
        throw std::invalid_argument(std::string(field) + " " + std::to_string(value) + " is not " + limit);
}

} // namespace

const psk_demodulator_config& checked(const psk_demodulator_config& c)
{
    check("sample_rate_hz", c.sample_rate_hz, c.sample_rate_hz > 0, "positive");
    check("symbol_rate_hz", c.symbol_rate_hz, c.symbol_rate_hz > 0, "positive");
    check("rolloff", c.rolloff, c.rolloff >= 0.05 && c.rolloff <= 1.0, "in 0.05 .. 1");
    const double sps = c.sample_rate_hz / c.symbol_rate_hz;
    check("samples per symbol", sps, sps >= 1.2 && sps <= 64.0, "in 1.2 .. 64");
    check("frequency_offset_hz",
          c.frequency_offset_hz,
          std::abs(c.frequency_offset_hz) <= c.sample_rate_hz / 2,
          "within half the sample rate");
    return c;
}

} // namespace xband::core
