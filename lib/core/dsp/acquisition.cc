// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/acquisition.h"

#include "dsp/rrc.h"
#include "dsp/spectral_lines.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace xband::core {

namespace {

using complexf = std::complex<float>;
using complexd = std::complex<double>;
using std::numbers::pi;

constexpr std::size_t spectrum_len = 1024;
constexpr std::size_t line_reach = 6;       // bins: a line spans three behind the window
constexpr std::size_t carrier_block = 1024; // symbols of one coherent block
constexpr std::size_t carrier_len = 4 * carrier_block;
// Of the carrier's line: half its width with the window, and by how many deviations noise does not exceed the mean (half
// overlapping spectra count for 0.7 each).
constexpr double grid_line_bins = 10.0, sure_deviations = 9.0, overlap_share = 0.7;
// A signal's line beside that of the converter's grid: above the window's side lobes (-31 dB).
constexpr double least_beside_grid = 0.01;
constexpr double broad_flank = 0.25;
constexpr std::size_t points_per_symbol = 4;
constexpr std::size_t pair_len = 8192;                  // coherent sums of the OQPSK search
constexpr std::size_t pair_sum = 2 * points_per_symbol; // points added into one

// The coarse offset is right to a hundredth of the symbol rate or two, where the channel does not tilt the spectrum; a tilt of
// 3 dB or an echo of -6 dB moves it by 0.05. So a line further out counts too, if it is plainly stronger.
constexpr double near_offset_norm = 0.025, far_offset_norm = 0.08, far_excess = 2.0;

std::vector<float> hann(std::size_t n)
{
    std::vector<float> window(n);
    for (std::size_t i = 0; i < n; ++i)
        window[i] = static_cast<float>(
            0.5 - 0.5 * std::cos(2.0 * pi * (static_cast<double>(i) + 0.5) / static_cast<double>(n)));
    return window;
}

/// Peak position between the points by a parabola through three neighbours.
double parabola(double left, double middle, double right)
{
    const double bend = left - 2.0 * middle + right;
    return bend < 0.0 ? 0.5 * (left - right) / bend : 0.0;
}

complexd turn(double cycles) { return std::polar(1.0, 2.0 * pi * (cycles - std::floor(cycles))); }

/// Frequency (cycles per bin index) of FFT bin i.
double signed_bin(std::ptrdiff_t i, std::size_t n)
{
    const auto len = static_cast<std::ptrdiff_t>(n);
    const auto wrapped = ((i % len) + len) % len;
    return static_cast<double>(wrapped < len / 2 ? wrapped : wrapped - len);
}

} // namespace

acquisition::acquisition(const config& c)
    : d_config(c),
      d_sampler(c.samples_per_symbol, c.rolloff),
      d_spectrum(spectrum_len),
      d_carrier(carrier_len),
      d_pair_low(c.kind == modulation::oqpsk ? pair_len : 1),
      d_pair_high(c.kind == modulation::oqpsk ? pair_len : 1)
{
}

std::optional<acquisition_result> acquisition::run(std::span<const float> samples, double converter_zero_cps)
{
    d_converter_zero_cps = converter_zero_cps;
    const std::size_t n = samples.size() / 2;
    const double needed = 1024.0 * d_config.samples_per_symbol;
    if (static_cast<double>(n) < std::max(needed, static_cast<double>(spectrum_len)))
        return std::nullopt;
    const double coarse = coarse_offset_cps(samples);
    filter_at_four_per_symbol(samples, coarse);
    auto found = d_config.kind == modulation::oqpsk ? line_pair() : clock_line();
    if (!found)
        return std::nullopt;
    if (d_config.kind == modulation::oqpsk)
        found->offset_cps += coarse;
    else
        found->offset_cps = coarse + carrier_line(samples, *found);
    return found;
}

double acquisition::coarse_offset_cps(std::span<const float> samples)
{
    static const auto window = hann(spectrum_len);
    std::vector<double> power(spectrum_len, 0.0);
    const std::size_t n = samples.size() / 2;
    for (std::size_t begin = 0; begin + spectrum_len <= n; begin += spectrum_len / 2) {
        auto data = d_spectrum.data();
        for (std::size_t i = 0; i < spectrum_len; ++i)
            data[i] = window[i] * complexf(samples[2 * (begin + i)], samples[2 * (begin + i) + 1]);
        d_spectrum.execute();
        for (std::size_t i = 0; i < spectrum_len; ++i)
            power[i] += std::norm(data[i]);
    }
    power = without_lines(power, line_reach);
    // The template's mean is taken off so that a flat noise floor weighs nothing.
    const double bins_per_rate = static_cast<double>(spectrum_len) / d_config.samples_per_symbol;
    std::vector<double> shape(spectrum_len);
    double mean = 0.0;
    for (std::size_t i = 0; i < spectrum_len; ++i) {
        shape[i] = raised_cosine_spectrum(signed_bin(static_cast<std::ptrdiff_t>(i), spectrum_len) / bins_per_rate,
                                          d_config.rolloff);
        mean += shape[i] / spectrum_len;
    }
    const auto reach = static_cast<std::ptrdiff_t>(std::ceil(d_config.offset_range_norm * bins_per_rate)) + 1;
    std::vector<double> score(static_cast<std::size_t>(2 * reach + 1));
    for (std::ptrdiff_t shift = -reach; shift <= reach; ++shift) {
        double sum = 0.0;
        for (std::size_t i = 0; i < spectrum_len; ++i)
            sum += power[wrapped_bin(static_cast<std::ptrdiff_t>(i) + shift, spectrum_len)] * (shape[i] - mean);
        score[static_cast<std::size_t>(shift + reach)] = sum;
    }
    const auto best =
        std::clamp<std::ptrdiff_t>(std::max_element(score.begin(), score.end()) - score.begin(), 1, 2 * reach - 1);
    const auto at = static_cast<std::size_t>(best);
    const double shift = static_cast<double>(best - reach) + parabola(score[at - 1], score[at], score[at + 1]);
    return shift / spectrum_len;
}

void acquisition::filter_at_four_per_symbol(std::span<const float> samples, double offset_cps)
{
    const std::size_t n = samples.size() / 2;
    d_filter_centre_cps = offset_cps;
    d_rotated.resize(2 * n);
    complexd phasor = 1.0;
    const complexd step = turn(-offset_cps);
    for (std::size_t i = 0; i < n; ++i) {
        if (i % 256 == 0) // keeps the recurrence exact
            phasor = turn(-offset_cps * static_cast<double>(i));
        const complexd y = phasor * complexd(samples[2 * i], samples[2 * i + 1]);
        d_rotated[2 * i] = static_cast<float>(y.real());
        d_rotated[2 * i + 1] = static_cast<float>(y.imag());
        phasor *= step;
    }
    const double reach = static_cast<double>(d_sampler.reach());
    const double step_samples = d_config.samples_per_symbol / points_per_symbol;
    d_first = reach;
    const double room = (static_cast<double>(n) - 2.0 * reach) / step_samples;
    const auto points = static_cast<std::size_t>(std::max(room, 0.0));
    d_re.resize(points);
    d_im.resize(points);
    d_sampler.sample(d_rotated.data(), d_first, step_samples, points, d_re.data(), d_im.data());
}

std::optional<acquisition_result> acquisition::clock_line()
{
    // |y|^2 turned back by the nominal symbol rate, summed over 16 symbols: slow enough for any clock error searched.
    constexpr std::size_t sum_symbols = 16;
    constexpr std::size_t group = sum_symbols * points_per_symbol;
    std::vector<complexd> sums(d_re.size() / group);
    if (sums.size() < 16)
        return std::nullopt;
    for (std::size_t g = 0; g < sums.size(); ++g) {
        double quarter[points_per_symbol] = {};
        for (std::size_t i = 0; i < group; ++i) {
            const float re = d_re[g * group + i], im = d_im[g * group + i];
            quarter[i % points_per_symbol] += re * re + im * im;
        }
        sums[g] = { quarter[0] - quarter[2], quarter[3] - quarter[1] };
    }
    const auto line = [&](double ppm) {
        complexd total = 0.0;
        const complexd step = turn(-ppm * 1e-6 * sum_symbols);
        complexd phasor = 1.0;
        for (const auto& s : sums) {
            total += s * phasor;
            phasor *= step;
        }
        return total;
    };
    const double bin_ppm = 1e6 / static_cast<double>(sums.size() * sum_symbols);
    const double grid_ppm = bin_ppm / 4.0;
    const auto reach = static_cast<std::ptrdiff_t>(std::ceil(d_config.clock_range_ppm / grid_ppm)) + 1;
    std::vector<double> power(static_cast<std::size_t>(2 * reach + 1));
    for (std::ptrdiff_t i = -reach; i <= reach; ++i)
        power[static_cast<std::size_t>(i + reach)] = std::norm(line(static_cast<double>(i) * grid_ppm));
    const auto best =
        std::clamp<std::ptrdiff_t>(std::max_element(power.begin(), power.end()) - power.begin(), 1, 2 * reach - 1);
    const auto at = static_cast<std::size_t>(best);
    const double ppm =
        (static_cast<double>(best - reach) + parabola(power[at - 1], power[at], power[at + 1])) * grid_ppm;
    // Noise beside the line: the spread of the sums about the line itself.
    const complexd peak = line(ppm);
    double spread = 0.0;
    for (std::size_t g = 0; g < sums.size(); ++g)
        spread += std::norm(sums[g] * turn(-ppm * 1e-6 * sum_symbols * static_cast<double>(g)) -
                            peak / static_cast<double>(sums.size()));
    const float snr = static_cast<float>(std::norm(peak) / std::max(spread, 1e-300));
    if (snr < d_config.detection_snr)
        return std::nullopt;
    // The line is exp(+j 2 pi (t - t0) / T): its phase at the first point gives the next symbol instant.
    const double samples_per_symbol = d_config.samples_per_symbol / (1.0 + ppm * 1e-6);
    const double fraction = -std::arg(peak) / (2.0 * pi);
    return acquisition_result{
        0.0, samples_per_symbol, d_first + (fraction - std::floor(fraction)) * samples_per_symbol, snr
    };
}

double acquisition::carrier_line(std::span<const float> samples, const acquisition_result& clock)
{
    const double last = static_cast<double>(samples.size() / 2) - static_cast<double>(d_sampler.reach()) - 1.0;
    const auto n = static_cast<std::size_t>(std::max((last - clock.first_symbol) / clock.samples_per_symbol, 0.0));
    d_re.resize(n);
    d_im.resize(n);
    d_sampler.sample(d_rotated.data(), clock.first_symbol, clock.samples_per_symbol, n, d_re.data(), d_im.data());
    const int order = d_config.kind == modulation::bpsk ? 2 : 4;
    static const auto window = hann(carrier_block);
    std::vector<double> power(carrier_len, 0.0);
    const std::size_t block = std::min(n, carrier_block);
    std::size_t spectra = 0;
    for (std::size_t begin = 0; begin + block <= n; begin += std::max<std::size_t>(block / 2, 1), ++spectra) {
        auto data = d_carrier.data();
        std::fill(data.begin(), data.end(), complexf{});
        for (std::size_t i = 0; i < block; ++i) {
            // The order-th power of the phase with the amplitude compressed: strong symbols must not drown the others.
            const complexf s(d_re[begin + i], d_im[begin + i]);
            const float magnitude = std::abs(s);
            if (magnitude > 0.0f) {
                const complexf u = s / magnitude;
                const complexf u2 = u * u;
                data[i] = window[i] * std::sqrt(magnitude) * (order == 2 ? u2 : u2 * u2);
            }
        }
        d_carrier.execute();
        for (std::size_t i = 0; i < carrier_len; ++i)
            power[i] += std::norm(data[i]);
    }
    double mean = 0.0;
    for (const double p : power)
        mean += p / carrier_len;
    const auto at = [&](std::ptrdiff_t i) { return power[wrapped_bin(i, carrier_len)]; };
    // A coarse converter's own grid of values leaves a line of its own, at its frequency zero: another one is preferred.
    const double sure = mean * (1.0 + sure_deviations / std::sqrt(overlap_share * static_cast<double>(spectra)));
    const double grid_bin =
        (d_converter_zero_cps - d_filter_centre_cps) * clock.samples_per_symbol * order * carrier_len;
    const auto is_of_grid = [&](std::ptrdiff_t i) {
        return std::abs(std::remainder(static_cast<double>(i) - grid_bin, carrier_len)) < grid_line_bins;
    };
    const auto strongest_of = [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
        double most = 0.0;
        for (std::ptrdiff_t i = begin; i < end; ++i)
            most = std::max(most, at(i));
        return most;
    };
    constexpr auto line_width = static_cast<std::ptrdiff_t>(grid_line_bins);
    const auto is_peak = [&](std::ptrdiff_t i) { // and no flank of a stronger line
        return at(i) >= strongest_of(i - line_width, i + line_width + 1);
    };
    const auto is_broad = [&](std::ptrdiff_t i) { // by phase noise, which the grid does not have
        const double below = strongest_of(i - 2 * line_width, i - line_width);
        return std::min(below, strongest_of(i + line_width + 1, i + 2 * line_width + 1)) > broad_flank * at(i);
    };
    const auto strongest = [&](double reach_norm) {
        const auto reach = static_cast<std::ptrdiff_t>(reach_norm * order * static_cast<double>(carrier_len));
        std::ptrdiff_t best = 0;
        for (std::ptrdiff_t i = -reach; i <= reach; ++i)
            if (at(i) > at(best))
                best = i;
        if (!is_of_grid(best) || is_broad(best))
            return best;
        std::ptrdiff_t other = best;
        double least = std::max(sure, least_beside_grid * at(best));
        for (std::ptrdiff_t i = -reach; i <= reach; ++i)
            if (at(i) > least && !is_of_grid(i) && is_peak(i)) {
                other = i;
                least = at(i);
            }
        return other;
    };
    const std::ptrdiff_t near = strongest(near_offset_norm), far = strongest(far_offset_norm);
    const std::ptrdiff_t best = at(far) > far_excess * at(near) ? far : near;
    const double fine = static_cast<double>(best) + parabola(at(best - 1), at(best), at(best + 1));
    return fine / carrier_len / order / clock.samples_per_symbol;
}

std::optional<acquisition_result> acquisition::line_pair()
{
    // y^2 turned by minus and plus the nominal symbol rate, two symbols a sum: lines at 2f + d and 2f - d, d the clock error.
    const std::size_t sums = std::min(d_re.size() / pair_sum, pair_len);
    if (sums < 256)
        return std::nullopt;
    static constexpr complexf quarter_turns[4] = { { 1, 0 }, { 0, -1 }, { -1, 0 }, { 0, 1 } };
    auto high = d_pair_high.data(), low = d_pair_low.data();
    std::fill(high.begin(), high.end(), complexf{});
    std::fill(low.begin(), low.end(), complexf{});
    for (std::size_t s = 0; s < sums; ++s)
        for (std::size_t i = 0; i < pair_sum; ++i) {
            const complexf y(d_re[s * pair_sum + i], d_im[s * pair_sum + i]);
            const complexf y2 = y * y;
            high[s] += y2 * quarter_turns[i % 4];
            low[s] += y2 * std::conj(quarter_turns[i % 4]);
        }
    d_pair_high.execute();
    d_pair_low.execute();
    // One bin is 1 / (2 pair_len) cycles per symbol; twice the carrier, so half of that in carrier frequency.
    const double bin_norm = 1.0 / (2.0 * static_cast<double>(pair_len));
    const auto clock_reach = static_cast<std::ptrdiff_t>(std::ceil(d_config.clock_range_ppm * 1e-6 / bin_norm));
    const auto near_reach = static_cast<std::ptrdiff_t>(2.0 * near_offset_norm / bin_norm);
    const auto far_reach = static_cast<std::ptrdiff_t>(2.0 * far_offset_norm / bin_norm);
    const auto pair_power = [&](std::ptrdiff_t h, std::ptrdiff_t l) {
        return static_cast<double>(std::norm(high[wrapped_bin(h, pair_len)]) +
                                   std::norm(low[wrapped_bin(l, pair_len)]));
    };
    double best_power = 0.0, mean = 0.0;
    std::ptrdiff_t best_high = 0, best_low = 0;
    std::size_t tried = 0;
    for (const std::ptrdiff_t reach : { near_reach, far_reach }) {
        const double least = reach == far_reach ? far_excess * best_power : 0.0;
        // Every pair of bins: their distance may be odd.
        for (std::ptrdiff_t h = -reach; h <= reach; ++h)
            for (std::ptrdiff_t l = h - 2 * clock_reach; l <= h + 2 * clock_reach; ++l, ++tried) {
                const double p = pair_power(h, l);
                mean += p;
                if (p > std::max(best_power, least)) {
                    best_power = p;
                    best_high = h;
                    best_low = l;
                }
            }
    }
    mean /= static_cast<double>(tried);
    const float snr = static_cast<float>(best_power / std::max(mean, 1e-300));
    if (snr < d_config.detection_snr)
        return std::nullopt;
    const auto refine = [](fft& line, std::ptrdiff_t bin) {
        const auto at = [&](std::ptrdiff_t i) {
            return static_cast<double>(std::norm(line.data()[wrapped_bin(i, pair_len)]));
        };
        return static_cast<double>(bin) + parabola(at(bin - 1), at(bin), at(bin + 1));
    };
    const double high_bin = refine(d_pair_high, best_high);
    const double low_bin = refine(d_pair_low, best_low);
    const double carrier_per_symbol = 0.25 * (high_bin + low_bin) * bin_norm;
    // The clock once more from how the angle between the two lines turns from part to part of the stretch: the carrier's phase
    // noise, which is the same in both lines, cancels. Then the instants, from the angle at the first point.
    constexpr std::size_t parts = 8;
    const std::size_t part_len = sums / parts;
    const double rough_clock = 0.5 * (high_bin - low_bin) * bin_norm;
    complexd lines[parts];
    for (std::size_t p = 0; p < parts; ++p) {
        complexd high_line = 0.0, low_line = 0.0;
        for (std::size_t k = p * part_len; k < (p + 1) * part_len; ++k) {
            complexd high_sum = 0.0, low_sum = 0.0;
            for (std::size_t i = 0; i < pair_sum; ++i) {
                const complexd y(d_re[k * pair_sum + i], d_im[k * pair_sum + i]);
                const complexd quarter(quarter_turns[i % 4]);
                high_sum += y * y * quarter;
                low_sum += y * y * std::conj(quarter);
            }
            const double place = static_cast<double>(k) / static_cast<double>(pair_len);
            high_line += high_sum * turn(-high_bin * place);
            low_line += low_sum * turn(-low_bin * place);
        }
        lines[p] = high_line * std::conj(low_line);
    }
    complexd advance = 0.0, total = 0.0;
    for (std::size_t p = 0; p + 1 < parts; ++p)
        advance += lines[p + 1] * std::conj(lines[p]);
    const double cycles_per_part = std::arg(advance) / (2.0 * pi);
    for (std::size_t p = 0; p < parts; ++p)
        total += lines[p] * turn(-cycles_per_part * (static_cast<double>(p) + 0.5));
    const double symbols_per_part = static_cast<double>(part_len * pair_sum / points_per_symbol);
    const double clock_error = rough_clock + 0.5 * cycles_per_part / symbols_per_part;
    const double samples_per_symbol = d_config.samples_per_symbol / (1.0 + clock_error);
    double fraction = -std::arg(total) / (4.0 * pi); // of a symbol, modulo one half: either rail
    fraction -= std::floor(fraction * 2.0) / 2.0;
    return acquisition_result{
        carrier_per_symbol / samples_per_symbol, samples_per_symbol, d_first + fraction * samples_per_symbol, snr
    };
}

} // namespace xband::core
