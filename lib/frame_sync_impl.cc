// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_adapter.h"
#include "frame_sync_stream.h"
#include "stream_adapter.h"

#include <gnuradio/xband/frame_sync.h>

#include <atomic>

namespace gr::xband {

namespace {

class frame_sync_impl
    : public stream_adapter<frame_sync, frame_sync_stream, frame_sync_config, std::uint8_t, std::uint8_t>
{
public:
    explicit frame_sync_impl(const frame_sync_config& config)
        : gr::block("frame_sync", one_octet_stream(), one_octet_stream()),
          stream_adapter(config)
    {
    }

    std::uint64_t frames() const override { return d_frames; }
    std::uint64_t sync_losses() const override { return d_sync_losses; }
    bool is_locked() const override { return d_is_locked; }

private:
    void after_pull(std::span<std::uint8_t>) override
    {
        d_frames = kernel().frames();
        d_sync_losses = kernel().sync_losses();
        d_is_locked = kernel().is_locked();
    }

    std::atomic<std::uint64_t> d_frames{ 0 };
    std::atomic<std::uint64_t> d_sync_losses{ 0 };
    std::atomic<bool> d_is_locked{ false };
};

} // namespace

frame_sync::sptr
frame_sync::make(std::size_t code_block_len_bytes, std::uint32_t sync_marker, bool inverted_too, bool keep_marker)
{
    return gnuradio::make_block_sptr<frame_sync_impl>(
        frame_sync_config{ code_block_len_bytes, sync_marker, inverted_too, keep_marker });
}

} // namespace gr::xband
