// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_adapter.h"
#include "framing/cadu_encoder.h"
#include "framing_config_from.h"

#include <gnuradio/xband/cadu_encoder.h>

namespace gr::xband {

namespace {

/// Not a frame_adapter: a punctured code's period need not end with a frame, so that frames differ in channel bits.
class cadu_encoder_impl : public cadu_encoder
{
public:
    cadu_encoder_impl(const core::framing_config& config, bool g2_inverted)
        : gr::block("cadu_encoder", one_octet_stream(), one_octet_stream()),
          d_frame_len_bytes(config.frame_len_bytes),
          d_kernel(config, g2_inverted)
    {
        set_tag_propagation_policy(TPP_DONT);
        const auto bits_per_frame = static_cast<double>(config.cadu_len_bits()) / config.bits_per_channel_bit();
        set_relative_rate(bits_per_frame / static_cast<double>(d_frame_len_bytes));
        set_min_noutput_items(static_cast<int>(bits_per_frame) + max_surplus_bits);
        set_min_output_buffer(2 * (static_cast<int>(bits_per_frame) + max_surplus_bits));
    }

    bool start() override
    {
        d_kernel.reset();
        return cadu_encoder::start();
    }

    void forecast(int, gr_vector_int& ninput_items_required) override
    {
        ninput_items_required[0] = static_cast<int>(d_frame_len_bytes);
    }

    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& inputs,
                     gr_vector_void_star& outputs) override
    {
        std::span in(static_cast<const std::uint8_t*>(inputs[0]), static_cast<std::size_t>(ninput_items[0]));
        std::span out(static_cast<std::uint8_t*>(outputs[0]), static_cast<std::size_t>(noutput_items));
        for (std::size_t n = d_kernel.channel_bits(1); in.size() >= d_frame_len_bytes && out.size() >= n;
             n = d_kernel.channel_bits(1)) {
            d_kernel.encode(in.first(d_frame_len_bytes), out.first(n));
            in = in.subspan(d_frame_len_bytes);
            out = out.subspan(n);
        }
        consume_each(ninput_items[0] - static_cast<int>(in.size()));
        return noutput_items - static_cast<int>(out.size());
    }

private:
    static constexpr int max_surplus_bits = 2 * core::puncture_pattern::max_sent; ///< a period of both rails

    const std::size_t d_frame_len_bytes;
    core::cadu_encoder d_kernel;
};

} // namespace

cadu_encoder::sptr cadu_encoder::make(const framing_parameters& parameters, bool g2_inverted)
{
    return gnuradio::make_block_sptr<cadu_encoder_impl>(to_config(parameters), g2_inverted);
}

} // namespace gr::xband
