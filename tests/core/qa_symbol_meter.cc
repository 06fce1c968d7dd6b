// SPDX-License-Identifier: GPL-3.0-or-later
// Es/N0 and EVM against signals of which both are known: bare symbols, then simulated samples through the demodulator.
#include "dsp/psk_demodulator.h"
#include "dsp/signal_simulator.h"
#include "dsp/symbol_meter.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>

using namespace xband::core;
namespace bdata = boost::unit_test::data;

namespace {

constexpr modulation all_kinds[] = { modulation::bpsk, modulation::qpsk, modulation::oqpsk };

/// Upright symbols of unit power in noise; OQPSK's rails are independent here, and silent across.
struct bare_symbols {
    bare_symbols(modulation kind, double es_n0_db, std::size_t n, double wobble_rad = 0.0)
    {
        std::mt19937 random(7);
        std::normal_distribution<double> gauss(0.0, std::sqrt(std::pow(10.0, -es_n0_db / 10.0) / 2.0));
        const double level = kind == modulation::bpsk ? 1.0 : std::sqrt(0.5);
        for (std::size_t k = 0; k < n; ++k) {
            const double a = random() >> 31 ? level : -level;
            const double b = kind == modulation::bpsk ? 0.0 : random() >> 31 ? level : -level;
            const double phase = wobble_rad * std::sin(static_cast<double>(k) / 40.0);
            i.push_back(static_cast<float>(a * std::cos(phase) - b * std::sin(phase) + gauss(random)));
            q.push_back(static_cast<float>(b * std::cos(phase) + a * std::sin(phase) + gauss(random)));
        }
    }

    void give_to(symbol_meter& meter) const
    {
        constexpr std::size_t stretch = 4096;
        for (std::size_t at = 0; at < i.size(); at += stretch)
            meter.add(&i[at], &q[at], &q[at], std::min(stretch, i.size() - at));
    }

    std::vector<float> i, q;
};

struct readings {
    double mean_es_n0_db, mean_evm_percent;
};

/// Through modulator, channel (offset, ramp, 20 ppm, 100 Hz linewidth at 15 Msym/s, 16 bits) and demodulator.
readings receive(modulation kind, double es_n0_db)
{
    constexpr double symbol_rate_hz = 15e6, sps = 2.2;
    constexpr std::size_t n_symbols = 160'000;
    psk_modulator_config modulator;
    modulator.kind = kind;
    modulator.samples_per_symbol = sps * (1.0 + 20e-6);
    channel_model_config channel;
    channel.sample_rate_hz = sps * symbol_rate_hz;
    channel.samples_per_symbol = sps;
    channel.frequency_offset_hz = 120e3;
    channel.frequency_ramp_hz_s = 5e3;
    channel.linewidth_hz = 100.0;
    channel.es_n0 = { { 0.0, es_n0_db } };
    channel.format = iq_format::cs16;
    signal_simulator simulator(modulator, channel, { 1.0 });
    std::mt19937 random(11);
    std::vector<std::uint8_t> bits(n_symbols * rails(kind));
    for (auto& bit : bits)
        bit = static_cast<std::uint8_t>(random() >> 31);
    simulator.push(bits);
    std::vector<std::byte> iq(simulator.available() * simulator.sample_len_bytes());
    simulator.pull(iq);

    psk_demodulator_config config;
    config.kind = kind;
    config.sample_rate_hz = sps * symbol_rate_hz;
    config.symbol_rate_hz = symbol_rate_hz;
    config.format = iq_format::cs16;
    psk_demodulator demodulator(config);
    demodulator.push(iq);
    readings sum{};
    unsigned n = 0;
    clock_mark mark;
    while (demodulator.pull_mark(mark)) {
        if (mark.first_symbol < 20 * 4096)
            continue; // the clock settles: at 25 dB a residue of 1 % of a symbol still shows
        sum.mean_es_n0_db += static_cast<double>(mark.es_n0_db);
        sum.mean_evm_percent += static_cast<double>(mark.evm_percent);
        ++n;
    }
    return { sum.mean_es_n0_db / n, sum.mean_evm_percent / n };
}

} // namespace

BOOST_DATA_TEST_CASE(es_n0_is_unbiased_through_the_demodulator,
                     bdata::make({ 0, 1, 2 }) * bdata::make({ 0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0 }),
                     kind_index,
                     es_n0_db)
{
    const readings got = receive(all_kinds[kind_index], es_n0_db);
    BOOST_TEST(std::abs(got.mean_es_n0_db - es_n0_db) < 0.2);
    if (es_n0_db >= 10.0 && es_n0_db <= 20.0)
        BOOST_TEST(got.mean_evm_percent == 100.0 * std::pow(10.0, -es_n0_db / 20.0),
                   boost::test_tools::tolerance(0.06));
}

BOOST_DATA_TEST_CASE(wobble_of_the_carrier_is_no_noise_but_error_vector, bdata::make({ 0, 1 }), kind_index)
{
    const modulation kind = all_kinds[kind_index];
    symbol_meter meter(kind);
    bare_symbols(kind, 20.0, 1 << 17, 0.1).give_to(meter);
    BOOST_TEST(std::abs(static_cast<double>(meter.es_n0_db()) - 20.0) < 0.1);
    // 0.1 rad peak is 0.0707 rms: 7.07 % beside the noise's 10 %.
    BOOST_TEST(std::abs(static_cast<double>(meter.evm_percent()) - std::hypot(10.0, 7.07)) < 0.2);
}

BOOST_DATA_TEST_CASE(level_does_not_matter, bdata::make({ 0, 1, 2 }) * bdata::make({ 1e-6F, 1e6F }), kind_index, level)
{
    bare_symbols symbols(all_kinds[kind_index], 8.0, 1 << 15);
    symbol_meter plain(all_kinds[kind_index]), scaled(all_kinds[kind_index]);
    symbols.give_to(plain);
    for (auto* rail : { &symbols.i, &symbols.q })
        for (float& x : *rail)
            x *= level;
    symbols.give_to(scaled);
    BOOST_TEST(scaled.es_n0_db() == plain.es_n0_db(), boost::test_tools::tolerance(1e-3F));
    BOOST_TEST(scaled.evm_percent() == plain.evm_percent(), boost::test_tools::tolerance(1e-3F));
    BOOST_TEST(scaled.rms() == level * plain.rms(), boost::test_tools::tolerance(1e-3F));
}

BOOST_DATA_TEST_CASE(no_signal_no_figures, bdata::make({ 0, 1, 2 }), kind_index)
{
    symbol_meter meter(all_kinds[kind_index]);
    BOOST_TEST(std::isnan(meter.es_n0_db()));
    BOOST_TEST(std::isnan(meter.evm_percent()));
    BOOST_TEST(meter.rms() == 0.0F);
    const std::vector<float> silence(4096);
    meter.add(silence.data(), silence.data(), silence.data(), silence.size());
    BOOST_TEST(std::isnan(meter.es_n0_db()));
    std::mt19937 random(3);
    std::normal_distribution<float> gauss;
    unsigned taken_for_a_signal = 0;
    for (unsigned trial = 0; trial < 200; ++trial) {
        std::vector<float> i(4096), q(4096), across(4096);
        for (auto* rail : { &i, &q, &across })
            for (float& x : *rail)
                x = gauss(random);
        meter.restart();
        meter.add(i.data(), q.data(), across.data(), i.size());
        taken_for_a_signal += !std::isnan(meter.es_n0_db()) || !std::isnan(meter.evm_percent());
    }
    BOOST_TEST(taken_for_a_signal <= 4U);
}

BOOST_AUTO_TEST_CASE(short_stretches_are_measured_too)
{
    const bare_symbols symbols(modulation::oqpsk, 10.0, 40);
    for (const std::size_t n : { 1U, 15U, 17U, 33U, 40U }) {
        symbol_meter meter(modulation::oqpsk);
        meter.add(symbols.i.data(), symbols.q.data(), symbols.q.data(), n);
        BOOST_TEST(meter.rms() > 0.5F);
        BOOST_TEST(meter.rms() < 1.0F);
    }
}
