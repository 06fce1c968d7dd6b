// SPDX-License-Identifier: GPL-3.0-or-later
#include "fd_source_impl.h"

#include <gnuradio/io_signature.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace gr::xband {

fd_source::sptr fd_source::make(int fd, std::size_t item_size_bytes, std::uint64_t stop_item)
{
    if (fd < 0)
        throw std::invalid_argument("fd_source: fd " + std::to_string(fd) + " is not an open descriptor");
    if (item_size_bytes == 0)
        throw std::invalid_argument("fd_source: item_size_bytes must be at least 1");
    return gnuradio::make_block_sptr<fd_source_impl>(fd, item_size_bytes, stop_item);
}

fd_source_impl::fd_source_impl(int fd, std::size_t item_size_bytes, std::uint64_t stop_item)
    : gr::sync_block("fd_source",
                     gr::io_signature::make(0, 0, 0),
                     gr::io_signature::make(1, 1, static_cast<int>(item_size_bytes))),
      d_fd(fd),
      d_item_size_bytes(item_size_bytes),
      d_stop_item(stop_item),
      d_wake_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    if (d_wake_fd < 0)
        throw std::system_error(errno, std::generic_category(), "fd_source: eventfd");
    d_partial.reserve(item_size_bytes);
}

fd_source_impl::~fd_source_impl()
{
    ::close(d_wake_fd);
    ::close(d_fd);
}

void fd_source_impl::request_stop()
{
    d_stop_requested = true;
    // The counter of an eventfd only overflows after 2^64 - 2 requests: the result needs no check.
    [[maybe_unused]] const auto written = ::eventfd_write(d_wake_fd, 1);
}

std::string fd_source_impl::error() const
{
    const std::lock_guard lock(d_error_mutex);
    return d_error;
}

void fd_source_impl::fail(const char* action)
{
    const std::lock_guard lock(d_error_mutex);
    d_error = std::string(action) + ": " + std::strerror(errno);
    d_logger->error("{:s}", d_error);
}

int fd_source_impl::finish()
{
    d_truncated_bytes = d_partial.size();
    d_finished = true;
    return WORK_DONE;
}

/// Sleeps until there is something to read (or the end of it). False: asked to stop, or poll failed.
bool fd_source_impl::wait_readable()
{
    std::array<pollfd, 2> fds{ { { d_fd, POLLIN, 0 }, { d_wake_fd, POLLIN, 0 } } };
    while (!d_stop_requested) {
        if (::poll(fds.data(), fds.size(), -1) < 0) {
            if (errno == EINTR)
                continue;
            fail("waiting for input");
            return false;
        }
        if (fds[0].revents != 0)
            return !d_stop_requested;
    }
    return false;
}

int fd_source_impl::work(int noutput_items, gr_vector_const_void_star&, gr_vector_void_star& outputs)
{
    auto wanted = static_cast<std::uint64_t>(noutput_items);
    if (d_stop_item != 0)
        wanted = std::min(wanted, d_stop_item - std::min(d_stop_item, d_delivered.load()));
    if (wanted == 0 || !wait_readable())
        return finish();

    auto* const out = static_cast<std::byte*>(outputs[0]);
    std::copy(d_partial.begin(), d_partial.end(), out);
    const std::size_t held = d_partial.size();
    const ssize_t n_read = ::read(d_fd, out + held, wanted * d_item_size_bytes - held);
    if (n_read < 0) {
        if (errno == EINTR || errno == EAGAIN)
            return 0;
        fail("reading input");
        return finish();
    }
    if (n_read == 0)
        return finish();

    const std::size_t n_bytes = held + static_cast<std::size_t>(n_read);
    const std::size_t n_items = n_bytes / d_item_size_bytes;
    d_partial.assign(out + n_items * d_item_size_bytes, out + n_bytes);
    d_delivered += n_items;
    return static_cast<int>(n_items);
}

} // namespace gr::xband
