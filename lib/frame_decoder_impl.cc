// SPDX-License-Identifier: GPL-3.0-or-later
#include "frame_decoder_impl.h"

#include "clock_mark_tag.h"
#include "framing/frame_record.h"
#include "framing_config_from.h"

#include <gnuradio/io_signature.h>

namespace gr::xband {

namespace {
std::size_t stride(const core::framing_config& config)
{
    return core::frame_record_stride(config.code_block_len_bytes());
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
    set_relative_rate(config.bits_per_channel_bit() / static_cast<double>(config.cadu_len_bits()));
}

std::size_t frame_decoder_impl::record_stride() const { return stride(config()); }

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
    return { .soft_bits_in = d_stats.soft_bits_in,
             .frames_good = d_stats.frames_good,
             .frames_corrected = d_stats.frames_corrected,
             .frames_uncorrectable = d_stats.frames_uncorrectable,
             .frames_not_checked = d_stats.frames_not_checked,
             .frames_flywheel = d_stats.frames_flywheel,
             .locks = d_stats.locks,
             .sync_losses = d_stats.sync_losses,
             .bit_slips = d_stats.bit_slips,
             .ambiguity_changes = d_stats.ambiguity_changes,
             .rs_corrected_symbols = d_stats.rs_corrected_symbols,
             .channel_bits = d_stats.channel_bits,
             .channel_bit_errors = d_stats.channel_bit_errors,
             .is_locked = d_stats.is_locked };
}

} // namespace gr::xband
