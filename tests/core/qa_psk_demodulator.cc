// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/psk_demodulator.h"
#include "test_signal.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>
#include <tuple>

using namespace xband::core;
namespace bdata = boost::unit_test::data;

namespace {

constexpr modulation all_kinds[] = { modulation::bpsk, modulation::qpsk, modulation::oqpsk };

psk_demodulator_config config_for(const test_signal::recipe& r)
{
    psk_demodulator_config c;
    c.kind = r.kind;
    c.symbol_rate_hz = 1e6;
    c.sample_rate_hz = r.samples_per_symbol * 1e6;
    c.rolloff = r.rolloff;
    c.format = iq_format::cf32;
    return c;
}

struct output {
    std::vector<std::int8_t> soft;
    std::vector<clock_mark> marks;
    psk_demodulator_stats stats;
};

output
demodulate(const psk_demodulator_config& c, std::span<const std::byte> bytes, const std::vector<std::size_t>& chunks)
{
    psk_demodulator demodulator(c);
    output out;
    const auto drain = [&] {
        const std::size_t at = out.soft.size();
        out.soft.resize(at + demodulator.available());
        demodulator.pull(std::span(out.soft).subspan(at));
        clock_mark mark;
        while (demodulator.pull_mark(mark))
            out.marks.push_back(mark);
    };
    for (std::size_t at = 0, i = 0; at < bytes.size(); ++i) {
        const std::size_t n = std::min(chunks[i % chunks.size()], bytes.size() - at);
        demodulator.push(bytes.subspan(at, n));
        at += n;
        drain();
    }
    demodulator.flush();
    drain();
    out.stats = demodulator.stats();
    return out;
}

} // namespace

// Bit error rate against theory: Q(sqrt(2 Es/N0)) for BPSK, Q(sqrt(Es/N0)) a rail else. 15 % above it is 0.2 dB or less here.
BOOST_DATA_TEST_CASE(bit_errors_follow_theory,
                     bdata::make({ 0, 1, 2 }) * bdata::make({ 2.0, 2.2, 4.7, 7.0 }) * bdata::make({ -0.015, 0.003 }),
                     kind_index,
                     sps,
                     offset)
{
    test_signal::recipe r;
    r.kind = all_kinds[kind_index];
    r.samples_per_symbol = sps;
    r.offset_cps = offset / sps;
    r.es_n0_db = r.kind == modulation::bpsk ? 3.0 : 6.0;
    const auto sent = test_signal::make(r);
    const auto got = demodulate(config_for(r), std::as_bytes(std::span(sent.samples)), { 1u << 20 });
    const double snr = std::pow(10.0, r.es_n0_db / 10.0);
    const double theory = 0.5 * std::erfc(std::sqrt(r.kind == modulation::bpsk ? snr : snr / 2.0));
    BOOST_TEST(test_signal::bit_error_rate(sent, got.soft, r.kind) < 1.15 * theory);
    BOOST_TEST(got.stats.acquisitions == 1u);
    BOOST_TEST(std::abs(got.stats.es_n0_db - r.es_n0_db) < 0.5);
    BOOST_TEST(std::abs(got.stats.carrier_offset_hz - offset * 1e6) < 200.0);
    BOOST_TEST(std::abs(got.stats.symbol_rate_error_ppm) < 5.0);
    // Nothing is lost at either end: every symbol that was sent has a soft bit, and the marks say where.
    BOOST_TEST(got.soft.size() / rails(r.kind) + 2 >= r.symbols);
    BOOST_TEST(got.marks.front().first_sample < 2.0 * sps);
    for (std::size_t k = 1; k < got.marks.size(); ++k) {
        const auto& a = got.marks[k - 1];
        const auto& b = got.marks[k];
        const double predicted =
            a.first_sample + static_cast<double>(b.first_symbol - a.first_symbol) * a.samples_per_symbol;
        BOOST_TEST(std::abs(b.first_sample - predicted) < 0.05 * sps);
    }
}

// The phase's walk is known before the first symbol comes out. The best memory goes as 1 / sqrt(linewidth); here are 10 kHz and
// 100 Hz at 15 Msym/s.
BOOST_AUTO_TEST_CASE(phase_memory_is_learnt_from_the_kept_samples)
{
    for (const auto& [linewidth_norm, least, most] :
         { std::tuple{ 6.7e-4, 2.0f, 10.0f }, std::tuple{ 6.7e-6, 25.0f, 250.0f } }) {
        test_signal::recipe r;
        r.symbols = 18000;
        r.es_n0_db = 8.0;
        r.linewidth_norm = linewidth_norm;
        const auto sent = test_signal::make(r);
        psk_demodulator demodulator(config_for(r));
        demodulator.push(std::as_bytes(std::span(sent.samples)));
        const float memory = demodulator.stats().phase_memory_symbols;
        BOOST_TEST(memory > least);
        BOOST_TEST(memory < most);
    }
}

// Values of one bit: in the fourth power the converter's frequency zero has a stronger line than the carrier beside it.
BOOST_AUTO_TEST_CASE(an_overdriven_converter_does_not_draw_the_carrier)
{
    test_signal::recipe r;
    r.offset_cps = 0.005 / r.samples_per_symbol;
    r.symbols = 40000;
    auto sent = test_signal::make(r);
    for (auto& x : sent.samples)
        x = { std::copysign(0.5f, x.real()), std::copysign(0.5f, x.imag()) };
    const auto config = config_for(r);
    const auto got = demodulate(config, std::as_bytes(std::span(sent.samples)), { 1u << 20 });
    BOOST_TEST(got.stats.conditioning.saturated_share == 1.0f);
    BOOST_TEST(std::abs(got.stats.carrier_offset_hz - r.offset_cps * config.sample_rate_hz) < 200.0);
    BOOST_TEST(test_signal::bit_error_rate(sent, got.soft, r.kind) < 0.03);
}

BOOST_DATA_TEST_CASE(any_chunking_gives_the_same, bdata::make({ 0, 1, 2 }) * bdata::make({ 2.2, 7.3 }), kind_index, sps)
{
    test_signal::recipe r;
    r.kind = all_kinds[kind_index];
    r.es_n0_db = 4.0;
    r.offset_cps = 0.004;
    r.samples_per_symbol = sps;
    r.symbols = 40000;
    const auto sent = test_signal::make(r);
    const auto bytes = std::as_bytes(std::span(sent.samples));
    const auto whole = demodulate(config_for(r), bytes, { bytes.size() });
    for (const auto& chunks :
         std::vector<std::vector<std::size_t>>{ { 1001 }, { 7, 65536, 1, 32768, 4099 }, { 8 * 4096 } }) {
        const auto cut = demodulate(config_for(r), bytes, chunks);
        BOOST_TEST((cut.soft == whole.soft));
        BOOST_TEST(cut.marks.size() == whole.marks.size());
    }
}

BOOST_AUTO_TEST_CASE(noise_zeros_and_broken_samples_make_no_signal)
{
    test_signal::recipe r;
    std::mt19937 random(5);
    std::normal_distribution<float> gauss;
    std::vector<float> samples(2 * 400000);
    for (auto& x : samples)
        x = gauss(random);
    BOOST_TEST(demodulate(config_for(r), std::as_bytes(std::span(samples)), { 100000 }).stats.acquisitions == 0u);
    std::fill(samples.begin(), samples.end(), 0.0f);
    BOOST_TEST(demodulate(config_for(r), std::as_bytes(std::span(samples)), { 100000 }).soft.empty());
    std::fill(samples.begin(), samples.end(), std::numeric_limits<float>::quiet_NaN());
    BOOST_TEST(demodulate(config_for(r), std::as_bytes(std::span(samples)), { 100000 }).soft.empty());
    BOOST_TEST(demodulate(config_for(r), std::as_bytes(std::span(samples)).first(3), { 1 }).soft.empty());
}

// A drop-out is ridden through; a long one ends in a new search that finds the signal again.
BOOST_DATA_TEST_CASE(comes_back_after_a_drop_out, bdata::make({ 2000, 60000, 400000 }), gap_samples)
{
    test_signal::recipe r;
    r.symbols = 120000;
    r.es_n0_db = 6.0;
    const auto sent = test_signal::make(r);
    std::mt19937 random(5);
    std::normal_distribution<float> gauss(0.0f, 0.4f);
    std::vector<std::complex<float>> samples(sent.samples.begin(), sent.samples.begin() + 120000);
    for (int i = 0; i < gap_samples; ++i)
        samples.emplace_back(gauss(random), gauss(random));
    samples.insert(samples.end(), sent.samples.begin() + 120000, sent.samples.end());
    const auto got = demodulate(config_for(r), std::as_bytes(std::span(samples)), { 1u << 20 });
    BOOST_TEST(got.stats.is_locked);
    BOOST_TEST(std::abs(got.stats.es_n0_db - 6.0) < 0.5);
    const std::vector<std::int8_t> tail(got.soft.end() - 2 * 40000, got.soft.end());
    test_signal::signal end;
    end.bits.assign(sent.bits.end() - 2 * 40000, sent.bits.end());
    BOOST_TEST(test_signal::bit_error_rate(end, tail, r.kind) < 0.03); // 0.023 by theory
}

// A wide recording needs no hint: the signal is found anywhere in it, its first symbol included, and positions count samples of
// the recording.
BOOST_DATA_TEST_CASE(finds_a_signal_anywhere_in_a_wide_band, bdata::make({ -0.41, 0.27 }), offset)
{
    test_signal::recipe r;
    r.samples_per_symbol = 7.0;
    r.offset_cps = offset;
    r.es_n0_db = 3.0;
    r.symbols = 25000;
    const auto sent = test_signal::make(r);
    const auto bytes = std::as_bytes(std::span(sent.samples));
    psk_demodulator_config c = config_for(r);
    const auto got = demodulate(c, bytes, { 1u << 20 });
    BOOST_TEST(test_signal::bit_error_rate(sent, got.soft, r.kind) < 0.09); // 0.079 by theory
    BOOST_TEST(std::abs(got.stats.carrier_offset_hz - offset * 7e6) < 1000.0);
    BOOST_TEST(got.soft.size() / 2 + 2 >= r.symbols);
    BOOST_TEST(std::abs(std::remainder(got.marks.front().first_sample, 7.0)) < 0.5);
    c.searches_band = false;
    BOOST_TEST(demodulate(c, bytes, { 1u << 20 }).stats.acquisitions == 0u);
    c.frequency_offset_hz = offset * 7e6 + 5e4;
    BOOST_TEST(demodulate(c, bytes, { 1u << 20 }).stats.acquisitions == 1u);
}

// Samples that were lost on the way move the instants by any part of a symbol: they are right again two stretches later.
BOOST_DATA_TEST_CASE(jumps_with_the_clock_where_samples_are_lost,
                     bdata::make({ 1, 2 }) * bdata::make({ 1, 37 }),
                     kind_index,
                     lost)
{
    test_signal::recipe r;
    r.kind = all_kinds[kind_index];
    r.es_n0_db = 6.0;
    auto sent = test_signal::make(r);
    const auto cut = sent.samples.begin() + 66001; // symbol 30000
    sent.samples.erase(cut, cut + lost);
    const auto got = demodulate(config_for(r), std::as_bytes(std::span(sent.samples)), { 1u << 20 });
    BOOST_TEST(got.stats.acquisitions == 1u);
    const std::vector<std::int8_t> tail(got.soft.end() - 2 * 20000, got.soft.end());
    test_signal::signal end;
    end.bits.assign(sent.bits.end() - 2 * 20000, sent.bits.end());
    BOOST_TEST(test_signal::bit_error_rate(end, tail, r.kind) < 0.03); // 0.023 by theory
}

BOOST_AUTO_TEST_CASE(refuses_what_it_cannot_do)
{
    psk_demodulator_config c = config_for({});
    c.sample_rate_hz = 1.1e6;
    BOOST_CHECK_THROW(psk_demodulator{ c }, std::invalid_argument);
    c = config_for({});
    c.rolloff = 0.0;
    BOOST_CHECK_THROW(psk_demodulator{ c }, std::invalid_argument);
    c = config_for({});
    c.frequency_offset_hz = 1e9;
    BOOST_CHECK_THROW(psk_demodulator{ c }, std::invalid_argument);
}
