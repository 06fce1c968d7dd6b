// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_adapter.h"
#include "framing/crc16.h"

#include <gnuradio/xband/crc16_check.h>
#include <pmt/pmt.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>

namespace gr::xband {

namespace {

const pmt::pmt_t right_key = pmt::intern("xband_fecf");

class crc16_check_impl : public frame_adapter<crc16_check>
{
public:
    explicit crc16_check_impl(std::size_t frame_len_bytes)
        : gr::block("crc16_check", one_octet_stream(), one_octet_stream()),
          frame_adapter(frame_len_bytes, frame_len_bytes)
    {
    }

    std::uint64_t frames_right() const override { return d_frames_right; }
    std::uint64_t frames_wrong() const override { return d_frames_wrong; }

private:
    void process(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, std::uint64_t offset) override
    {
        std::copy(in.begin(), in.end(), out.begin());
        const bool is_right = core::crc16_ccsds(in) == 0;
        (is_right ? d_frames_right : d_frames_wrong)++;
        add_item_tag(0, offset, right_key, pmt::from_bool(is_right));
    }

    std::atomic<std::uint64_t> d_frames_right{ 0 };
    std::atomic<std::uint64_t> d_frames_wrong{ 0 };
};

} // namespace

crc16_check::sptr crc16_check::make(std::size_t frame_len_bytes)
{
    if (frame_len_bytes < 3)
        throw std::invalid_argument("crc16_check: frame_len_bytes " + std::to_string(frame_len_bytes) +
                                    " is less than 3");
    return gnuradio::make_block_sptr<crc16_check_impl>(frame_len_bytes);
}

} // namespace gr::xband
