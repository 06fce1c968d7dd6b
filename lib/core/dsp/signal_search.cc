// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/signal_search.h"

#include "dsp/agc.h"

#include <algorithm>
#include <cmath>

namespace xband::core {

namespace {

// 4096 symbols find a signal at 2 dB in every try; 16384 give its clock to a few ppm.
constexpr double window_symbols = 16384.0;
constexpr std::size_t probes_in_window = 4;
constexpr std::size_t shown_samples = 4096;
// Recordings of fewer samples a symbol were cut for the signal: there is no elsewhere.
constexpr double wide_band_sps = 4.0;
constexpr std::size_t scan_block_samples = 16384;

acquisition::config acquisition_config(const signal_search::config& c)
{
    acquisition::config search;
    search.kind = c.kind;
    search.rolloff = c.rolloff;
    const wanted_band band = band_of(c.sample_rate_hz / c.symbol_rate_hz, c.rolloff);
    search.samples_per_symbol = c.sample_rate_hz / c.symbol_rate_hz / band.decimation;
    return search;
}

} // namespace

signal_search::signal_search(const config& c)
    : d_config(c),
      d_acquisition(acquisition_config(c)),
      d_front_end(c.format, c.sample_rate_hz, c.plan, band_of(c.sample_rate_hz / c.symbol_rate_hz, c.rolloff)),
      d_scan_front_end(c.format, c.sample_rate_hz, c.plan),
      d_conditioner(new_conditioner())
{
    const double samples_per_symbol = c.sample_rate_hz / c.symbol_rate_hz;
    if (c.searches_band && samples_per_symbol > wide_band_sps)
        d_scan.emplace(samples_per_symbol, c.rolloff);
    const auto whole_blocks = [&](double symbols) {
        const double blocks = symbols * samples_per_symbol / static_cast<double>(c.block_samples);
        return static_cast<std::size_t>(std::ceil(blocks)) * c.block_samples;
    };
    d_window_len = whole_blocks(window_symbols);
    d_probe_len = d_window_len / probes_in_window;
    d_window_end = d_window_len;
}

void signal_search::restart(std::uint64_t sample)
{
    d_kept.clear();
    d_kept_start = sample;
    d_window_end = sample + d_window_len;
}

std::optional<signal_search::finding> signal_search::look(bool is_last)
{
    const std::size_t sample_len = sample_len_bytes(d_config.format);
    const std::uint64_t kept = d_kept.size() / sample_len;
    const std::uint64_t end = d_kept_start + kept;
    if (end < d_window_end && !is_last)
        return std::nullopt;
    const double expected_cps = d_config.frequency_offset_hz / d_config.sample_rate_hz;
    d_front_end.set_conditioner(new_conditioner());
    d_front_end.learn(std::span(d_kept).last(std::min(d_kept.size(), d_window_len * sample_len)));
    d_conditioner = *d_front_end.conditioner();
    auto found = look_at(d_probe_len, 0, expected_cps);
    if (!found && is_last)
        found = look_at(d_window_len, 0, expected_cps);
    if (!found && d_scan)
        found = look_through_band(is_last ? d_window_len : d_probe_len);
    if (found) {
        // Of a signal that has just come up the clock is not measured yet: what is still noise in the window would spoil it.
        const std::size_t probes = is_last ? probes_in_window : probes_filled(found->offset_cps);
        if (probes < probes_in_window) {
            d_window_end = end + (probes_in_window - probes) * d_probe_len;
            return std::nullopt;
        }
        if (const auto better = look_at(d_window_len, 0, found->offset_cps))
            found = better;
        give_up_all_but(2 * d_window_len);
        return found;
    }
    give_up_all_but(is_last && kept > d_window_len ? 0 : d_window_len);
    d_window_end = end + d_window_len;
    return std::nullopt;
}

/// Probes in a row, up to the last sample, that show the signal.
std::size_t signal_search::probes_filled(double offset_cps)
{
    std::size_t probes = 1;
    while (probes < probes_in_window && look_at(d_probe_len, probes * d_probe_len, offset_cps))
        ++probes;
    return probes;
}

void signal_search::give_up_all_but(std::uint64_t n)
{
    const std::size_t sample_len = sample_len_bytes(d_config.format);
    const std::uint64_t kept = d_kept.size() / sample_len;
    if (kept <= n)
        return;
    d_kept.erase(d_kept.begin(), d_kept.begin() + static_cast<std::ptrdiff_t>((kept - n) * sample_len));
    d_kept_start += kept - n;
    d_skipped_samples += kept - n;
}

std::optional<signal_search::finding>
signal_search::look_at(std::size_t wanted, std::size_t before_end, double expected_cps)
{
    const std::size_t sample_len = sample_len_bytes(d_config.format);
    const std::size_t kept = d_kept.size() / sample_len;
    if (kept <= before_end)
        return std::nullopt;
    const std::size_t n = std::min(wanted, kept - before_end);
    const std::uint64_t start = d_kept_start + (kept - before_end - n);
    const double decimation = d_front_end.decimation();
    const double first_output = std::ceil(static_cast<double>(start) / decimation);
    std::vector<float> samples(2 * (n / d_front_end.decimation() + 1));
    d_front_end.set_conditioner(d_conditioner);
    d_front_end.restart(start, expected_cps);
    const std::size_t made = d_front_end.process(
        std::span(d_kept).last((n + before_end) * sample_len).first(n * sample_len), samples.data());
    samples.resize(2 * made);
    // Levelled, so that no power of the samples leaves the float range.
    block_agc{}.process(samples.data(), made);
    const std::size_t shown = std::min(made, shown_samples);
    d_recent_samples.resize(shown);
    for (std::size_t i = 0; i < shown; ++i)
        d_recent_samples[i] = { samples[2 * i], samples[2 * i + 1] };
    // In a decimated band the converter's grid is filtered away; its place then matters as little as any.
    const auto found = d_acquisition.run(samples, -expected_cps * decimation);
    if (!found)
        return std::nullopt;
    return finding{ expected_cps + found->offset_cps / decimation,
                    found->samples_per_symbol * decimation,
                    first_output * decimation + found->first_symbol * decimation };
}

std::optional<signal_search::finding> signal_search::look_through_band(std::size_t wanted)
{
    const std::size_t sample_len = sample_len_bytes(d_config.format);
    const std::size_t n = std::min(wanted, d_kept.size() / sample_len);
    const auto iq = std::span(d_kept).last(n * sample_len);
    d_scan->restart();
    d_scan_front_end.set_conditioner(d_conditioner);
    d_scan_front_end.restart(d_kept_start + d_kept.size() / sample_len - n, 0.0);
    std::vector<float> samples(2 * scan_block_samples);
    for (std::size_t at = 0; at < n; at += scan_block_samples) {
        const std::size_t len = std::min(scan_block_samples, n - at);
        d_scan_front_end.process(iq.subspan(at * sample_len, len * sample_len), samples.data());
        d_scan->add(std::span(samples).first(2 * len));
    }
    for (const double place_cps : d_scan->places())
        if (const auto found = look_at(wanted, 0, place_cps))
            return found;
    return std::nullopt;
}

} // namespace xband::core
