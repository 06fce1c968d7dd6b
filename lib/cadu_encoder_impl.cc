// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_adapter.h"
#include "framing/cadu_encoder.h"
#include "framing_config_from.h"

#include <gnuradio/xband/cadu_encoder.h>

namespace gr::xband {

namespace {

class cadu_encoder_impl : public frame_adapter<cadu_encoder>
{
public:
    cadu_encoder_impl(std::size_t frame_len_bytes, core::cadu_encoder kernel)
        : gr::block("cadu_encoder", one_octet_stream(), one_octet_stream()),
          frame_adapter(frame_len_bytes, kernel.channel_bits(1)),
          d_kernel(std::move(kernel))
    {
    }

    bool start() override
    {
        d_kernel.reset();
        return cadu_encoder::start();
    }

private:
    void process(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, std::uint64_t) override
    {
        d_kernel.encode(in, out);
    }

    core::cadu_encoder d_kernel;
};

} // namespace

cadu_encoder::sptr cadu_encoder::make(const framing_parameters& parameters, bool g2_inverted)
{
    return gnuradio::make_block_sptr<cadu_encoder_impl>(parameters.frame_len_bytes,
                                                        core::cadu_encoder(to_config(parameters), g2_inverted));
}

} // namespace gr::xband
