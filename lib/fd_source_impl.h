// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/xband/fd_source.h>

#include <array>
#include <atomic>
#include <mutex>
#include <vector>

namespace gr::xband {

class fd_source_impl : public fd_source
{
public:
    fd_source_impl(int fd, std::size_t item_size_bytes, std::uint64_t stop_item);
    ~fd_source_impl() override;

    void request_stop() override;
    std::uint64_t items_delivered() const override { return d_delivered; }
    bool is_finished() const override { return d_finished; }
    std::size_t truncated_bytes() const override { return d_truncated_bytes; }
    std::string error() const override;

    int work(int noutput_items, gr_vector_const_void_star& inputs, gr_vector_void_star& outputs) override;

private:
    bool wait_readable();
    int finish();
    void fail(const char* action);

    const int d_fd;
    const std::size_t d_item_size_bytes;
    const std::uint64_t d_stop_item;
    int d_wake_fd;                    ///< eventfd that request_stop() makes readable
    std::vector<std::byte> d_partial; ///< start of an item whose rest has not arrived yet
    std::atomic<bool> d_stop_requested{ false };
    std::atomic<bool> d_finished{ false };
    std::atomic<std::uint64_t> d_delivered{ 0 };
    std::atomic<std::size_t> d_truncated_bytes{ 0 };
    mutable std::mutex d_error_mutex;
    std::string d_error;
};

} // namespace gr::xband
