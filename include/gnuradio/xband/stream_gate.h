// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/sync_block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace gr::xband {

/*!
 * \brief Copies a stream until a given item or a request to stop: gives a software radio's source an end.
 * \ingroup xband
 *
 * Stopping the flowgraph instead would leave what the blocks behind still hold undecoded.
 * Input, output: one stream of items of \p item_size_bytes.
 */
class XBAND_API stream_gate : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<stream_gate>;

    /*!
     * \param item_size_bytes  octets of one item
     * \param stop_item        the stream ends before this item; 0: no limit
     * \throws std::invalid_argument if item_size_bytes is 0
     */
    static sptr make(std::size_t item_size_bytes, std::uint64_t stop_item = 0);

    /// Ends the stream with the next items that arrive. Callable from any thread.
    virtual void request_stop() = 0;
    /// Items copied since the block was made.
    virtual std::uint64_t items_delivered() const = 0;
    /// True once the gate has closed.
    virtual bool is_finished() const = 0;
};

} // namespace gr::xband
