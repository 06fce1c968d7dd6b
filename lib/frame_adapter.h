// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core_namespace.h"
#include <gnuradio/block.h>
#include <gnuradio/io_signature.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gr::xband {

/// A block whose input and output are octet streams of frames without gaps: every in_len_bytes octets read become
/// out_len_bytes octets written. An incomplete last frame is not processed.
///
/// Octets, not vectors of a frame's length: the buffers of odd vector lengths are megabytes each (a multiple of both the
/// length and the memory page).
template <class Interface>
class frame_adapter : public Interface
{
public:
    void forecast(int, gr_vector_int& ninput_items_required) override
    {
        ninput_items_required[0] = static_cast<int>(d_in_len_bytes);
    }

    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& inputs,
                     gr_vector_void_star& outputs) override
    {
        const std::size_t n_frames = std::min(static_cast<std::size_t>(ninput_items[0]) / d_in_len_bytes,
                                              static_cast<std::size_t>(noutput_items) / d_out_len_bytes);
        const auto* const in = static_cast<const std::uint8_t*>(inputs[0]);
        auto* const out = static_cast<std::uint8_t*>(outputs[0]);
        for (std::size_t i = 0; i < n_frames; ++i)
            process(std::span(in + i * d_in_len_bytes, d_in_len_bytes),
                    std::span(out + i * d_out_len_bytes, d_out_len_bytes),
                    this->nitems_written(0) + i * d_out_len_bytes);
        this->consume_each(static_cast<int>(n_frames * d_in_len_bytes));
        return static_cast<int>(n_frames * d_out_len_bytes);
    }

protected:
    frame_adapter(std::size_t in_len_bytes, std::size_t out_len_bytes)
        : d_in_len_bytes(in_len_bytes),
          d_out_len_bytes(out_len_bytes)
    {
        this->set_tag_propagation_policy(gr::block::TPP_DONT);
        // Both make the buffers on either side large enough for two frames.
        this->set_output_multiple(static_cast<int>(out_len_bytes));
        this->set_relative_rate(out_len_bytes, in_len_bytes);
    }

    /// \param offset  stream index of out[0], for tags
    virtual void process(std::span<const std::uint8_t> in, std::span<std::uint8_t> out, std::uint64_t offset) = 0;

private:
    const std::size_t d_in_len_bytes;
    const std::size_t d_out_len_bytes;
};

/// Signature of one stream of octets (or int8).
inline gr::io_signature::sptr one_octet_stream() { return gr::io_signature::make(1, 1, 1); }

} // namespace gr::xband
