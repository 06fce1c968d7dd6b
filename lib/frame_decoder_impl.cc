// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_decoder_impl.h"

#include "clock_mark_tag.h"
#include "framing/frame_record.h"
#include "framing_config_from.h"
#include "quality_message.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <limits>

namespace gr::xband {

namespace {
std::size_t stride(const core::framing_config& config)
{
    return core::frame_record_stride(config.code_block_len_bytes());
}

// What the demodulator hands over at a time holds a hundred frames on a fast link; each call of a Python block behind costs
// some 80 us, however few it gets.
constexpr int buffer_frames = 256;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

frame_decoder_counters to_counters(const core::frame_decoder_stats& stats)
{
    const auto won_by = [&stats](core::frame_recovery how) {
        return stats.frames_by_recovery[static_cast<std::size_t>(how)];
    };
    return { .soft_bits_in = stats.soft_bits_in,
             .frames_good = stats.frames_good,
             .frames_corrected = stats.frames_corrected,
             .frames_uncorrectable = stats.frames_uncorrectable,
             .frames_not_checked = stats.frames_not_checked,
             .frames_flywheel = stats.frames_flywheel,
             .frames_by_erasures = won_by(core::frame_recovery::erasures),
             .frames_by_rs_pinned = won_by(core::frame_recovery::rs_pinned),
             .frames_by_data_aided = won_by(core::frame_recovery::data_aided),
             .frames_by_stitched = won_by(core::frame_recovery::stitched),
             .locks = stats.locks,
             .sync_losses = stats.sync_losses,
             .bit_slips = stats.bit_slips,
             .ambiguity_changes = stats.ambiguity_changes,
             .rs_corrected_symbols = stats.rs_corrected_symbols,
             .channel_bits = stats.channel_bits,
             .channel_bit_errors = stats.channel_bit_errors,
             .is_locked = stats.is_locked };
}
} // namespace

frame_decoder::sptr frame_decoder::make(const framing_parameters& parameters)
{
    return gnuradio::make_block_sptr<frame_decoder_impl>(to_config(parameters));
}

frame_decoder_impl::frame_decoder_impl(const core::framing_config& config)
    : gr::block("frame_decoder",
                gr::io_signature::make(1, 1, sizeof(core::soft_bit)),
                gr::io_signature::make(1, 1, static_cast<int>(stride(config)))),
      stream_adapter(config, 1, stride(config))
{
    message_port_register_out(quality_port);
    set_min_output_buffer(buffer_frames);
    set_relative_rate(config.bits_per_channel_bit() / static_cast<double>(config.cadu_len_bits()));
}

std::size_t frame_decoder_impl::record_stride() const { return stride(config()); }

/// Up to the next place where the demodulator reported: so the decoder's report does not depend on how the stream is cut.
std::size_t frame_decoder_impl::most_to_push(std::size_t n_items)
{
    get_tags_in_window(d_tags, 0, 0, n_items, report_key);
    std::size_t most = n_items;
    for (const auto& tag : d_tags) {
        const std::uint64_t ahead = tag.offset - nitems_read(0);
        if (ahead > 0)
            most = std::min<std::size_t>(most, ahead);
        else
            publish();
    }
    return most;
}

void frame_decoder_impl::publish()
{
    const core::frame_decoder_stats now = kernel().stats();
    const std::uint64_t bits = now.channel_bits - d_reported.channel_bits;
    const std::uint64_t errors = now.channel_bit_errors - d_reported.channel_bit_errors;
    double least_margin = nan;
    for (std::size_t i = now.frames_by_rs_margin.size(); i-- > 0;) {
        if (now.frames_by_rs_margin[i] > d_reported.frames_by_rs_margin[i])
            least_margin = static_cast<double>(i) - 1.0;
    }
    d_reported = now;
    pmt::pmt_t message = to_message(to_counters(now), frame_decoder_counters_fields);
    message = pmt::dict_add(message,
                            pmt::intern("channel_ber"),
                            pmt::from_double(bits > 0 ? static_cast<double>(errors) / static_cast<double>(bits) : nan));
    message = pmt::dict_add(message, pmt::intern("rs_margin"), pmt::from_double(least_margin));
    message_port_pub(quality_port, message);
}

void frame_decoder_impl::before_push(std::span<const core::soft_bit> soft)
{
    get_tags_in_window(d_tags, 0, 0, soft.size(), clock_mark_key);
    for (const auto& tag : d_tags) {
        if (const auto mark = from_tag(tag, core::rails(config().modulation)))
            kernel().mark(*mark);
    }
}

void frame_decoder_impl::after_pull(std::span<std::uint8_t>)
{
    const std::lock_guard lock(d_counters_mutex);
    d_stats = kernel().stats();
}

frame_decoder_counters frame_decoder_impl::counters() const
{
    const std::lock_guard lock(d_counters_mutex);
    return to_counters(d_stats);
}

} // namespace gr::xband
