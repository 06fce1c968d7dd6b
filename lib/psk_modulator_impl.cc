// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "dsp/psk_modulator.h"
#include "stream_adapter.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/xband/psk_modulator.h>

namespace gr::xband {

namespace {

class psk_modulator_impl
    : public stream_adapter<psk_modulator, core::psk_modulator, core::psk_modulator_config, std::uint8_t, gr_complex>
{
public:
    explicit psk_modulator_impl(const core::psk_modulator_config& config)
        : gr::block("psk_modulator",
                    gr::io_signature::make(1, 1, sizeof(std::uint8_t)),
                    gr::io_signature::make(1, 1, sizeof(gr_complex))),
          stream_adapter(config)
    {
    }
};

} // namespace

psk_modulator::sptr
psk_modulator::make(const std::string& modulation, double samples_per_symbol, double rolloff, double clock_error_ppm)
{
    return gnuradio::make_block_sptr<psk_modulator_impl>(
        core::psk_modulator_config{ .kind = from_name(modulation_names, "modulation", modulation),
                                    .samples_per_symbol = samples_per_symbol,
                                    .rolloff = rolloff,
                                    .clock_error_ppm = clock_error_ppm,
                                    .doppler = {} });
}

} // namespace gr::xband
