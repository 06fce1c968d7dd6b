// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "doppler_stream.h"
#include "frequency_plan_from.h"
#include "stream_adapter.h"

#include <gnuradio/io_signature.h>
#include <gnuradio/xband/doppler_corrector.h>

namespace gr::xband {

namespace {

class doppler_corrector_impl
    : public stream_adapter<doppler_corrector, doppler_stream, doppler_stream_config, std::byte, gr_complex>
{
public:
    explicit doppler_corrector_impl(const doppler_stream_config& config)
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
    return gnuradio::make_block_sptr<doppler_corrector_impl>(doppler_stream_config{
        from_name(iq_format_names, "iq_format", iq_format), sample_rate_hz, to_kernel_plan(plan) });
}

} // namespace gr::xband
