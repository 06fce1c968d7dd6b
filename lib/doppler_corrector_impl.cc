// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "dsp/stages.h"
#include "frequency_plan_from.h"
#include "stream_adapter.h"

#include <gnuradio/io_signature.h>
#include <gnuradio/xband/doppler_corrector.h>

namespace gr::xband {

namespace {

struct correction_config {
    core::iq_format format = core::iq_format::cf32;
    double sample_rate_hz = 0.0;
    core::frequency_plan plan{};
};

struct correction : core::frequency_correction_stage {
    explicit correction(const correction_config& config)
        : frequency_correction_stage(config.format, config.sample_rate_hz, 0.0, config.plan)
    {
    }
};

class doppler_corrector_impl
    : public stream_adapter<doppler_corrector, correction, correction_config, std::byte, gr_complex>
{
public:
    explicit doppler_corrector_impl(const correction_config& config)
        : gr::block("doppler_corrector",
                    gr::io_signature::make(1, 1, static_cast<int>(core::sample_len_bytes(config.format))),
                    gr::io_signature::make(1, 1, sizeof(gr_complex))),
          stream_adapter(config, core::sample_len_bytes(config.format))
    {
        // The n-th sample out is the n-th sample in, so tags keep their places.
        set_tag_propagation_policy(TPP_ALL_TO_ALL);
    }
};

} // namespace

doppler_corrector::sptr
doppler_corrector::make(double sample_rate_hz, const std::string& iq_format, const frequency_plan& plan)
{
    return gnuradio::make_block_sptr<doppler_corrector_impl>(
        correction_config{ from_name(iq_format_names, "iq_format", iq_format), sample_rate_hz, to_kernel_plan(plan) });
}

} // namespace gr::xband
