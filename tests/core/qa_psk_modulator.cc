// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/psk_modulator.h"
#include "dsp/rrc.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <numbers>
#include <random>

using namespace xband::core;
namespace bdata = boost::unit_test::data;
using samples_t = std::vector<std::complex<float>>;
BOOST_TEST_DONT_PRINT_LOG_VALUE(xband::core::modulation)

namespace {

std::vector<std::uint8_t> random_bits(std::size_t n)
{
    std::mt19937 generator(17);
    std::vector<std::uint8_t> bits(n);
    for (auto& bit : bits)
        bit = static_cast<std::uint8_t>(generator() & 1);
    return bits;
}

psk_modulator_config make_config(modulation kind, double samples_per_symbol, double clock_error_ppm = 0.0)
{
    psk_modulator_config config;
    config.kind = kind;
    config.samples_per_symbol = samples_per_symbol;
    config.clock_error_ppm = clock_error_ppm;
    return config;
}

samples_t modulate(const psk_modulator_config& config, std::span<const std::uint8_t> bits)
{
    psk_modulator modulator(config);
    modulator.push(bits);
    modulator.flush();
    samples_t out(modulator.available());
    BOOST_REQUIRE_EQUAL(modulator.pull(out), out.size());
    BOOST_TEST(modulator.available() == 0u);
    return out;
}

/// The definition: sum of pulses over the symbols, in double precision, at one symbol time.
double wave(std::span<const std::uint8_t> bits, unsigned n_rails, unsigned rail, double t_symbols, double rolloff)
{
    const auto n_symbols = static_cast<int>(bits.size() / n_rails);
    const int centre = static_cast<int>(std::floor(t_symbols));
    double sum = 0.0;
    for (int k = std::max(0, centre - 40); k < std::min(n_symbols, centre + 41); ++k)
        sum += (1 - 2 * bits[static_cast<std::size_t>(k) * n_rails + rail]) * rrc_pulse(t_symbols - k, rolloff);
    return sum / std::sqrt(n_rails);
}

double error_rms(const samples_t& samples,
                 const psk_modulator_config& config,
                 std::span<const std::uint8_t> bits,
                 const std::function<double(double)>& symbol_time)
{
    const unsigned n_rails = rails(config.kind);
    double error = 0.0;
    for (std::size_t n = 0; n < samples.size(); ++n) {
        const double t = symbol_time(static_cast<double>(n));
        const double re = wave(bits, n_rails, 0, t, config.rolloff);
        const double q_delay = config.kind == modulation::oqpsk ? 0.5 : 0.0;
        const double im = n_rails == 1 ? 0.0 : wave(bits, n_rails, 1, t - q_delay, config.rolloff);
        error += std::norm(std::complex<double>(samples[n]) - std::complex<double>(re, im));
    }
    return std::sqrt(error / static_cast<double>(samples.size()));
}

} // namespace

BOOST_DATA_TEST_CASE(the_wave_is_the_sum_of_its_pulses,
                     bdata::make({ modulation::bpsk, modulation::qpsk, modulation::oqpsk }) *
                         bdata::make({ 1.8, 2.2, std::numbers::pi, 16.0 }),
                     kind,
                     samples_per_symbol)
{
    const auto config = make_config(kind, samples_per_symbol, 50.0);
    const auto bits = random_bits(4000);
    const auto samples = modulate(config, bits);
    const auto expected_length = (4000.0 / rails(kind) + 31) * samples_per_symbol;
    BOOST_TEST(static_cast<double>(samples.size()) > expected_length);
    const double step = (1.0 + 50e-6) / samples_per_symbol;
    // The pulse cut at +-16 symbols is -57 dB, which is all of the error.
    BOOST_TEST(error_rms(samples, config, bits, [&](double n) { return n * step - 16; }) < 1.5e-3);
}

BOOST_AUTO_TEST_CASE(doppler_stretches_the_symbol_clock)
{
    auto config = make_config(modulation::qpsk, 2.0);
    config.sample_rate_hz = 30e6;
    config.centre_frequency_hz = 100e6; // far lower than on air, so that a short test sees the effect
    config.doppler = { { 0, { 50e3, 1e8 } }, { 2000, { 60e3 } } };
    const auto bits = random_bits(8000);
    const auto samples = modulate(config, bits);
    const auto time_of = [&](double n) { return n / 2.0 - 16 + phase_cycles(config.doppler, n, 30e6) * 15e6 / 100e6; };
    BOOST_TEST(time_of(8000) - 3984 > 1.5); // the shift is far above the tolerance
    BOOST_TEST(error_rms(samples, config, bits, time_of) < 1.5e-3);
}

BOOST_DATA_TEST_CASE(chunk_sizes_do_not_matter,
                     bdata::make({ modulation::bpsk, modulation::qpsk, modulation::oqpsk }),
                     kind)
{
    const auto config = make_config(kind, 2.7182818);
    const auto bits = random_bits(300'000); // enough to move used symbols out of the buffer several times
    const auto whole = modulate(config, bits);

    psk_modulator modulator(config);
    std::mt19937 generator(5);
    samples_t pieces;
    samples_t chunk(5000);
    for (std::size_t at = 0; at < bits.size();) {
        const std::size_t n = std::min<std::size_t>(generator() % 3001, bits.size() - at);
        modulator.push({ bits.data() + at, n });
        at += n;
        while (const auto made = modulator.pull({ chunk.data(), 1 + generator() % 4999 }))
            pieces.insert(pieces.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(made));
    }
    modulator.flush();
    while (const auto made = modulator.pull(chunk))
        pieces.insert(pieces.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(made));
    BOOST_TEST((pieces == whole));
}

BOOST_AUTO_TEST_CASE(random_data_have_unit_power)
{
    const auto samples = modulate(make_config(modulation::qpsk, 2.2), random_bits(200'000));
    double power = 0.0;
    for (const auto& sample : samples)
        power += std::norm(sample);
    BOOST_TEST(power / static_cast<double>(samples.size()) == 1.0, boost::test_tools::tolerance(0.005));
}

BOOST_AUTO_TEST_CASE(out_of_band_power_is_below_the_mask)
{
    // Blackman-Harris windowed DFT at single frequencies: in band 0 dB, beyond (1 + rolloff) / 2 below -50 dB.
    const double samples_per_symbol = 4.0;
    const auto samples = modulate(make_config(modulation::qpsk, samples_per_symbol), random_bits(80'000));
    constexpr std::size_t length = 1024;
    const auto density = [&](double cycles_per_symbol) {
        double power = 0.0;
        for (std::size_t begin = 0; begin + length <= samples.size(); begin += length) {
            std::complex<double> sum = 0.0;
            for (std::size_t n = 0; n < length; ++n) {
                const double x = 2 * std::numbers::pi * static_cast<double>(n) / length;
                const double window =
                    0.35875 - 0.48829 * std::cos(x) + 0.14128 * std::cos(2 * x) - 0.01168 * std::cos(3 * x);
                sum +=
                    window * std::complex<double>(samples[begin + n]) *
                    std::polar(1.0,
                               -2 * std::numbers::pi * cycles_per_symbol * static_cast<double>(n) / samples_per_symbol);
            }
            power += std::norm(sum);
        }
        return power;
    };
    const double in_band = density(0.1);
    BOOST_TEST(10 * std::log10(density(0.5) / in_band) == -3.0, boost::test_tools::tolerance(0.2)); // half power
    for (const double outside : { 0.8, -0.8, 1.0, 1.3, -1.7 })
        BOOST_TEST(10 * std::log10(density(outside) / in_band) < -50.0);
}

BOOST_AUTO_TEST_CASE(wrong_settings_are_refused)
{
    BOOST_CHECK_THROW(psk_modulator(make_config(modulation::qpsk, 1.0)), std::invalid_argument);
    BOOST_CHECK_THROW(psk_modulator(make_config(modulation::qpsk, std::nan(""))), std::invalid_argument);
    BOOST_CHECK_THROW(psk_modulator(make_config(modulation::qpsk, 2.0, 20'000.0)), std::invalid_argument);
    auto config = make_config(modulation::qpsk, 2.0);
    config.doppler = { { 0, { 1.0 } } }; // a plan needs the carrier's frequency
    BOOST_CHECK_THROW(psk_modulator{ config }, std::invalid_argument);
}
