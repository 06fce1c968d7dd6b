// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/iq_front_end.h"

#include "base/multiversion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

namespace xband::core {

namespace {

// Samples that share one exactly computed phase; inside, the frequency is constant. At 3 kHz/s and 48 kHz, the worst case
// in use, the frequency moves 0.08 mHz over 64 samples.
constexpr std::size_t rotation_step = 64;

// The parabola of one run stands for any plan's phase over this many input samples to 1e-6 cycles.
constexpr std::size_t longest_run = 4096;

// Input samples widened, repaired and filtered at one go: they stay in the nearest cache.
constexpr std::size_t tile_samples = iq_conditioner::tile_samples;

// The filter follows the carrier when it is this far from its middle, of the band's half width: well inside band_room_norm.
constexpr double tuning_room = 0.02;

/// Without the checks for infinities that the operator has to make.
std::complex<double> multiply(std::complex<double> a, std::complex<double> b)
{
    return { a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real() };
}

// Larger than any receiver's full scale, small enough that fourth powers stay finite.
constexpr float largest_sample = 1e8f;

XBAND_MULTIVERSION void widen_cs8(const std::int8_t* in, std::size_t n, float* out)
{
    for (std::size_t i = 0; i < 2 * n; ++i)
        out[i] = static_cast<float>(in[i]) * (1.0f / 128.0f);
}

XBAND_MULTIVERSION void widen_cs16(const std::int16_t* in, std::size_t n, float* out)
{
    for (std::size_t i = 0; i < 2 * n; ++i)
        out[i] = static_cast<float>(in[i]) * (1.0f / 32768.0f);
}

XBAND_MULTIVERSION std::uint64_t sanitise(float* iq, std::size_t n)
{
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < 2 * n; ++i) {
        const bool fine = std::fabs(iq[i]) <= largest_sample; // false for NaN
        bad += fine ? 0 : 1;
        iq[i] = fine ? iq[i] : 0.0f;
    }
    return bad;
}

/// iq[k] *= base * table[k], k < n <= rotation_step, table planar.
XBAND_MULTIVERSION void
rotate_step(float* iq, std::size_t n, float base_re, float base_im, const float* table_re, const float* table_im)
{
    for (std::size_t k = 0; k < n; ++k) {
        const float w_re = base_re * table_re[k] - base_im * table_im[k];
        const float w_im = base_re * table_im[k] + base_im * table_re[k];
        const float re = iq[2 * k], im = iq[2 * k + 1];
        iq[2 * k] = re * w_re - im * w_im;
        iq[2 * k + 1] = re * w_im + im * w_re;
    }
}

} // namespace

wanted_band band_of(double samples_per_symbol, double rolloff)
{
    return { decimation_factor(samples_per_symbol, rolloff), band_half_width_cps(samples_per_symbol, rolloff) };
}

wanted_band tracking_band_of(double samples_per_symbol, double rolloff)
{
    return { tracking_decimation(samples_per_symbol), band_half_width_cps(samples_per_symbol, rolloff) };
}

iq_front_end::iq_front_end(iq_format format, double sample_rate_hz, frequency_plan plan, const wanted_band& band)
    : d_format(format),
      d_sample_rate_hz(sample_rate_hz),
      d_plan(std::move(plan))
{
    if (!(sample_rate_hz > 0))
        throw std::invalid_argument("sample_rate_hz " + std::to_string(sample_rate_hz) + " is not positive");
    const auto by_start = [](const auto& a, const auto& b) { return a.start_sample < b.start_sample; };
    if (!std::is_sorted(d_plan.begin(), d_plan.end(), by_start))
        throw std::invalid_argument("frequency plan: start_sample must ascend");
    if (band.decimation > 1) {
        d_decimator.emplace(band.decimation, band.half_width_cps);
        d_tuning_room_cps = tuning_room * band.half_width_cps;
        // The filter's weights are padded: it may look at, and ignore, some samples more.
        d_tile.assign(2 * (tile_samples + 2 * d_decimator->reach() + band.decimation + 16), 0.0f);
    }
    restart(0, 0.0);
}

void iq_front_end::restart(std::uint64_t sample, double offset_cps)
{
    d_next_sample = d_next_output = sample;
    d_offset_cps = offset_cps;
    d_offset_phase = 0.0;
    if (!d_decimator)
        return;
    const unsigned factor = d_decimator->factor();
    d_next_output = d_next_filtered = (sample + factor - 1) / factor * factor;
    // Silence before the first sample.
    d_tile_samples = d_decimator->reach();
    d_tile_start = static_cast<std::int64_t>(sample) - static_cast<std::int64_t>(d_tile_samples);
    std::fill_n(d_tile.begin(), 2 * d_tile_samples, 0.0f);
    d_decimator->tune(offset_cps + planned_hz(static_cast<double>(sample)) / d_sample_rate_hz);
}

void iq_front_end::widen(const std::byte* iq, std::size_t n, float* out)
{
    switch (d_format) {
    case iq_format::cs8:
        widen_cs8(reinterpret_cast<const std::int8_t*>(iq), n, out);
        break;
    case iq_format::cs16:
        widen_cs16(reinterpret_cast<const std::int16_t*>(iq), n, out);
        break;
    case iq_format::cf32:
        std::memcpy(out, iq, n * sample_len_bytes(d_format));
        d_non_finite += sanitise(out, n);
        break;
    }
    if (d_conditioner)
        d_conditioner->process(out, n);
}

void iq_front_end::learn(std::span<const std::byte> iq)
{
    std::optional<iq_conditioner> learning = std::exchange(d_conditioner, std::nullopt);
    const std::uint64_t non_finite = d_non_finite;
    aligned_vector<float> tile(2 * tile_samples);
    const std::size_t sample_len = sample_len_bytes(d_format), n = iq.size() / sample_len;
    for (std::size_t at = 0; learning && at < n; at += tile_samples) {
        const std::size_t len = std::min(tile_samples, n - at);
        widen(iq.data() + at * sample_len, len, tile.data());
        learning->learn(tile.data(), len);
    }
    if (learning)
        learning->end_learning();
    d_conditioner = learning;
    d_non_finite = non_finite;
}

std::size_t iq_front_end::process(std::span<const std::byte> iq, float* out, block_agc* agc)
{
    const std::size_t n = iq.size() / sample_len_bytes(d_format);
    if (!d_decimator) {
        for (std::size_t at = 0; at < n; at += tile_samples)
            widen(iq.data() + at * sample_len_bytes(d_format), std::min(tile_samples, n - at), out + 2 * at);
        d_next_sample += n;
        take_out_frequency(out, n, agc != nullptr ? agc->measure(out, n) : 1.0f);
        return n;
    }
    keep_tuned();
    std::size_t made = 0;
    for (std::size_t at = 0; at < n; at += tile_samples) {
        const std::size_t len = std::min(tile_samples, n - at);
        widen(iq.data() + at * sample_len_bytes(d_format), len, &d_tile[2 * d_tile_samples]);
        d_tile_samples += len;
        d_next_sample += len;
        made += decimate(out + 2 * made);
    }
    take_out_frequency(out, made, agc != nullptr ? agc->measure(out, made) : 1.0f);
    return made;
}

std::size_t iq_front_end::finish(float* out)
{
    if (!d_decimator)
        return 0;
    std::fill_n(&d_tile[2 * d_tile_samples], 2 * d_decimator->reach(), 0.0f);
    d_tile_samples += d_decimator->reach();
    const std::size_t made = decimate(out);
    take_out_frequency(out, made, 1.0f);
    return made;
}

void iq_front_end::keep_tuned()
{
    const double wanted_cps = d_offset_cps + planned_hz(static_cast<double>(d_next_sample)) / d_sample_rate_hz;
    if (std::abs(wanted_cps - d_decimator->centre_cps()) > d_tuning_room_cps)
        d_decimator->tune(wanted_cps);
}

/// Filters what the tile holds. \return outputs
std::size_t iq_front_end::decimate(float* out)
{
    const std::size_t reach = d_decimator->reach(), factor = d_decimator->factor();
    const std::int64_t first =
        static_cast<std::int64_t>(d_next_filtered) - static_cast<std::int64_t>(reach) - d_tile_start;
    const std::int64_t room =
        static_cast<std::int64_t>(d_tile_samples) - first - static_cast<std::int64_t>(2 * reach + 1);
    if (room < 0)
        return 0;
    const std::size_t n = static_cast<std::size_t>(room) / factor + 1;
    d_decimator->process(&d_tile[2 * static_cast<std::size_t>(first)], n, out);
    // What the next output needs moves to the front.
    const std::size_t gone = std::min(static_cast<std::size_t>(first) + n * factor, d_tile_samples);
    std::copy(d_tile.begin() + static_cast<std::ptrdiff_t>(2 * gone),
              d_tile.begin() + static_cast<std::ptrdiff_t>(2 * d_tile_samples),
              d_tile.begin());
    d_tile_samples -= gone;
    d_tile_start += static_cast<std::int64_t>(gone);
    d_next_filtered += n * factor;
    return n;
}

void iq_front_end::take_out_frequency(float* iq, std::size_t n, float gain)
{
    // Runs end where the plan's segments do: inside a run the phase is smooth.
    for (std::size_t begin = 0; begin < n;) {
        const std::size_t run = std::min(n - begin, outputs_to_border());
        rotate(iq + 2 * begin, run, gain);
        begin += run;
    }
}

std::size_t iq_front_end::outputs_to_border() const
{
    const unsigned factor = decimation();
    const std::uint64_t most = longest_run / factor;
    for (const auto& segment : d_plan)
        if (segment.start_sample > d_next_output)
            return std::min((segment.start_sample - d_next_output + factor - 1) / factor, most);
    return most;
}

void iq_front_end::rotate(float* iq, std::size_t n, float gain)
{
    using complexd = std::complex<double>;
    const auto turn = [](double cycles) {
        return std::polar(1.0, -2.0 * std::numbers::pi * (cycles - std::floor(cycles)));
    };
    const double factor = decimation();
    const auto cycles_at = [&](double k) {
        const double sample = static_cast<double>(d_next_output) + k * factor;
        const double plan = d_plan.empty() ? 0.0 : phase_cycles(d_plan, sample, d_sample_rate_hz);
        return plan + d_offset_phase + d_offset_cps * k * factor;
    };
    // The phase of the run is the parabola through its ends and its middle: exact for a ramp.
    const double length = static_cast<double>(n);
    const double begin = cycles_at(0.0), to_middle = cycles_at(length / 2.0) - begin,
                 to_end = cycles_at(length) - begin;
    const double bend = 2.0 * (to_end - 2.0 * to_middle) / (length * length);
    const double slope = to_end / length - bend * length;
    // One table of turns for all steps of the run, at the frequency of its middle.
    std::array<float, rotation_step> table_re, table_im;
    const complexd sample_turn = turn(slope + bend * length);
    complexd table = 1.0;
    for (std::size_t k = 0; k < rotation_step; ++k) {
        table_re[k] = static_cast<float>(table.real());
        table_im[k] = static_cast<float>(table.imag());
        table = multiply(table, sample_turn);
    }
    constexpr double step = rotation_step;
    complexd base = static_cast<double>(gain) * turn(begin), advance = turn(slope * step + bend * step * step);
    const complexd advance_turn = turn(2.0 * bend * step * step);
    for (std::size_t at = 0; at < n; at += rotation_step) {
        rotate_step(iq + 2 * at,
                    std::min(rotation_step, n - at),
                    static_cast<float>(base.real()),
                    static_cast<float>(base.imag()),
                    table_re.data(),
                    table_im.data());
        base = multiply(base, advance);
        advance = multiply(advance, advance_turn);
    }
    d_offset_phase += d_offset_cps * length * factor;
    d_offset_phase -= std::floor(d_offset_phase);
    d_next_output += n * decimation();
}

} // namespace xband::core
