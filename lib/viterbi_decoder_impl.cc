// SPDX-License-Identifier: GPL-3.0-or-later
#include "config_names.h"
#include "frame_adapter.h"
#include "stream_adapter.h"
#include "viterbi_stream.h"

#include <gnuradio/xband/viterbi_decoder.h>

#include <atomic>

namespace gr::xband {

namespace {

class viterbi_decoder_impl
    : public stream_adapter<viterbi_decoder, viterbi_stream, viterbi_stream_config, core::soft_bit, std::uint8_t>
{
public:
    explicit viterbi_decoder_impl(const viterbi_stream_config& config)
        : gr::block("viterbi_decoder", one_octet_stream(), one_octet_stream()),
          stream_adapter(config)
    {
        set_relative_rate(config.pattern.n_bits, 8 * config.pattern.n_sent);
    }

    std::uint64_t channel_bits() const override { return d_channel_bits; }
    std::uint64_t channel_bit_errors() const override { return d_channel_bit_errors; }

private:
    void after_pull(std::span<std::uint8_t>) override
    {
        d_channel_bits = kernel().channel_bits();
        d_channel_bit_errors = kernel().channel_bit_errors();
    }

    std::atomic<std::uint64_t> d_channel_bits{ 0 };
    std::atomic<std::uint64_t> d_channel_bit_errors{ 0 };
};

} // namespace

viterbi_decoder::sptr viterbi_decoder::make(bool g2_inverted, std::size_t segment_bits, const std::string& rate)
{
    const auto pattern = core::pattern_of(from_name(code_rate_names, "rate", rate), core::kept_order::serial);
    return gnuradio::make_block_sptr<viterbi_decoder_impl>(viterbi_stream_config{ g2_inverted, segment_bits, pattern });
}

} // namespace gr::xband
