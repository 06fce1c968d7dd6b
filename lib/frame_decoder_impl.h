// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/frame_decoder.h"
#include "stream_adapter.h"

#include <gnuradio/xband/frame_decoder.h>

#include <mutex>
#include <vector>

namespace gr::xband {

class frame_decoder_impl
    : public stream_adapter<frame_decoder, core::frame_decoder, core::framing_config, core::soft_bit, std::uint8_t>
{
public:
    explicit frame_decoder_impl(const core::framing_config& config);

    std::size_t record_stride() const override;
    frame_decoder_counters counters() const override;

private:
    std::size_t most_to_push(std::size_t n_items) override;
    void before_push(std::span<const core::soft_bit> soft) override;
    void after_pull(std::span<std::uint8_t> records) override;

    void ended() override { publish(); }
    void restarted() override { d_reported = {}; }
    void publish();

    std::vector<gr::tag_t> d_tags;        ///< kept for its memory
    core::frame_decoder_stats d_reported; ///< counters at the last report
    mutable std::mutex d_counters_mutex;
    core::frame_decoder_stats d_stats;
};

} // namespace gr::xband
