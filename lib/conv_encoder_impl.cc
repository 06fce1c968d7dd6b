// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/conv_encoder.h"
#include "frame_adapter.h"

#include <gnuradio/xband/conv_encoder.h>

namespace gr::xband {

namespace {

constexpr unsigned channel_bits_per_octet = 16;

class conv_encoder_impl : public conv_encoder
{
public:
    explicit conv_encoder_impl(bool g2_inverted)
        : gr::sync_interpolator("conv_encoder", one_octet_stream(), one_octet_stream(), channel_bits_per_octet),
          d_kernel(g2_inverted)
    {
    }

    bool start() override
    {
        d_kernel.reset();
        return conv_encoder::start();
    }

    int work(int noutput_items, gr_vector_const_void_star& inputs, gr_vector_void_star& outputs) override
    {
        const auto n = static_cast<std::size_t>(noutput_items);
        d_kernel.encode({ static_cast<const std::uint8_t*>(inputs[0]), n / channel_bits_per_octet },
                        { static_cast<std::uint8_t*>(outputs[0]), n });
        return noutput_items;
    }

private:
    core::conv_encoder d_kernel;
};

} // namespace

conv_encoder::sptr conv_encoder::make(bool g2_inverted)
{
    return gnuradio::make_block_sptr<conv_encoder_impl>(g2_inverted);
}

} // namespace gr::xband
