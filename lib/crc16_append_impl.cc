// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_adapter.h"
#include "framing/crc16.h"

#include <gnuradio/xband/crc16_append.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace gr::xband {

namespace {

class crc16_append_impl : public frame_adapter<crc16_append>
{
public:
    explicit crc16_append_impl(std::size_t frame_len_bytes)
        : gr::block("crc16_append", one_octet_stream(), one_octet_stream()),
          frame_adapter(frame_len_bytes - 2, frame_len_bytes)
    {
    }

private:
    void process(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, std::uint64_t) override
    {
        std::copy(in.begin(), in.end(), out.begin());
        const std::uint16_t crc = core::crc16_ccsds(in);
        out[in.size()] = static_cast<std::uint8_t>(crc >> 8);
        out[in.size() + 1] = static_cast<std::uint8_t>(crc & 0xff);
    }
};

} // namespace

crc16_append::sptr crc16_append::make(std::size_t frame_len_bytes)
{
    if (frame_len_bytes < 3)
        throw std::invalid_argument("crc16_append: frame_len_bytes " + std::to_string(frame_len_bytes) +
                                    " is less than 3");
    return gnuradio::make_block_sptr<crc16_append_impl>(frame_len_bytes);
}

} // namespace gr::xband
