// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/reed_solomon.h"
#include "frame_adapter.h"

#include <gnuradio/xband/reed_solomon_encoder.h>

#include <algorithm>

namespace gr::xband {

namespace {

class reed_solomon_encoder_impl : public frame_adapter<reed_solomon_encoder>
{
public:
    explicit reed_solomon_encoder_impl(core::reed_solomon code)
        : gr::block("reed_solomon_encoder", one_octet_stream(), one_octet_stream()),
          frame_adapter(code.data_len_bytes(), code.code_block_len_bytes()),
          d_code(std::move(code))
    {
    }

    std::size_t data_len_bytes() const override { return d_code.data_len_bytes(); }
    std::size_t code_block_len_bytes() const override { return d_code.code_block_len_bytes(); }

private:
    void process(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, std::uint64_t) override
    {
        std::copy(in.begin(), in.end(), out.begin());
        d_code.encode(out);
    }

    const core::reed_solomon d_code;
};

} // namespace

reed_solomon_encoder::sptr
reed_solomon_encoder::make(unsigned parity, bool dual_basis, unsigned interleave, unsigned virtual_fill)
{
    return gnuradio::make_block_sptr<reed_solomon_encoder_impl>(
        core::reed_solomon({ parity, dual_basis, interleave, virtual_fill }));
}

} // namespace gr::xband
