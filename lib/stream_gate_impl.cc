// SPDX-License-Identifier: GPL-3.0-or-later
#include "stream_gate_impl.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace gr::xband {

stream_gate::sptr stream_gate::make(std::size_t item_size_bytes, std::uint64_t stop_item)
{
    if (item_size_bytes == 0)
        throw std::invalid_argument("stream_gate: item_size_bytes must be at least 1");
    return gnuradio::make_block_sptr<stream_gate_impl>(item_size_bytes, stop_item);
}

stream_gate_impl::stream_gate_impl(std::size_t item_size_bytes, std::uint64_t stop_item)
    : gr::sync_block("stream_gate",
                     gr::io_signature::make(1, 1, static_cast<int>(item_size_bytes)),
                     gr::io_signature::make(1, 1, static_cast<int>(item_size_bytes))),
      d_item_size_bytes(item_size_bytes),
      d_stop_item(stop_item)
{
}

int stream_gate_impl::work(int noutput_items, gr_vector_const_void_star& inputs, gr_vector_void_star& outputs)
{
    auto n_items = static_cast<std::uint64_t>(noutput_items);
    if (d_stop_item != 0)
        n_items = std::min(n_items, d_stop_item - std::min(d_stop_item, d_delivered.load()));
    if (d_stop_requested || n_items == 0) {
        d_finished = true;
        return WORK_DONE;
    }
    std::memcpy(outputs[0], inputs[0], n_items * d_item_size_bytes);
    d_delivered += n_items;
    return static_cast<int>(n_items);
}

} // namespace gr::xband
