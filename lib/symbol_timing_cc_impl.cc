// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "dsp/stages.h"
#include "stream_adapter.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/xband/symbol_timing_cc.h>

#include <atomic>

namespace gr::xband {

namespace {

struct symbol_timing_config {
    core::modulation kind = core::modulation::qpsk;
    double samples_per_symbol = 0.0;
    double rolloff = 0.0;
};

struct symbol_timing : core::symbol_timing_stage {
    explicit symbol_timing(const symbol_timing_config& config)
        : symbol_timing_stage(config.kind, config.samples_per_symbol, config.rolloff)
    {
    }
};

class symbol_timing_cc_impl
    : public stream_adapter<symbol_timing_cc, symbol_timing, symbol_timing_config, gr_complex, gr_complex>
{
public:
    explicit symbol_timing_cc_impl(const symbol_timing_config& config)
        : gr::block("symbol_timing_cc",
                    gr::io_signature::make(1, 1, sizeof(gr_complex)),
                    gr::io_signature::make(1, 1, sizeof(gr_complex))),
          stream_adapter(config)
    {
        set_relative_rate(2.0 / config.samples_per_symbol);
    }

    bool is_locked() const override { return d_is_locked; }

private:
    void after_pull(std::span<gr_complex>) override { d_is_locked = kernel().is_locked(); }

    std::atomic<bool> d_is_locked{ false };
};

} // namespace

symbol_timing_cc::sptr symbol_timing_cc::make(const std::string& modulation, double samples_per_symbol, double rolloff)
{
    return gnuradio::make_block_sptr<symbol_timing_cc_impl>(
        symbol_timing_config{ from_name(modulation_names, "modulation", modulation), samples_per_symbol, rolloff });
}

} // namespace gr::xband
