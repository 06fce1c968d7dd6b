// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core_namespace.h"
#include <gnuradio/block.h>
#include <gnuradio/block_detail.h>
#include <gnuradio/buffer_reader.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

namespace gr::xband {

/// Turns a streaming kernel (push, available, pull, flush) into a block with one input and one output.
///
/// The kernel keeps its own history, so the block has none; it calls flush() when the input has ended and says that it is
/// done when the kernel is empty: nothing is lost at the end of a file. Tags are not propagated, since their offsets would
/// be wrong behind a kernel that changes the rate (a block sets its own in after_pull()).
///
/// Interface  the public block class, derived from gr::block
/// Kernel     made from Config; available() and pull() count output items
/// In, Out    element types of push() and pull(); an item is in_per_item (out_per_item) of them
template <class Interface, class Kernel, class Config, class In, class Out>
class stream_adapter : public Interface
{
public:
    /// A flowgraph that is started counts its items from zero again, and so does the kernel.
    bool start() override
    {
        if (d_is_used) {
            d_kernel.emplace(d_config);
            d_is_flushed = d_is_used = false;
            restarted();
        }
        return Interface::start();
    }

    /// Work is to be done when one input item is there, when the kernel holds output, or when it is to be flushed. Asking
    /// for nothing at any other time would make the scheduler spin.
    void forecast(int, gr_vector_int& ninput_items_required) override
    {
        ninput_items_required[0] = d_kernel->available() > 0 || input_has_ended() ? 0 : 1;
    }

    int general_work(int noutput_items,
                     gr_vector_int& ninput_items,
                     gr_vector_const_void_star& inputs,
                     gr_vector_void_star& outputs) override
    {
        d_is_used = true;
        const auto* const in = static_cast<const In*>(inputs[0]);
        const std::span out(static_cast<Out*>(outputs[0]), static_cast<std::size_t>(noutput_items) * d_out_per_item);
        std::size_t n_in = 0, n_out = 0;
        // A slice at a time: what the kernel holds between push() and pull() stays in the caches however long the buffers are.
        // Output first: the kernel would grow if it were fed faster than it is emptied.
        do {
            n_out += d_kernel->pull(out.subspan(n_out * d_out_per_item));
        } while (d_kernel->available() == 0 && !d_is_flushed &&
                 feed(in, static_cast<std::size_t>(ninput_items[0]), n_in));
        after_pull(out.first(n_out * d_out_per_item));
        if (n_out > 0 || !d_is_flushed)
            return static_cast<int>(n_out);
        ended();
        return gr::block::WORK_DONE;
    }

protected:
    explicit stream_adapter(Config config, std::size_t in_per_item = 1, std::size_t out_per_item = 1)
        : d_config(std::move(config)),
          d_in_per_item(in_per_item),
          d_out_per_item(out_per_item),
          d_slice_items(std::max<std::size_t>(slice_len_bytes / (in_per_item * sizeof(In)), 1)),
          d_kernel(std::in_place, d_config)
    {
        this->set_tag_propagation_policy(gr::block::TPP_DONT);
    }

    /// Called with the input before the kernel gets it; nitems_read(0) is the index of its first item.
    virtual void before_push(std::span<const In>) {}
    /// Called with the number of items that wait; those beyond the answer, at least 1, wait for the next call.
    virtual std::size_t most_to_push(std::size_t n_items) { return n_items; }
    /// Called with each output before the scheduler gets it; nitems_written(0) is the index of its first item.
    virtual void after_pull(std::span<Out>) {}
    /// Called when all output is out and the input has ended.
    virtual void ended() {}
    /// Called when the kernel was made anew.
    virtual void restarted() {}

    Kernel& kernel() { return *d_kernel; }
    const Config& config() const { return d_config; }

private:
    bool input_has_ended() { return this->detail() && this->detail()->input(0)->done(); }

    /// Gives the kernel the next slice of n_items, n_read of which it has; then the end of the input.
    /// \return false if there is nothing to give.
    bool feed(const In* in, std::size_t n_items, std::size_t& n_read)
    {
        if (n_read < n_items) {
            const std::size_t n = most_to_push(std::min(n_items - n_read, d_slice_items));
            const std::span slice(in + n_read * d_in_per_item, n * d_in_per_item);
            before_push(slice);
            d_kernel->push(slice);
            this->consume_each(static_cast<int>(n));
            n_read += n;
            return true;
        }
        // Asked in this order: the last items may have come in just before the input ended.
        if (!input_has_ended() || this->detail()->input(0)->items_available() > 0)
            return false;
        d_kernel->flush();
        d_is_flushed = true;
        return true;
    }

    /// Input of one push(): small beside a core's second-level cache, large beside a kernel's blocks.
    static constexpr std::size_t slice_len_bytes = 1 << 17;

    const Config d_config;
    const std::size_t d_in_per_item;
    const std::size_t d_out_per_item;
    const std::size_t d_slice_items;
    std::optional<Kernel> d_kernel;
    bool d_is_flushed = false;
    bool d_is_used = false;
};

} // namespace gr::xband
