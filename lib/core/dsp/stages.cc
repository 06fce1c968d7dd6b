// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/stages.h"

#include "dsp/gardner.h"
#include "dsp/phasors.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace xband::core {

namespace {

constexpr std::size_t block_samples = 4096;
// The front end takes the frequency as constant within a call: short calls, always of the same length.
constexpr std::size_t tile_samples = 512;
constexpr std::size_t block_symbols = 512;
constexpr std::size_t stretch = carrier_tracker::stretch_symbols;
constexpr std::size_t look_ahead = carrier_tracker::look_ahead_symbols;
constexpr double window_symbols = 16384.0;
constexpr double clock_gain = 0.3, clock_rate_gain = 0.02; // per stretch, as in psk_demodulator

void take(fifo<complexf>& in, std::span<const complexf> samples)
{
    const auto room = in.append(samples.size());
    std::copy(samples.begin(), samples.end(), room.begin());
}

float* floats(std::span<complexf> samples) { return reinterpret_cast<float*>(samples.data()); }

} // namespace

// -- agc_stage -------------------------------------------------------------------------------------------------------
void agc_stage::push(std::span<const complexf> in)
{
    take(d_in, in);
    while (d_in.size() >= block_samples)
        level(block_samples);
}

void agc_stage::flush() { level(d_in.size()); }

void agc_stage::level(std::size_t n)
{
    const auto out = d_out.append(n);
    d_in.pull(out);
    d_agc.process(floats(out), n);
}

// -- matched_filter_stage --------------------------------------------------------------------------------------------
matched_filter_stage::matched_filter_stage(double samples_per_symbol, double rolloff)
    : d_filter(samples_per_symbol, rolloff)
{
    d_in.append(d_filter.reach()); // silence before the first sample
}

void matched_filter_stage::push(std::span<const complexf> in)
{
    take(d_in, in);
    while (d_in.size() >= block_samples + 2 * d_filter.reach())
        filter(block_samples);
}

void matched_filter_stage::flush()
{
    const std::size_t n = d_in.size() - d_filter.reach();
    const auto silence = d_in.append(d_filter.reach() + 1);
    std::fill(silence.begin(), silence.end(), complexf{});
    filter(n);
}

void matched_filter_stage::filter(std::size_t n)
{
    d_re.resize(n);
    d_im.resize(n);
    d_filter.sample(floats(d_in.items()), static_cast<double>(d_filter.reach()), 1.0, n, d_re.data(), d_im.data());
    const auto out = d_out.append(n);
    for (std::size_t i = 0; i < n; ++i)
        out[i] = { d_re[i], d_im[i] };
    d_in.drop(n);
}

// -- frequency_correction_stage --------------------------------------------------------------------------------------
frequency_correction_stage::frequency_correction_stage(iq_format format,
                                                       double sample_rate_hz,
                                                       double offset_hz,
                                                       frequency_plan plan)
    : d_sample_len_bytes(sample_len_bytes(format)),
      d_front_end(format, sample_rate_hz, std::move(plan))
{
    d_front_end.restart(0, offset_hz / sample_rate_hz);
}

void frequency_correction_stage::push(std::span<const std::byte> in)
{
    const auto room = d_in.append(in.size());
    std::copy(in.begin(), in.end(), room.begin());
    while (d_in.size() >= tile_samples * d_sample_len_bytes)
        correct(tile_samples);
}

void frequency_correction_stage::flush() { correct(d_in.size() / d_sample_len_bytes); }

void frequency_correction_stage::correct(std::size_t n)
{
    const std::size_t n_bytes = n * d_sample_len_bytes;
    d_front_end.process(d_in.items().first(n_bytes), floats(d_out.append(n)));
    d_in.drop(n_bytes);
}

// -- symbol_timing_stage ---------------------------------------------------------------------------------------------
symbol_timing_stage::symbol_timing_stage(modulation kind, double samples_per_symbol, double rolloff)
    : d_kind(kind),
      d_nominal_sps(samples_per_symbol),
      d_window_len(static_cast<std::size_t>(std::ceil(window_symbols * samples_per_symbol))),
      d_timing_slope(gardner_slope(rolloff)),
      d_acquisition({ .kind = kind, .samples_per_symbol = samples_per_symbol, .rolloff = rolloff }),
      d_sampler(samples_per_symbol, rolloff),
      d_rotator(iq_format::cf32, 1.0, {})
{
    if (kind == modulation::oqpsk)
        throw std::invalid_argument("modulation oqpsk is not one of bpsk, qpsk: its timing needs the carrier phase");
}

void symbol_timing_stage::push(std::span<const complexf> in)
{
    while (!in.empty()) { // in blocks, so that the division of the input does not matter
        const std::size_t n = std::min(in.size(), block_samples - d_in.size() % block_samples);
        take(d_in, in.first(n));
        in = in.subspan(n);
        if (d_in.size() % block_samples != 0)
            continue;
        if (d_is_tracking)
            run(false);
        else if (d_in.size() >= d_window_len)
            acquire(false);
    }
}

void symbol_timing_stage::flush()
{
    if (!d_is_tracking)
        acquire(true);
    if (d_is_tracking)
        run(true);
}

void symbol_timing_stage::acquire(bool is_last)
{
    const auto window = d_in.items();
    const auto found = d_acquisition.run({ floats(window), 2 * window.size() });
    if (!found) {
        // Half a window stays: a signal that begins in it is still found whole.
        d_in.drop(is_last ? window.size() : window.size() / block_samples / 2 * block_samples);
        return;
    }
    d_is_tracking = true;
    d_rotator.restart(0, found->offset_cps);
    d_step = found->samples_per_symbol;
    const auto pad = static_cast<double>(d_sampler.reach() + 1);
    d_samples.assign(2 * (d_sampler.reach() + 1), 0.0f);
    d_next = pad + found->first_symbol - std::floor(found->first_symbol / d_step) * d_step;
    run(is_last);
}

void symbol_timing_stage::run(bool is_last)
{
    const auto fresh = d_in.items();
    const std::size_t old = d_samples.size();
    d_samples.resize(old + 2 * fresh.size());
    d_rotator.process(std::as_bytes(fresh), d_samples.data() + old);
    d_in.drop(fresh.size());
    if (is_last)
        d_samples.insert(d_samples.end(), 2 * (d_sampler.reach() + 1), 0.0f);
    const auto reach = static_cast<double>(d_sampler.reach());
    for (;;) {
        const double room = (static_cast<double>(d_samples.size() / 2) - reach - 1.0 - d_next) / d_step - 0.5;
        std::size_t n = block_symbols;
        if (room < static_cast<double>(block_symbols)) {
            if (!is_last || room < 1.0)
                break;
            n = static_cast<std::size_t>(room);
        }
        const std::size_t at = d_symbols.size();
        d_symbols.resize(at + n);
        d_sampler.sample(d_samples.data(), d_next, d_step, n, &d_symbols.on_re[at], &d_symbols.on_im[at]);
        d_sampler.sample(
            d_samples.data(), d_next + 0.5 * d_step, d_step, n, &d_symbols.half_re[at], &d_symbols.half_im[at]);
        const auto out = d_out.append(2 * n);
        for (std::size_t k = 0; k < n; ++k) {
            out[2 * k] = { d_symbols.on_re[at + k], d_symbols.on_im[at + k] };
            out[2 * k + 1] = { d_symbols.half_re[at + k], d_symbols.half_im[at + k] };
        }
        d_next += static_cast<double>(n) * d_step;
        if (d_symbols.size() == stretch)
            steer(stretch);
    }
    const double unused = std::floor(d_next) - reach - 2.0;
    if (unused > 0.0) {
        d_samples.erase(d_samples.begin(), d_samples.begin() + 2 * static_cast<std::ptrdiff_t>(unused));
        d_next -= std::floor(unused);
    }
}

void symbol_timing_stage::steer(std::size_t n)
{
    const std::size_t used = n - 16; // the detector looks one symbol ahead
    const auto& s = d_symbols;
    const float total = sum_gardner(s.half_re.data(), s.on_re.data(), s.on_re.data() + 1, used) +
                        sum_gardner(s.half_im.data(), s.on_im.data(), s.on_im.data() + 1, used);
    float power = 0.0f;
    for (std::size_t k = 0; k < used; ++k)
        power += s.on_re[k] * s.on_re[k] + s.on_im[k] * s.on_im[k];
    d_symbols.resize(0);
    if (!(power > 0.0f))
        return;
    const double late = std::clamp(static_cast<double>(total / (power * d_timing_slope)), -0.1, 0.1) * d_step;
    const double most = 1e-3 * d_nominal_sps;
    d_next -= clock_gain * late;
    d_step = std::clamp(
        d_step - clock_rate_gain * late / static_cast<double>(n), d_nominal_sps - most, d_nominal_sps + most);
}

// -- carrier_recovery_stage ------------------------------------------------------------------------------------------
carrier_recovery_stage::carrier_recovery_stage(modulation kind, double rolloff) : d_tracker(kind, rolloff) {}

void carrier_recovery_stage::push(std::span<const complexf> in)
{
    take(d_in, in);
    while (d_in.size() >= 2 * (stretch + look_ahead))
        turn(stretch, stretch);
}

void carrier_recovery_stage::flush()
{
    while (d_in.size() >= 2) {
        const std::size_t real = std::min(d_in.size() / 2, stretch);
        const std::size_t padded = (real + phasor_group - 1) / phasor_group * phasor_group;
        const auto silence = d_in.append(2 * (padded - real));
        std::fill(silence.begin(), silence.end(), complexf{});
        turn(padded, real);
    }
}

void carrier_recovery_stage::turn(std::size_t n, std::size_t n_real)
{
    const auto pairs = d_in.items();
    const std::size_t seen = std::min(pairs.size() / 2, n + look_ahead) / phasor_group * phasor_group;
    d_symbols.resize(seen);
    for (std::size_t k = 0; k < seen; ++k) {
        d_symbols.on_re[k] = pairs[2 * k].real();
        d_symbols.on_im[k] = pairs[2 * k].imag();
        d_symbols.half_re[k] = pairs[2 * k + 1].real();
        d_symbols.half_im[k] = pairs[2 * k + 1].imag();
    }
    d_coherence = d_tracker.process(d_symbols, n, true).coherence;
    const auto out = d_out.append(2 * n_real);
    for (std::size_t k = 0; k < n_real; ++k) {
        out[2 * k] = { d_symbols.on_re[k], d_symbols.on_im[k] };
        out[2 * k + 1] = { d_symbols.half_re[k], d_symbols.half_im[k] };
    }
    d_in.drop(2 * n);
}

// -- soft_demapper_stage ---------------------------------------------------------------------------------------------
void soft_demapper_stage::push(std::span<const complexf> in)
{
    take(d_in, in);
    while (d_in.size() >= 2 * stretch)
        map(stretch);
}

void soft_demapper_stage::flush() { map(d_in.size() / 2); }

void soft_demapper_stage::map(std::size_t n)
{
    if (n == 0)
        return;
    const auto pairs = d_in.items();
    d_i.resize(n);
    d_q.resize(n);
    d_across.resize(n);
    for (std::size_t k = 0; k < n; ++k) {
        d_i[k] = pairs[2 * k].real();
        d_q[k] = d_kind == modulation::oqpsk ? pairs[2 * k + 1].imag() : pairs[2 * k].imag();
        d_across[k] = pairs[2 * k].imag();
    }
    d_meter.add(d_i.data(), d_q.data(), d_across.data(), n);
    const float rms = d_meter.rms();
    const auto out = d_out.append(n * rails(d_kind));
    demap(d_kind, d_i.data(), d_q.data(), n, rms > 0.0f ? soft_bit_rms / rms : 0.0f, out.data());
    d_in.drop(2 * n);
}

} // namespace xband::core
