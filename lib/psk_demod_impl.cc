// SPDX-License-Identifier: GPL-3.0-or-later
#include "psk_demod_impl.h"

#include "clock_mark_tag.h"
#include "config_names.h"
#include "frequency_plan_from.h"

#include <gnuradio/io_signature.h>

#include <algorithm>
#include <utility>

namespace gr::xband {

namespace {

/// Ten reports in a second of signal: enough for a display, nothing for the message queues to grow on.
constexpr double reports_per_second = 10.0;

constexpr double buffer_s = 0.02;
constexpr double min_buffer_items = 1 << 16;
constexpr double max_buffer_items = 1 << 22;

const pmt::pmt_t status_port = pmt::intern("status");

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
    };
}

psk_demod_status to_status(const core::psk_demodulator_stats& stats)
{
    return { .samples = stats.samples,
             .symbols = stats.symbols,
             .non_finite = stats.non_finite,
             .acquisitions = stats.acquisitions,
             .skipped_samples = stats.skipped_samples,
             .is_locked = stats.is_locked,
             .es_n0_db = static_cast<double>(stats.es_n0_db),
             .carrier_offset_hz = static_cast<double>(stats.carrier_offset_hz),
             .symbol_rate_error_ppm = static_cast<double>(stats.symbol_rate_error_ppm),
             .is_equaliser_active = stats.is_equaliser_active,
             .isi_db = static_cast<double>(stats.isi_db),
             .equaliser_gain_db = static_cast<double>(stats.equaliser_gain_db) };
}

pmt::pmt_t to_message(const psk_demod_status& status)
{
    pmt::pmt_t message = pmt::make_dict();
    const auto add = [&message](const char* key, const pmt::pmt_t& value) {
        message = pmt::dict_add(message, pmt::intern(key), value);
    };
    add("samples", pmt::from_uint64(status.samples));
    add("symbols", pmt::from_uint64(status.symbols));
    add("non_finite", pmt::from_uint64(status.non_finite));
    add("acquisitions", pmt::from_uint64(status.acquisitions));
    add("skipped_samples", pmt::from_uint64(status.skipped_samples));
    add("is_locked", pmt::from_bool(status.is_locked));
    add("es_n0_db", pmt::from_double(status.es_n0_db));
    add("carrier_offset_hz", pmt::from_double(status.carrier_offset_hz));
    add("symbol_rate_error_ppm", pmt::from_double(status.symbol_rate_error_ppm));
    add("is_equaliser_active", pmt::from_bool(status.is_equaliser_active));
    add("isi_db", pmt::from_double(status.isi_db));
    add("equaliser_gain_db", pmt::from_double(status.equaliser_gain_db));
    return message;
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
      stream_adapter(config, core::sample_len_bytes(config.format)),
      d_report_interval_samples(static_cast<std::uint64_t>(config.sample_rate_hz / reports_per_second))
{
    message_port_register_out(status_port);
    // The default buffer of 64 KiB is 2 ms of soft bits at 15 Msym/s: the threads would wake each other all the time.
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
    const auto stats = kernel().stats();
    {
        const std::lock_guard lock(d_snapshot_mutex);
        d_stats = stats;
    }
    if (stats.samples >= d_next_report_sample) {
        d_next_report_sample = stats.samples + d_report_interval_samples;
        report();
    }
}

void psk_demod_impl::report()
{
    {
        const std::lock_guard lock(d_snapshot_mutex);
        // The last stretch of a signal may hold a few symbols only: then the one before shows more.
        if (auto symbols = kernel().recent_symbols(); 2 * symbols.size() >= d_symbols.size())
            d_symbols = std::move(symbols);
        d_samples = kernel().recent_samples();
        d_taps = kernel().recent_taps();
    }
    message_port_pub(status_port, to_message(status()));
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
