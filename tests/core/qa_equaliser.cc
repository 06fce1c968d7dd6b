// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/equaliser.h"
#include "dsp/psk_demodulator.h"
#include "dsp/rrc.h"
#include "test_signal.h"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <numbers>
#include <random>

using namespace xband::core;
namespace bdata = boost::unit_test::data;

namespace {

constexpr modulation all_kinds[] = { modulation::bpsk, modulation::qpsk, modulation::oqpsk };
constexpr std::size_t stretch = 4096;

using paths = std::vector<test_signal::echo>;

/// A direct ray of strength 1 and what comes beside it.
const paths channels[] = {
    {},                                                                 // clean
    { { 1.3, { 0.16, 0.27 } } },                                        // -10 dB
    { { 1.3, { 0.25, 0.43 } } },                                        // -6 dB
    { { -1.0, { 0.15, -0.1 } }, { 1.0, { 0.15, 0.1 } }, { 2.5, 0.1 } }, // a filter's ripple
};

/// Upright T/2 samples behind a matched filter, and the data in them.
struct upright {
    symbol_buffer symbols;
    std::vector<float> first, second; ///< data of the rails, +-1
};

upright make(modulation kind, const paths& echoes, double es_n0_db, std::size_t n, unsigned seed)
{
    constexpr int span = 8;
    std::mt19937 random(seed);
    upright out;
    const bool has_second = rails(kind) == 2;
    for (std::size_t k = 0; k < n; ++k) {
        out.first.push_back(random() >> 31 ? 1.0f : -1.0f);
        out.second.push_back(!has_second ? 0.0f : random() >> 31 ? 1.0f : -1.0f);
    }
    // Responses of both rails at whole and half symbols: raised cosines. The noise is white before the matched filter, so its
    // correlation is one too: half-symbol samples bring nothing where there is no echo.
    const auto response = [&](double t) {
        std::complex<double> total = raised_cosine_pulse(t, 0.5);
        for (const auto& e : echoes)
            total += e.gain * raised_cosine_pulse(t - e.delay_symbols, 0.5);
        return std::complex<float>(total);
    };
    std::vector<std::complex<float>> at_half(4 * span + 2);
    for (int i = 0; i < 4 * span + 2; ++i)
        at_half[static_cast<std::size_t>(i)] = response(0.5 * (i - 2 * span));
    const float sigma = static_cast<float>(std::sqrt(rails(kind) * std::pow(10.0, -es_n0_db / 10.0) / 2.0));
    std::normal_distribution<float> gauss(0.0f, sigma * std::numbers::sqrt2_v<float> / 2.0f);
    std::vector<std::complex<float>> noise(2 * n + 4 * span);
    for (auto& x : noise)
        x = { gauss(random), gauss(random) };
    std::vector<float> matched(4 * span);
    for (int i = 0; i < 4 * span; ++i)
        matched[static_cast<std::size_t>(i)] = static_cast<float>(rrc_pulse(0.5 * (i - 2 * span), 0.5));
    out.symbols.resize(n);
    const int skew = kind == modulation::oqpsk ? 1 : 0;
    for (std::size_t k = 0; k < n; ++k)
        for (int half = 0; half < 2; ++half) {
            std::complex<float> sum;
            for (std::size_t i = 0; i < matched.size(); ++i)
                sum += matched[i] * noise[2 * k + static_cast<std::size_t>(half) + i];
            for (int i = -span + 1; i < span; ++i) {
                const auto symbol = static_cast<std::ptrdiff_t>(k) + i;
                if (symbol < 0 || symbol >= static_cast<std::ptrdiff_t>(n))
                    continue;
                const auto s = static_cast<std::size_t>(symbol);
                const int place = 2 * span - 2 * i + half;
                sum += out.first[s] * at_half[static_cast<std::size_t>(place)] +
                       std::complex<float>(0.0f, out.second[s]) * at_half[static_cast<std::size_t>(place - skew)];
            }
            (half ? out.symbols.half_re : out.symbols.on_re)[k] = sum.real();
            (half ? out.symbols.half_im : out.symbols.on_im)[k] = sum.imag();
        }
    return out;
}

symbol_buffer part_of(const symbol_buffer& all, std::size_t first, std::size_t n)
{
    symbol_buffer part;
    const auto copy = [&](aligned_vector<float>& to, const aligned_vector<float>& from) {
        const auto begin = from.begin() + static_cast<std::ptrdiff_t>(std::min(first, from.size()));
        const auto left = std::min<std::size_t>(n, static_cast<std::size_t>(from.end() - begin));
        to.assign(begin, begin + static_cast<std::ptrdiff_t>(left));
        to.resize(n, 0.0f);
    };
    copy(part.on_re, all.on_re);
    copy(part.on_im, all.on_im);
    copy(part.half_re, all.half_re);
    copy(part.half_im, all.half_im);
    return part;
}

/// Feeds one stretch. \return its symbols as they came out
symbol_buffer feed(equaliser& e, const symbol_buffer& all, std::size_t first, std::size_t n = stretch)
{
    symbol_buffer part = part_of(all, first, n);
    e.process(part, n, part_of(all, first + n, equaliser::look_ahead_symbols), true);
    return part;
}

const aligned_vector<float>& second_rail(modulation kind, const symbol_buffer& s)
{
    return kind == modulation::oqpsk ? s.half_im : s.on_im;
}

/// Signal to noise and interference, dB, of both rails together against the data.
double sinr_db(modulation kind, const symbol_buffer& got, const upright& sent, std::size_t first)
{
    double product = 0.0, power = 0.0, count = 0.0;
    for (std::size_t k = 0; k < got.size(); ++k)
        for (unsigned rail = 0; rail < rails(kind); ++rail) {
            const double value = static_cast<double>((rail ? second_rail(kind, got) : got.on_re)[k]);
            product += value * static_cast<double>((rail ? sent.second : sent.first)[first + k]);
            power += value * value;
            count += 1.0;
        }
    const double amplitude = product / count, s = amplitude * amplitude;
    return 10.0 * std::log10(s / (power / count - s));
}

/// The least-squares solution with the data known: what 25 complex T/2 taps can reach at all. By rows of a plain QR.
double bound_db(modulation kind, const upright& sent)
{
    constexpr std::ptrdiff_t reach = 12;
    constexpr std::size_t unknowns = 2 * (2 * reach + 1);
    std::vector<std::vector<double>> normal(unknowns, std::vector<double>(unknowns + 1, 0.0));
    double count = 0.0;
    std::vector<double> x(unknowns);
    const auto& s = sent.symbols;
    const std::size_t end = std::min<std::size_t>(s.size() - 20, 30000);
    for (std::size_t k = 20; k < end; ++k)
        for (unsigned rail = 0; rail < rails(kind); ++rail) {
            for (std::ptrdiff_t tap = -reach; tap <= reach; ++tap) {
                const std::ptrdiff_t half =
                    2 * static_cast<std::ptrdiff_t>(k) + tap + (kind == modulation::oqpsk && rail);
                const auto at = static_cast<std::size_t>(half / 2);
                const double re = static_cast<double>((half % 2 ? s.half_re : s.on_re)[at]);
                const double im = static_cast<double>((half % 2 ? s.half_im : s.on_im)[at]);
                const auto column = static_cast<std::size_t>(tap + reach);
                x[column] = rail ? im : re;
                x[unknowns / 2 + column] = rail ? -re : im;
            }
            const double d = static_cast<double>((rail ? sent.second : sent.first)[k]);
            for (std::size_t p = 0; p < unknowns; ++p) {
                for (std::size_t q = 0; q < unknowns; ++q)
                    normal[p][q] += x[p] * x[q];
                normal[p][unknowns] += x[p] * d;
            }
            count += 1.0;
        }
    // The share of the data's power that the solution explains is p' R^-1 p = S / (S + N): Gauss, and the product.
    std::vector<double> p(unknowns);
    for (std::size_t i = 0; i < unknowns; ++i)
        p[i] = normal[i][unknowns];
    for (std::size_t i = 0; i < unknowns; ++i)
        for (std::size_t j = i + 1; j < unknowns; ++j) {
            const double factor = normal[j][i] / normal[i][i];
            for (std::size_t c = i; c <= unknowns; ++c)
                normal[j][c] -= factor * normal[i][c];
        }
    double explained = 0.0;
    for (std::size_t i = unknowns; i-- > 0;) {
        for (std::size_t c = i + 1; c < unknowns; ++c)
            normal[i][unknowns] -= normal[i][c] * normal[c][unknowns];
        normal[i][unknowns] /= normal[i][i];
        explained += normal[i][unknowns] * p[i] / count;
    }
    return 10.0 * std::log10(explained / (1.0 - explained));
}

} // namespace

BOOST_DATA_TEST_CASE(reaches_what_known_data_would,
                     bdata::make({ 0, 1, 2 }) * bdata::make({ 1, 2, 3 }) * bdata::make({ 3.0, 12.0 }),
                     kind_index,
                     channel,
                     es_n0_db)
{
    const modulation kind = all_kinds[kind_index];
    constexpr std::size_t n_stretches = 16;
    const auto sent = make(kind, channels[channel], es_n0_db, n_stretches * stretch, 3);
    const double bound = bound_db(kind, sent);
    equaliser e(kind, equaliser_mode::automatic);
    symbol_buffer got = feed(e, sent.symbols, 0);
    const bool is_plain = channel < 3 && (kind != modulation::bpsk || es_n0_db > 6.0);
    if (is_plain) { // removed from the first symbol on
        BOOST_TEST(e.is_active());
        BOOST_TEST(sinr_db(kind, got, sent, 0) > bound - 0.5);
    }
    std::size_t at = stretch;
    for (; at < sent.symbols.size(); at += stretch)
        got = feed(e, sent.symbols, at);
    const double before = sinr_db(kind, part_of(sent.symbols, at - stretch, stretch), sent, at - stretch);
    const double after = sinr_db(kind, got, sent, at - stretch);
    if (!e.is_active()) {
        BOOST_TEST(bound - before < 0.2); // too little to be sure in so short a time
        return;
    }
    BOOST_TEST(after > bound - (is_plain ? 0.15 : 0.25));
    BOOST_TEST(after > before);
    BOOST_TEST(std::abs(static_cast<double>(e.gain_db()) - (after - before)) < 0.4);
    BOOST_TEST(e.taps().size() == 25u);
    if (channel == 2 &&
        kind != modulation::bpsk) // an echo of -6 dB, nearly all of which falls into the symbol instants
        BOOST_TEST(std::abs(static_cast<double>(e.isi_db()) + 6.0) < 1.5);
}

// Neither weak nor strong signals that are clean wake it, and symbols stay as they are to the last bit.
BOOST_DATA_TEST_CASE(stays_off_on_a_clean_signal,
                     bdata::make({ 0, 1, 2 }) * bdata::make({ 1.5, 15.0 }),
                     kind_index,
                     es_n0_db)
{
    const modulation kind = all_kinds[kind_index];
    const auto sent = make(kind, {}, es_n0_db, 100 * stretch, 4);
    equaliser e(kind, equaliser_mode::automatic);
    bool was_active = false, is_same = true;
    for (std::size_t at = 0; at < sent.symbols.size(); at += stretch) {
        const auto got = feed(e, sent.symbols, at), in = part_of(sent.symbols, at, stretch);
        was_active |= e.is_active();
        is_same &= got.on_re == in.on_re && got.on_im == in.on_im && got.half_im == in.half_im;
    }
    BOOST_TEST(!was_active);
    BOOST_TEST(is_same);
    BOOST_TEST(!e.wants_halves());
    BOOST_TEST(e.isi_db() < -20.0f);
    BOOST_TEST(e.gain_db() == 0.0f);
    BOOST_TEST(e.taps().empty());
}

BOOST_AUTO_TEST_CASE(follows_an_echo_that_comes_and_goes)
{
    const auto clean = make(modulation::qpsk, {}, 6.0, 140 * stretch, 5);
    const auto smeared = make(modulation::qpsk, channels[2], 6.0, 60 * stretch, 6);
    equaliser e(modulation::qpsk, equaliser_mode::automatic);
    for (std::size_t at = 0; at < 10 * stretch; at += stretch)
        feed(e, clean.symbols, at);
    BOOST_TEST(!e.is_active());
    for (std::size_t at = 0; at < smeared.symbols.size(); at += stretch)
        feed(e, smeared.symbols, at);
    BOOST_TEST(e.is_active());
    for (std::size_t at = 10 * stretch; at < clean.symbols.size(); at += stretch)
        feed(e, clean.symbols, at);
    BOOST_TEST(!e.is_active());
}

BOOST_AUTO_TEST_CASE(does_as_it_is_told)
{
    const auto sent = make(modulation::qpsk, channels[2], 8.0, 4 * stretch, 7);
    equaliser off(modulation::qpsk, equaliser_mode::off), on(modulation::qpsk, equaliser_mode::on);
    BOOST_TEST(!off.wants_halves());
    BOOST_TEST((feed(off, sent.symbols, 0).on_re == part_of(sent.symbols, 0, stretch).on_re));
    BOOST_TEST(std::isnan(off.isi_db()));
    feed(on, sent.symbols, 0);
    BOOST_TEST(on.is_active());
    // The end of a signal is shorter than a stretch and still equalised.
    const auto tail = feed(on, sent.symbols, stretch, 160);
    BOOST_TEST(sinr_db(modulation::qpsk, tail, sent, stretch) > 5.0);
    on.restart();
    BOOST_TEST(!on.is_active());
}

// Noise alone and silence teach it nothing and break nothing.
BOOST_DATA_TEST_CASE(survives_what_is_no_signal, bdata::make({ 0.0f, 1.0f }), level)
{
    std::mt19937 random(8);
    std::normal_distribution<float> gauss;
    symbol_buffer noise;
    noise.resize(20 * stretch);
    for (auto* row : { &noise.on_re, &noise.on_im, &noise.half_re, &noise.half_im })
        for (float& x : *row)
            x = level * gauss(random);
    for (const auto mode : { equaliser_mode::automatic, equaliser_mode::on }) {
        equaliser e(modulation::qpsk, mode);
        for (std::size_t at = 0; at < noise.size(); at += stretch) {
            const auto got = feed(e, noise, at);
            BOOST_TEST(std::all_of(got.on_re.begin(), got.on_re.end(), [](float x) { return std::isfinite(x); }));
        }
        BOOST_TEST((mode == equaliser_mode::on || !e.is_active()));
    }
}

// Through the demodulator: the echo costs bits without it, and any division of the input gives the same.
BOOST_DATA_TEST_CASE(works_in_the_demodulator, bdata::make({ 0, 1, 2 }), kind_index)
{
    test_signal::recipe r;
    r.kind = all_kinds[kind_index];
    r.es_n0_db = r.kind == modulation::bpsk ? 4.0 : 8.0;
    r.offset_cps = 0.003;
    r.echoes = { { 1.3, { 0.25, 0.43 } } };
    const auto sent = test_signal::make(r);
    const auto bytes = std::as_bytes(std::span(sent.samples));
    const auto receive = [&](equaliser_mode mode, std::size_t chunk) {
        psk_demodulator_config c;
        c.kind = r.kind;
        c.symbol_rate_hz = 1e6;
        c.sample_rate_hz = r.samples_per_symbol * 1e6;
        c.format = iq_format::cf32;
        c.equalisation = mode;
        psk_demodulator demodulator(c);
        for (std::size_t at = 0; at < bytes.size(); at += chunk)
            demodulator.push(bytes.subspan(at, std::min(chunk, bytes.size() - at)));
        demodulator.flush();
        BOOST_TEST(demodulator.stats().is_equaliser_active == (mode == equaliser_mode::automatic));
        std::vector<std::int8_t> soft(demodulator.available());
        demodulator.pull(soft);
        return soft;
    };
    const auto with = receive(equaliser_mode::automatic, bytes.size());
    const auto without = receive(equaliser_mode::off, bytes.size());
    BOOST_TEST((receive(equaliser_mode::automatic, 10007) == with));
    const double errors_with = test_signal::bit_error_rate(sent, with, r.kind);
    const double errors_without = test_signal::bit_error_rate(sent, without, r.kind);
    BOOST_TEST(errors_with < 0.5 * errors_without);
}
