// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core_namespace.h"
#include <gnuradio/block.h>
#include <gnuradio/block_detail.h>
#include <gnuradio/buffer_reader.h>

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
        // Output first: the kernel would grow if it were fed faster than it is emptied.
        if (d_kernel->available() == 0 && !d_is_flushed)
            feed(static_cast<const In*>(inputs[0]), static_cast<std::size_t>(ninput_items[0]));
        auto* const out = static_cast<Out*>(outputs[0]);
        const auto n_wanted = static_cast<std::size_t>(noutput_items);
        const std::size_t n_out = d_kernel->pull(std::span(out, n_wanted * d_out_per_item));
        after_pull(std::span(out, n_out * d_out_per_item));
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

    void feed(const In* in, std::size_t n_items)
    {
        if (n_items > 0) {
            n_items = most_to_push(n_items);
            const std::span chunk(in, n_items * d_in_per_item);
            before_push(chunk);
            d_kernel->push(chunk);
            this->consume_each(static_cast<int>(n_items));
        } else if (input_has_ended() && this->detail()->input(0)->items_available() == 0) {
            // Asked in this order: the last items may have come in just before the input ended.
            d_kernel->flush();
            d_is_flushed = true;
        }
    }

    const Config d_config;
    const std::size_t d_in_per_item;
    const std::size_t d_out_per_item;
    std::optional<Kernel> d_kernel;
    bool d_is_flushed = false;
    bool d_is_used = false;
};

} // namespace gr::xband
