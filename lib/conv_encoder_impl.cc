// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "fec/conv_encoder.h"
#include "fec/puncture.h"
#include "frame_adapter.h"

#include <gnuradio/xband/conv_encoder.h>

#include <array>

namespace gr::xband {

namespace {

constexpr std::size_t symbols_per_octet = 16; ///< before puncturing

class conv_encoder_impl : public conv_encoder
{
public:
    conv_encoder_impl(bool g2_inverted, const core::puncture_pattern& pattern)
        : gr::block("conv_encoder", one_octet_stream(), one_octet_stream()),
          d_kernel(g2_inverted),
          d_kept(pattern)
    {
        set_relative_rate(8 * pattern.n_sent, pattern.n_bits);
        set_min_noutput_items(max_sent_per_octet);
    }

    bool start() override
    {
        d_kernel.reset();
        d_kept.reset();
        return conv_encoder::start();
    }

    void forecast(int, gr_vector_int& ninput_items_required) override { ninput_items_required[0] = 1; }

    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& inputs,
                     gr_vector_void_star& outputs) override
    {
        std::span in(static_cast<const std::uint8_t*>(inputs[0]), static_cast<std::size_t>(ninput_items[0]));
        std::span out(static_cast<std::uint8_t*>(outputs[0]), static_cast<std::size_t>(noutput_items));
        std::array<std::uint8_t, symbols_per_octet> symbols;
        for (std::size_t n = d_kept.n_sent(symbols.size()); !in.empty() && out.size() >= n;
             n = d_kept.n_sent(symbols.size())) {
            d_kernel.encode(in.first(1), symbols);
            d_kept.push(symbols, out.first(n));
            in = in.subspan(1);
            out = out.subspan(n);
        }
        consume_each(ninput_items[0] - static_cast<int>(in.size()));
        return noutput_items - static_cast<int>(out.size());
    }

private:
    static constexpr int max_sent_per_octet = symbols_per_octet + core::puncture_pattern::max_sent;

    core::conv_encoder d_kernel;
    core::puncturer d_kept;
};

} // namespace

conv_encoder::sptr conv_encoder::make(bool g2_inverted, const std::string& rate)
{
    return gnuradio::make_block_sptr<conv_encoder_impl>(
        g2_inverted, core::pattern_of(from_name(code_rate_names, "rate", rate), core::kept_order::serial));
}

} // namespace gr::xband
