// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_adapter.h"
#include "framing/nrzm.h"

#include <gnuradio/xband/nrzm_encoder.h>

namespace gr::xband {

namespace {

class nrzm_encoder_impl : public nrzm_encoder
{
public:
    nrzm_encoder_impl() : gr::sync_block("nrzm_encoder", one_octet_stream(), one_octet_stream()) {}

    bool start() override
    {
        d_kernel.reset();
        return nrzm_encoder::start();
    }

    int work(int noutput_items, gr_vector_const_void_star& inputs, gr_vector_void_star& outputs) override
    {
        const auto n = static_cast<std::size_t>(noutput_items);
        d_kernel.encode({ static_cast<const std::uint8_t*>(inputs[0]), n },
                        { static_cast<std::uint8_t*>(outputs[0]), n });
        return noutput_items;
    }

private:
    core::nrzm_encoder d_kernel;
};

} // namespace

nrzm_encoder::sptr nrzm_encoder::make() { return gnuradio::make_block_sptr<nrzm_encoder_impl>(); }

} // namespace gr::xband
