// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_adapter.h"
#include "framing/randomizer.h"

#include <gnuradio/xband/randomizer.h>

#include <algorithm>
#include <stdexcept>

namespace gr::xband {

namespace {

class randomizer_impl : public frame_adapter<randomizer>
{
public:
    explicit randomizer_impl(std::size_t frame_len_bytes)
        : gr::block("randomizer", one_octet_stream(), one_octet_stream()),
          frame_adapter(frame_len_bytes, frame_len_bytes)
    {
    }

private:
    void process(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, std::uint64_t) override
    {
        std::copy(in.begin(), in.end(), out.begin());
        core::apply_randomizer(out);
    }
};

} // namespace

randomizer::sptr randomizer::make(std::size_t frame_len_bytes)
{
    if (frame_len_bytes == 0)
        throw std::invalid_argument("randomizer: frame_len_bytes must be at least 1");
    return gnuradio::make_block_sptr<randomizer_impl>(frame_len_bytes);
}

} // namespace gr::xband
