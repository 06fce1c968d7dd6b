// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "dsp/stages.h"
#include "stream_adapter.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/xband/carrier_recovery_cc.h>

#include <atomic>

namespace gr::xband {

namespace {

struct carrier_recovery_config {
    core::modulation kind = core::modulation::qpsk;
    double rolloff = 0.0;
};

struct carrier_recovery : core::carrier_recovery_stage {
    explicit carrier_recovery(const carrier_recovery_config& config)
        : carrier_recovery_stage(config.kind, config.rolloff)
    {
    }
};

class carrier_recovery_cc_impl
    : public stream_adapter<carrier_recovery_cc, carrier_recovery, carrier_recovery_config, gr_complex, gr_complex>
{
public:
    explicit carrier_recovery_cc_impl(const carrier_recovery_config& config)
        : gr::block("carrier_recovery_cc",
                    gr::io_signature::make(1, 1, sizeof(gr_complex)),
                    gr::io_signature::make(1, 1, sizeof(gr_complex))),
          stream_adapter(config)
    {
    }

    float coherence() const override { return d_coherence; }

private:
    void after_pull(std::span<gr_complex>) override { d_coherence = kernel().coherence(); }

    std::atomic<float> d_coherence{ 0.0f };
};

} // namespace

carrier_recovery_cc::sptr carrier_recovery_cc::make(const std::string& modulation, double rolloff)
{
    return gnuradio::make_block_sptr<carrier_recovery_cc_impl>(
        carrier_recovery_config{ from_name(modulation_names, "modulation", modulation), rolloff });
}

} // namespace gr::xband
