// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/sync_block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace gr::xband {

/*!
 * \brief Reads items from a file descriptor (file, pipe, socket) until its end, a given item, or a request to stop.
 * \ingroup xband
 *
 * Unlike gr::blocks::file_descriptor_source it never sits in a read that cannot be interrupted: request_stop() ends
 * the stream as an end of file would, so that every block behind it is flushed and nothing received is lost.
 *
 * Output: one stream of items of \p item_size_bytes.
 */
class XBAND_API fd_source : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<fd_source>;

    /*!
     * \param fd               readable descriptor; the block takes it over and closes it when it is destroyed
     * \param item_size_bytes  octets of one item, for instance 2 for cs8, 4 for cs16, 8 for cf32
     * \param stop_item        the stream ends before this item; 0: no limit
     * \throws std::invalid_argument if fd is negative or item_size_bytes is 0
     */
    static sptr make(int fd, std::size_t item_size_bytes, std::uint64_t stop_item = 0);

    /// Ends the stream after the items already read. Callable from any thread, more than once, before start too.
    virtual void request_stop() = 0;

    /// Items delivered since the block was made. Callable from any thread.
    virtual std::uint64_t items_delivered() const = 0;

    /// True once the stream has ended, for whatever reason. Callable from any thread.
    virtual bool is_finished() const = 0;

    /// Octets of an incomplete item at the end of the input (a truncated file); 0 otherwise.
    virtual std::size_t truncated_bytes() const = 0;

    /// What the operating system said when reading failed; empty if it did not. The stream ends there too.
    virtual std::string error() const = 0;
};

} // namespace gr::xband
