// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core_namespace.h"
#include "dsp/iq_front_end.h"

#include <gnuradio/gr_complex.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace gr::xband {

struct doppler_stream_config {
    core::iq_format format = core::iq_format::cf32;
    double sample_rate_hz = 0.0;
    core::frequency_plan plan{};
};

/// Feeds core::iq_front_end tiles of fixed length: within a call it takes the frequency as constant, so that calls of any
/// length would make the output depend on how the scheduler cuts the stream.
class doppler_stream
{
public:
    static constexpr std::size_t tile_samples = 512;

    explicit doppler_stream(const doppler_stream_config& config)
        : d_item_size_bytes(core::sample_len_bytes(config.format)),
          d_kernel(config.format, config.sample_rate_hz, config.plan)
    {
    }

    void push(std::span<const std::byte> iq)
    {
        d_out.erase(d_out.begin(), d_out.begin() + static_cast<std::ptrdiff_t>(d_read));
        d_read = 0;
        d_in.insert(d_in.end(), iq.begin(), iq.end());
        const std::size_t tile_bytes = tile_samples * d_item_size_bytes;
        std::size_t used = 0;
        for (; used + tile_bytes <= d_in.size(); used += tile_bytes)
            process(std::span(d_in).subspan(used, tile_bytes));
        d_in.erase(d_in.begin(), d_in.begin() + static_cast<std::ptrdiff_t>(used));
    }

    void flush()
    {
        process(d_in);
        d_in.clear();
    }

    std::size_t available() const { return d_out.size() - d_read; }

    std::size_t pull(std::span<gr_complex> out)
    {
        const std::size_t n = std::min(out.size(), available());
        std::copy_n(d_out.begin() + static_cast<std::ptrdiff_t>(d_read), n, out.begin());
        d_read += n;
        return n;
    }

private:
    void process(std::span<const std::byte> iq)
    {
        const std::size_t n_samples = iq.size() / d_item_size_bytes;
        d_out.resize(d_out.size() + n_samples);
        d_kernel.process(iq, reinterpret_cast<float*>(d_out.data() + d_out.size() - n_samples));
    }

    std::size_t d_item_size_bytes;
    core::iq_front_end d_kernel;
    std::vector<std::byte> d_in; ///< less than a tile
    std::vector<gr_complex> d_out;
    std::size_t d_read = 0;
};

} // namespace gr::xband
