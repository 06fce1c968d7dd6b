// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/reed_solomon.h"
#include "frame_adapter.h"

#include <gnuradio/xband/reed_solomon_decoder.h>
#include <pmt/pmt.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace gr::xband {

namespace {

const pmt::pmt_t corrected_key = pmt::intern("xband_rs");

class reed_solomon_decoder_impl : public frame_adapter<reed_solomon_decoder>
{
public:
    explicit reed_solomon_decoder_impl(core::reed_solomon code)
        : gr::block("reed_solomon_decoder", one_octet_stream(), one_octet_stream()),
          frame_adapter(code.code_block_len_bytes(), code.data_len_bytes()),
          d_code(std::move(code)),
          d_code_block(d_code.code_block_len_bytes())
    {
    }

    std::size_t data_len_bytes() const override { return d_code.data_len_bytes(); }
    std::size_t code_block_len_bytes() const override { return d_code.code_block_len_bytes(); }

    reed_solomon_counters counters() const override
    {
        const std::lock_guard lock(d_counters_mutex);
        return d_counters;
    }

private:
    void process(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, std::uint64_t offset) override
    {
        std::copy(in.begin(), in.end(), d_code_block.begin());
        const core::rs_result result = d_code.decode(d_code_block);
        std::copy_n(d_code_block.begin(), out.size(), out.begin());
        add_item_tag(0, offset, corrected_key, pmt::init_u8vector(d_code.config().interleave, result.corrected.data()));

        const std::lock_guard lock(d_counters_mutex);
        ++d_counters.code_blocks;
        d_counters.code_blocks_uncorrectable += result.ok ? 0 : 1;
        d_counters.corrected_symbols += result.total;
    }

    const core::reed_solomon d_code;
    std::vector<std::uint8_t> d_code_block;
    mutable std::mutex d_counters_mutex;
    reed_solomon_counters d_counters;
};

} // namespace

reed_solomon_decoder::sptr
reed_solomon_decoder::make(unsigned parity, bool dual_basis, unsigned interleave, unsigned virtual_fill)
{
    return gnuradio::make_block_sptr<reed_solomon_decoder_impl>(
        core::reed_solomon({ parity, dual_basis, interleave, virtual_fill }));
}

} // namespace gr::xband
