// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/psk_demodulator.h"

#include "dsp/phasors.h"
#include "dsp/spurious_line.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace xband::core {

namespace {

constexpr std::size_t block_samples = 4096; // behind the front end
constexpr std::size_t block_symbols = 512;  // filtered at one go; clock steering takes effect between blocks
constexpr std::size_t stretch = carrier_tracker::stretch_symbols;
constexpr std::size_t look_ahead = carrier_tracker::look_ahead_symbols;
static_assert(stretch % block_symbols == 0 && look_ahead % block_symbols == 0);
static_assert(symbol_meter::wobble_symbols <= carrier_tracker::timing_symbols);

// Stretches without a coherent carrier before the receiver searches anew (2.2 ms at 15 Msym/s); until then clock and carrier coast.
constexpr unsigned patience_stretches = 8;
// Coherence of noise alone is 0.04 rms over a stretch, of QPSK at 1.5 dB about 0.2.
constexpr float locked_coherence = 0.1f;

// Share of the samples' values at the largest from which on a converter's grid is looked out for.
constexpr float few_values_share = 0.25f;

// Second-order clock loop, one update a stretch: settles in some ten stretches, adds under 0.001 dB of jitter.
constexpr double clock_gain = 0.3, clock_rate_gain = 0.02;
constexpr double carrier_gain = 0.25;

signal_search::config search_config(const psk_demodulator_config& c, std::size_t input_block_samples)
{
    return { c.kind,         c.sample_rate_hz,      c.symbol_rate_hz, c.rolloff,       c.format,
             c.conditioning, c.frequency_offset_hz, c.plan,           c.searches_band, input_block_samples };
}

template <typename T>
bool take_front(ring<T>& from, T& to)
{
    if (from.empty())
        return false;
    to = from.front();
    from.pop_front();
    return true;
}

} // namespace

psk_demodulator::psk_demodulator(const psk_demodulator_config& config)
    : d_config(checked(config)),
      d_front_end(config.format,
                  config.sample_rate_hz,
                  config.plan,
                  tracking_band_of(config.sample_rate_hz / config.symbol_rate_hz, config.rolloff)),
      d_decimation(d_front_end.decimation()),
      d_nominal_sps(config.sample_rate_hz / config.symbol_rate_hz / d_decimation),
      d_block_samples(block_samples * d_front_end.decimation()),
      d_search(search_config(config, d_block_samples)),
      d_sampler(d_nominal_sps, config.rolloff),
      d_tracker(config.kind, config.rolloff),
      d_equaliser(config.kind, config.equalisation),
      d_quality(config.kind)
{
    d_stats.band_rate_hz = d_search.band_rate_hz();
    d_stats.es_n0_db = d_stats.evm_percent = std::numeric_limits<float>::quiet_NaN();
}

void psk_demodulator::push(std::span<const std::byte> iq)
{
    const std::size_t block_len = d_block_samples * sample_len_bytes(d_config.format);
    while (!iq.empty()) {
        if (d_raw.empty() && iq.size() >= block_len) {
            take_block(iq.first(block_len));
            iq = iq.subspan(block_len);
            continue;
        }
        const std::size_t n = std::min(iq.size(), block_len - d_raw.size());
        d_raw.insert(d_raw.end(), iq.begin(), iq.begin() + static_cast<std::ptrdiff_t>(n));
        iq = iq.subspan(n);
        if (d_raw.size() == block_len) {
            take_block(d_raw);
            d_raw.clear();
        }
    }
}

void psk_demodulator::flush()
{
    const std::size_t sample_len = sample_len_bytes(d_config.format);
    d_raw.resize(d_raw.size() / sample_len * sample_len); // a split last sample is no sample
    if (!d_raw.empty())
        take_block(d_raw);
    d_raw.clear();
    if (d_state == state::search && !d_search.is_empty())
        search(true);
    if (d_state == state::track) {
        const std::size_t old = d_samples.size();
        d_samples.resize(old + 2 * d_front_end.tail_samples());
        const std::size_t n = d_front_end.finish(d_samples.data() + old);
        d_agc.hold(d_samples.data() + old, n);
        d_samples.resize(old + 2 * n);
        d_samples.insert(d_samples.end(), 2 * (d_sampler.reach() + 1), 0.0f);
        sample_symbols(true);
    }
}

void psk_demodulator::take_block(std::span<const std::byte> iq)
{
    d_stats.samples += iq.size() / sample_len_bytes(d_config.format);
    if (d_state == state::track) {
        track(iq);
    } else {
        d_search.keep(iq);
        search(false);
    }
    const std::uint64_t interval = d_config.report_interval_samples;
    if (interval > 0 && d_stats.samples / interval > d_intervals_reported) {
        d_intervals_reported = d_stats.samples / interval;
        d_reports.push_back(d_stats);
    }
}

void psk_demodulator::search(bool is_last)
{
    const auto found = d_search.look(is_last);
    d_recent_samples = d_search.recent_samples();
    d_stats.band_rate_hz = d_search.band_rate_hz();
    d_stats.skipped_samples = d_search.skipped_samples();
    if (found)
        start_tracking(*found);
}

void psk_demodulator::start_tracking(const signal_search::finding& found)
{
    const std::uint64_t kept_start = d_search.kept_start();
    const std::vector<std::byte> kept = d_search.take_kept();
    ++d_stats.acquisitions;
    // How fast the phase walks and what the channel does has to be learnt before the first frames come out right, so the kept
    // samples are worked off twice, the first time for that alone.
    const psk_demodulator_stats stats = d_stats;
    d_is_rehearsal = true;
    d_equaliser.restart();
    begin_tracking(found, kept_start);
    work_off(kept);
    d_is_rehearsal = false;
    d_stats = stats;
    d_search.restart(kept_start);
    const phase_meter learnt = d_tracker.meter();
    begin_tracking(found, kept_start);
    d_tracker.restart(learnt);
    work_off(kept);
}

/// \param first_sample of the kept ones: a whole number of blocks from the stream's start.
void psk_demodulator::begin_tracking(const signal_search::finding& found, std::uint64_t first_sample)
{
    d_state = state::track;
    d_has_jumped = false;
    d_unlocked_stretches = 0;
    d_step = found.samples_per_symbol / d_decimation;
    const double start = static_cast<double>(first_sample) / d_decimation;
    const double first = found.first_symbol / d_decimation;
    d_next_symbol = first - std::floor((first - start) / d_step) * d_step;
    const std::size_t pad = d_sampler.reach() + 1;
    d_samples.assign(2 * pad, 0.0f);
    d_samples_start = static_cast<std::int64_t>(start) - static_cast<std::int64_t>(pad);
    d_symbols.resize(0);
    d_positions.clear();
    d_agc.restart();
    d_tracker.restart();
    d_equaliser.rewind();
    d_quality.restart();
    iq_conditioner conditioner = d_search.conditioner();
    conditioner.set_blanked_samples(d_stats.conditioning.blanked_samples);
    d_front_end.set_conditioner(conditioner);
    d_front_end.restart(first_sample, found.offset_cps);
}

void psk_demodulator::work_off(std::span<const std::byte> kept)
{
    const std::size_t block_len = d_block_samples * sample_len_bytes(d_config.format);
    for (std::size_t at = 0; at < kept.size(); at += block_len)
        track(kept.subspan(at, std::min(block_len, kept.size() - at)));
}

void psk_demodulator::track(std::span<const std::byte> iq)
{
    if (d_state == state::search) { // lost while the kept samples were being worked off
        d_search.keep(iq);
        return;
    }
    const std::size_t old = d_samples.size();
    d_samples.resize(old + 2 * (block_samples + 1));
    const std::size_t n = d_front_end.process(iq, d_samples.data() + old, &d_agc);
    d_samples.resize(old + 2 * n);
    d_stats.non_finite = d_front_end.non_finite();
    d_stats.conditioning = d_front_end.conditioner()->state();
    if (d_front_end.next_sample() / d_block_samples % 64 == 0) {
        d_stats.band_rate_hz = d_config.sample_rate_hz / d_decimation;
        d_recent_samples.resize(n);
        for (std::size_t i = 0; i < n; ++i)
            d_recent_samples[i] = { d_samples[old + 2 * i], d_samples[old + 2 * i + 1] };
    }
    sample_symbols(false);
}

void psk_demodulator::sample_symbols(bool is_last)
{
    const auto reach = static_cast<double>(d_sampler.reach());
    while (d_state == state::track) {
        const double end = static_cast<double>(d_samples_start) + static_cast<double>(d_samples.size() / 2);
        // The half-symbol instants reach furthest.
        const double last_usable = end - reach - 1.0;
        const double room = (last_usable - d_next_symbol) / d_step - 0.5;
        std::size_t n = block_symbols;
        if (room < static_cast<double>(block_symbols)) {
            if (!is_last || room < 1.0)
                break;
            n = static_cast<std::size_t>(room);
        }
        const std::size_t at = d_symbols.size();
        d_symbols.resize(at + n);
        const double first = d_next_symbol - static_cast<double>(d_samples_start);
        d_sampler.sample(d_samples.data(), first, d_step, n, &d_symbols.on_re[at], &d_symbols.on_im[at]);
        if (d_config.kind == modulation::oqpsk || at % stretch < carrier_tracker::timing_symbols ||
            d_equaliser.wants_halves())
            d_sampler.sample(
                d_samples.data(), first + 0.5 * d_step, d_step, n, &d_symbols.half_re[at], &d_symbols.half_im[at]);
        d_positions.push_back(d_next_symbol);
        d_next_symbol += static_cast<double>(n) * d_step;
        if (d_symbols.size() >= stretch + look_ahead && !is_last)
            process_stretch(stretch, stretch);
    }
    if (is_last) {
        while (d_symbols.size() > 0 && d_state == state::track) {
            const std::size_t real = std::min(d_symbols.size(), stretch);
            d_symbols.pad((d_symbols.size() + phasor_group - 1) / phasor_group * phasor_group);
            process_stretch((real + phasor_group - 1) / phasor_group * phasor_group, real);
        }
        return;
    }
    // What no later symbol needs goes; the next one needs reach() samples before it.
    const auto keep_from =
        static_cast<std::int64_t>(std::floor(d_next_symbol)) - static_cast<std::int64_t>(d_sampler.reach()) - 2;
    if (keep_from > d_samples_start) {
        const auto drop =
            std::min<std::int64_t>(keep_from - d_samples_start, static_cast<std::int64_t>(d_samples.size() / 2));
        d_samples.erase(d_samples.begin(), d_samples.begin() + 2 * drop);
        d_samples_start += drop;
    }
}

void psk_demodulator::process_stretch(std::size_t n, std::size_t n_real)
{
    d_tracker.set_spurious_line(spurious_step_rad());
    const stretch_report report = d_tracker.process(d_symbols, n, d_equaliser.wants_halves());
    equalise(n, report);
    judge(report);
    measure(n_real);
    steer(report, n_real);
    if (!d_is_rehearsal)
        emit(n_real);
    d_symbols.erase_front(n);
    for (std::size_t gone = 0; gone < n && !d_positions.empty(); gone += block_symbols)
        d_positions.pop_front();
    if (d_unlocked_stretches >= patience_stretches)
        lose_signal();
}

std::optional<float> psk_demodulator::spurious_step_rad() const
{
    if (d_config.kind != modulation::qpsk || d_decimation > 1 ||
        d_stats.conditioning.saturated_share < few_values_share)
        return std::nullopt;
    const double position = d_positions.empty() ? d_next_symbol : d_positions.front();
    const double planned_cps = d_front_end.planned_hz(position) / d_config.sample_rate_hz;
    return grid_line_step_rad((d_front_end.offset_cps() + planned_cps) * d_step);
}

void psk_demodulator::equalise(std::size_t n, const stretch_report& report)
{
    d_equaliser.process(d_symbols, n, d_tracker.follower(), report.coherence > locked_coherence);
    d_stats.is_equaliser_active = d_equaliser.is_active();
    d_stats.isi_db = d_equaliser.isi_db();
    d_stats.equaliser_gain_db = d_equaliser.gain_db();
}

void psk_demodulator::judge(const stretch_report& report)
{
    const bool is_locked = report.coherence > locked_coherence;
    d_unlocked_stretches = is_locked ? 0 : d_unlocked_stretches + 1;
    d_stats.is_locked = is_locked;
    d_stats.coherence = report.coherence;
    d_stats.phase_memory_symbols = d_tracker.memory_symbols();
}

void psk_demodulator::measure(std::size_t n)
{
    const auto& second = d_config.kind == modulation::oqpsk ? d_symbols.half_im : d_symbols.on_im;
    d_quality.add(d_symbols.on_re.data(), second.data(), d_symbols.on_im.data(), n);
    d_stats.es_n0_db = d_quality.es_n0_db();
    d_stats.evm_percent = d_quality.evm_percent();
    d_stats.level_dbfs = 10.0f * std::log10(d_agc.power());
}

void psk_demodulator::steer(const stretch_report& report, std::size_t n)
{
    const double residual_cps = report.step_per_symbol_cycles / (d_step * d_decimation);
    const double position = d_positions.empty() ? d_next_symbol : d_positions.front();
    const double plan_hz = d_front_end.planned_hz(position * d_decimation);
    d_stats.carrier_offset_hz =
        static_cast<float>(plan_hz + (d_front_end.offset_cps() + residual_cps) * d_config.sample_rate_hz);
    d_stats.symbol_rate_error_ppm = static_cast<float>((d_nominal_sps / d_step - 1.0) * 1e6);
    if (n < stretch)
        return;
    const bool is_settled = !std::exchange(d_has_jumped, false); // else the stretch begins with the old timing
    if (is_settled && report.timing_jump_symbols != 0.0f) {
        d_next_symbol -= static_cast<double>(report.timing_jump_symbols) * d_step;
        d_has_jumped = true;
        return;
    }
    if (!d_stats.is_locked)
        return; // coast
    d_front_end.set_offset_cps(d_front_end.offset_cps() + carrier_gain * residual_cps);
    const double late = std::clamp(static_cast<double>(report.timing_error_symbols), -0.1, 0.1) * d_step;
    d_next_symbol -= clock_gain * late;
    d_step -= clock_rate_gain * late / static_cast<double>(stretch);
    const double most = 1e-3 * d_nominal_sps;
    d_step = std::clamp(d_step, d_nominal_sps - most, d_nominal_sps + most);
}

void psk_demodulator::emit(std::size_t n)
{
    const double position = d_positions.empty() ? d_next_symbol : d_positions.front();
    d_marks.push_back({ d_stats.symbols,
                        position * d_decimation,
                        d_step * d_decimation,
                        d_stats.es_n0_db,
                        d_stats.evm_percent,
                        d_stats.carrier_offset_hz,
                        d_stats.symbol_rate_error_ppm,
                        d_stats.is_locked });
    if (d_soft_read == d_soft.size()) {
        d_soft.clear();
        d_soft_read = 0;
    } else if (d_soft_read > d_soft.size() / 2) {
        d_soft.erase(d_soft.begin(), d_soft.begin() + static_cast<std::ptrdiff_t>(d_soft_read));
        d_soft_read = 0;
    }
    const std::size_t at = d_soft.size();
    const std::size_t n_rails = rails(d_config.kind);
    d_soft.resize(at + n * n_rails);
    const float rms = d_quality.rms();
    const auto& second = d_config.kind == modulation::oqpsk ? d_symbols.half_im : d_symbols.on_im;
    demap(d_config.kind, d_symbols.on_re.data(), second.data(), n, rms > 0.0f ? soft_bit_rms / rms : 0.0f, &d_soft[at]);
    const std::size_t shown = std::min<std::size_t>(n, 1024);
    d_recent_symbols.resize(shown);
    for (std::size_t i = 0; i < shown; ++i)
        d_recent_symbols[i] = { d_symbols.on_re[i], second[i] };
    d_stats.symbols += n;
}

void psk_demodulator::lose_signal()
{
    d_state = state::search;
    d_stats.es_n0_db = d_stats.evm_percent = std::numeric_limits<float>::quiet_NaN();
    d_search.restart(d_front_end.next_sample());
}

std::size_t psk_demodulator::pull(std::span<soft_bit> soft)
{
    const std::size_t n = std::min(soft.size(), available());
    std::copy_n(d_soft.begin() + static_cast<std::ptrdiff_t>(d_soft_read), n, soft.begin());
    d_soft_read += n;
    return n;
}

bool psk_demodulator::pull_report(psk_demodulator_stats& report) { return take_front(d_reports, report); }

bool psk_demodulator::pull_mark(clock_mark& mark) { return take_front(d_marks, mark); }

} // namespace xband::core
