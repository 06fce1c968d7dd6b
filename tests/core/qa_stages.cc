// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/stages.h"
#include "test_signal.h"

#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <random>

using namespace xband::core;
namespace bdata = boost::unit_test::data;

namespace {

template <typename Out, typename Stage, typename In>
std::vector<Out> run(Stage& stage, const std::vector<In>& in, std::size_t chunk)
{
    std::vector<Out> out;
    const auto drain = [&] {
        const std::size_t at = out.size();
        out.resize(at + stage.available());
        stage.pull(std::span(out).subspan(at));
    };
    for (std::size_t at = 0; at < in.size(); at += chunk) {
        stage.push(std::span(in).subspan(at, std::min(chunk, in.size() - at)));
        drain();
    }
    stage.flush();
    drain();
    return out;
}

std::vector<soft_bit> chain(const std::vector<complexf>& samples, const test_signal::recipe& r, std::size_t chunk)
{
    agc_stage agc;
    symbol_timing_stage timing(r.kind, r.samples_per_symbol, r.rolloff);
    carrier_recovery_stage carrier(r.kind, r.rolloff);
    soft_demapper_stage demapper(r.kind);
    const auto levelled = run<complexf>(agc, samples, chunk);
    BOOST_TEST(levelled.size() == samples.size());
    const auto symbols = run<complexf>(timing, levelled, chunk);
    const auto upright = run<complexf>(carrier, symbols, chunk);
    BOOST_TEST(upright.size() == symbols.size());
    return run<soft_bit>(demapper, upright, chunk);
}

} // namespace

BOOST_DATA_TEST_CASE(the_chain_reaches_theory_in_any_chunks,
                     bdata::make({ 0, 1 }) * bdata::make({ 2.1, 3.7 }),
                     kind_index,
                     sps)
{
    test_signal::recipe r;
    r.kind = kind_index == 0 ? modulation::bpsk : modulation::qpsk;
    r.samples_per_symbol = sps;
    r.offset_cps = 0.006;
    r.es_n0_db = kind_index == 0 ? 3.0 : 6.0;
    const auto sent = test_signal::make(r);
    const auto soft = chain(sent.samples, r, 1u << 20);
    const double snr = std::pow(10.0, r.es_n0_db / 10.0);
    const double theory = 0.5 * std::erfc(std::sqrt(kind_index == 0 ? snr : snr / 2.0));
    BOOST_TEST(test_signal::bit_error_rate(sent, soft, r.kind) < 1.15 * theory);
    BOOST_TEST(soft.size() / rails(r.kind) + 2 >= r.symbols);
    BOOST_TEST((chain(sent.samples, r, 4099) == soft));
}

// Two matched filters back to back make the raised cosine: no interference at the symbol instants.
BOOST_AUTO_TEST_CASE(matched_filter_gives_back_the_symbols)
{
    test_signal::recipe r;
    r.samples_per_symbol = 2.0;
    r.es_n0_db = 200.0;
    r.symbols = 5000;
    const auto sent = test_signal::make(r);
    matched_filter_stage filter(r.samples_per_symbol, r.rolloff);
    const auto out = run<complexf>(filter, sent.samples, 777);
    BOOST_TEST(out.size() == sent.samples.size());
    for (std::size_t k = 100; k < 4900; ++k) {
        const double i = sent.bits[2 * k] ? -std::numbers::sqrt2 / 2 : std::numbers::sqrt2 / 2;
        BOOST_TEST(std::abs(out[2 * k].real() - i) < 0.02);
    }
}

BOOST_AUTO_TEST_CASE(frequency_correction_is_one_for_one_and_chunk_free)
{
    std::vector<complexf> samples(20000, complexf(1.0f, 0.0f));
    const frequency_plan plan{ { 100, { 1000.0, -50.0 } } };
    frequency_correction_stage a(iq_format::cf32, 1e6, 200.0, plan), b(iq_format::cf32, 1e6, 200.0, plan);
    const auto octets = std::as_bytes(std::span(samples));
    const std::vector<std::byte> iq(octets.begin(), octets.end());
    const auto whole = run<complexf>(a, iq, iq.size());
    BOOST_TEST(whole.size() == samples.size());
    BOOST_TEST((run<complexf>(b, iq, 333) == whole));
    const double cycles = phase_cycles(plan, 15000.0, 1e6) + 200.0 * 15000.0 / 1e6;
    BOOST_TEST(std::abs(whole[15000] - complexf(std::polar(1.0, -2.0 * std::numbers::pi * cycles))) < 1e-3f);
}

// Rails that move in straight lines from symbol to symbol, turned: all of both samples of each symbol come out turned alike.
BOOST_DATA_TEST_CASE(carrier_recovery_turns_every_sample, bdata::make({ 0, 1, 2 }), kind_index)
{
    const modulation kind = std::array{ modulation::bpsk, modulation::qpsk, modulation::oqpsk }[kind_index];
    constexpr std::size_t n = 9000;
    const bool has_q = rails(kind) == 2, is_late = kind == modulation::oqpsk;
    std::mt19937 random(3);
    std::vector<float> i(n + 2), q(n + 2);
    for (std::size_t k = 0; k < n + 2; ++k) {
        i[k] = random() >> 31 ? 0.7f : -0.7f;
        q[k] = has_q ? (random() >> 31 ? 0.7f : -0.7f) : 0.0f;
    }
    std::vector<complexf> upright(2 * n), turned(2 * n);
    for (std::size_t k = 0; k < n; ++k) {
        const float i_after = 0.5f * (i[k] + i[k + 1]), q_after = 0.5f * (q[k + 1] + q[k + 2]);
        const float q_before = 0.5f * (q[k] + q[k + 1]);
        upright[2 * k] = { i[k], is_late ? q_before : q[k + 1] };
        upright[2 * k + 1] = { i_after, is_late ? q[k + 1] : q_after };
    }
    for (std::size_t k = 0; k < 2 * n; ++k)
        turned[k] = upright[k] * std::polar(1.0f, 0.3f);
    carrier_recovery_stage carrier(kind, 0.5);
    const auto out = run<complexf>(carrier, turned, 777);
    BOOST_TEST(out.size() == 2 * n);
    const complexf quarters = out[100] / upright[100]; // which of the constellation's own turns it came out with
    for (std::size_t k = 0; k < 2 * n; ++k)
        BOOST_TEST(std::abs(out[k] - quarters * upright[k]) < 0.1f, "sample " << k);
}

BOOST_AUTO_TEST_CASE(timing_alone_refuses_oqpsk)
{
    BOOST_CHECK_THROW(symbol_timing_stage(modulation::oqpsk, 2.0, 0.5), std::invalid_argument);
}
