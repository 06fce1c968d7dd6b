// SPDX-License-Identifier: GPL-3.0-or-later
#include "psk_demod_impl.h"

#include "clock_mark_tag.h"
#include "config_names.h"
#include "frequency_plan_from.h"
#include "quality_message.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <utility>

namespace gr::xband {

namespace {

/// Ten reports in a second of signal: enough for a display, nothing for the message queues to grow on.
constexpr double reports_per_second = 10.0;

constexpr double buffer_s = 0.08;
constexpr double min_buffer_items = 1 << 16;
constexpr double max_buffer_items = 1 << 22;

core::psk_demodulator_config to_config(const psk_demod_parameters& parameters)
{
    return {
        .kind = from_name(modulation_names, "modulation", parameters.modulation),
        .sample_rate_hz = parameters.sample_rate_hz,
        .symbol_rate_hz = parameters.symbol_rate_hz,
        .rolloff = parameters.rolloff,
        .format = from_name(iq_format_names, "iq_format", parameters.iq_format),
        .frequency_offset_hz = parameters.frequency_offset_hz,
        .plan = to_kernel_plan(parameters.frequency_plan),
        .equalisation = from_name(equaliser_mode_names, "equaliser", parameters.equaliser),
        .conditioning = from_name(conditioner_mode_names, "conditioner", parameters.conditioner),
        .report_interval_samples =
            std::max<std::uint64_t>(1, static_cast<std::uint64_t>(parameters.sample_rate_hz / reports_per_second)),
    };
}

psk_demod_status to_status(const core::psk_demodulator_stats& stats)
{
    return { .samples = stats.samples,
             .symbols = stats.symbols,
             .non_finite = stats.non_finite,
             .acquisitions = stats.acquisitions,
             .band_rate_hz = stats.band_rate_hz,
             .skipped_samples = stats.skipped_samples,
             .is_locked = stats.is_locked,
             .es_n0_db = static_cast<double>(stats.es_n0_db),
             .evm_percent = static_cast<double>(stats.evm_percent),
             .carrier_offset_hz = static_cast<double>(stats.carrier_offset_hz),
             .symbol_rate_error_ppm = static_cast<double>(stats.symbol_rate_error_ppm),
             .coherence = static_cast<double>(stats.coherence),
             .phase_memory_symbols = static_cast<double>(stats.phase_memory_symbols),
             .level_dbfs = static_cast<double>(stats.level_dbfs),
             .is_equaliser_active = stats.is_equaliser_active,
             .isi_db = static_cast<double>(stats.isi_db),
             .equaliser_gain_db = static_cast<double>(stats.equaliser_gain_db),
             .dc_dbc = static_cast<double>(stats.conditioning.dc_dbc),
             .is_dc_removed = stats.conditioning.is_dc_removed,
             .iq_gain_db = static_cast<double>(stats.conditioning.iq_gain_db),
             .iq_phase_deg = static_cast<double>(stats.conditioning.iq_phase_deg),
             .iq_image_dbc = static_cast<double>(stats.conditioning.image_dbc),
             .is_iq_corrected = stats.conditioning.is_iq_corrected,
             .blanked_samples = stats.conditioning.blanked_samples,
             .saturated_share = static_cast<double>(stats.conditioning.saturated_share) };
}

} // namespace

psk_demod::sptr psk_demod::make(const psk_demod_parameters& parameters)
{
    return gnuradio::make_block_sptr<psk_demod_impl>(to_config(parameters));
}

psk_demod_impl::psk_demod_impl(const core::psk_demodulator_config& config)
    : gr::block("psk_demod",
                gr::io_signature::make(1, 1, static_cast<int>(core::sample_len_bytes(config.format))),
                gr::io_signature::make(1, 1, sizeof(core::soft_bit))),
      stream_adapter(config, core::sample_len_bytes(config.format))
{
    message_port_register_out(quality_port);
    // The default buffer of 64 KiB is 2 ms of soft bits at 15 Msym/s: the threads would wake each other all the time. At most
    // half a buffer is handed over at a time.
    set_min_output_buffer(static_cast<long>(
        std::clamp(buffer_s * config.symbol_rate_hz * core::rails(config.kind), min_buffer_items, max_buffer_items)));
}

void psk_demod_impl::tag_marks()
{
    core::clock_mark mark{};
    while (kernel().pull_mark(mark))
        add_item_tag(
            0, mark.first_symbol * core::rails(config().kind), clock_mark_key, to_tag_value(mark), alias_pmt());
}

void psk_demod_impl::after_pull(std::span<core::soft_bit>)
{
    // Marks of all symbols in the kernel, also of those that do not fit into the output yet: a tag may lie ahead.
    tag_marks();
    {
        const std::lock_guard lock(d_snapshot_mutex);
        d_stats = kernel().stats();
    }
    core::psk_demodulator_stats report;
    while (kernel().pull_report(report)) {
        add_item_tag(0, report.symbols * core::rails(config().kind), report_key, pmt::PMT_NIL, alias_pmt());
        publish(report);
    }
}

void psk_demod_impl::publish(const core::psk_demodulator_stats& report)
{
    {
        const std::lock_guard lock(d_snapshot_mutex);
        // The last stretch of a signal may hold a few symbols only: then the one before shows more.
        if (auto symbols = kernel().recent_symbols(); 2 * symbols.size() >= d_symbols.size())
            d_symbols = std::move(symbols);
        d_samples = kernel().recent_samples();
        d_taps = kernel().recent_taps();
    }
    message_port_pub(quality_port, to_message(to_status(report), psk_demod_status_fields));
}

psk_demod_status psk_demod_impl::status() const
{
    const std::lock_guard lock(d_snapshot_mutex);
    return to_status(d_stats);
}

std::vector<gr_complex> psk_demod_impl::recent_symbols() const
{
    const std::lock_guard lock(d_snapshot_mutex);
    return d_symbols;
}

std::vector<gr_complex> psk_demod_impl::recent_taps() const
{
    const std::lock_guard lock(d_snapshot_mutex);
    return d_taps;
}

std::vector<gr_complex> psk_demod_impl::recent_samples() const
{
    const std::lock_guard lock(d_snapshot_mutex);
    return d_samples;
}

} // namespace gr::xband
