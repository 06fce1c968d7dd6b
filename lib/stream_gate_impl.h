// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/xband/stream_gate.h>

#include <atomic>

namespace gr::xband {

class stream_gate_impl : public stream_gate
{
public:
    stream_gate_impl(std::size_t item_size_bytes, std::uint64_t stop_item);

    void request_stop() override { d_stop_requested = true; }
    std::uint64_t items_delivered() const override { return d_delivered; }
    bool is_finished() const override { return d_finished; }

    int work(int noutput_items, gr_vector_const_void_star& inputs, gr_vector_void_star& outputs) override;

private:
    const std::size_t d_item_size_bytes;
    const std::uint64_t d_stop_item;
    std::atomic<bool> d_stop_requested{ false };
    std::atomic<bool> d_finished{ false };
    std::atomic<std::uint64_t> d_delivered{ 0 };
};

} // namespace gr::xband
