// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "dsp/stages.h"
#include "stream_adapter.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/xband/soft_demapper_cb.h>

#include <atomic>
#include <limits>

namespace gr::xband {

namespace {

struct soft_demapper_config {
    core::modulation kind = core::modulation::qpsk;
};

struct soft_demapper : core::soft_demapper_stage {
    explicit soft_demapper(const soft_demapper_config& config) : soft_demapper_stage(config.kind) {}
};

class soft_demapper_cb_impl
    : public stream_adapter<soft_demapper_cb, soft_demapper, soft_demapper_config, gr_complex, core::soft_bit>
{
public:
    explicit soft_demapper_cb_impl(const soft_demapper_config& config)
        : gr::block("soft_demapper_cb",
                    gr::io_signature::make(1, 1, sizeof(gr_complex)),
                    gr::io_signature::make(1, 1, sizeof(core::soft_bit))),
          stream_adapter(config)
    {
        set_relative_rate(core::rails(config.kind), 2);
    }

    float es_n0_db() const override { return d_es_n0_db; }

private:
    void after_pull(std::span<core::soft_bit>) override { d_es_n0_db = kernel().es_n0_db(); }

    std::atomic<float> d_es_n0_db{ std::numeric_limits<float>::quiet_NaN() };
};

} // namespace

soft_demapper_cb::sptr soft_demapper_cb::make(const std::string& modulation)
{
    return gnuradio::make_block_sptr<soft_demapper_cb_impl>(
        soft_demapper_config{ from_name(modulation_names, "modulation", modulation) });
}

} // namespace gr::xband
