// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/acquisition.h"
#include "test_signal.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace xband::core;
namespace bdata = boost::unit_test::data;

namespace {

std::optional<acquisition_result> acquire(const test_signal::recipe& r, const std::vector<std::complex<float>>& samples)
{
    acquisition::config c;
    c.kind = r.kind;
    c.samples_per_symbol = 2.2;
    c.rolloff = r.rolloff;
    acquisition search(c);
    return search.run(std::span(reinterpret_cast<const float*>(samples.data()), 2 * samples.size()));
}

test_signal::recipe window_of(modulation kind, double offset_norm, double clock_ppm)
{
    test_signal::recipe r;
    r.kind = kind;
    r.samples_per_symbol = 2.2 / (1.0 + clock_ppm * 1e-6);
    r.offset_cps = offset_norm / r.samples_per_symbol;
    r.es_n0_db = 4.0;
    r.symbols = 16384;
    return r;
}

} // namespace

// OQPSK's two lines in bins of either parity, on them and between them.
BOOST_DATA_TEST_CASE(offset_rails_wherever_their_lines_fall, bdata::make({ 0.0, 0.25, 0.5, 1.0 }), bins)
{
    const double bin_norm = 1.0 / 16384.0;
    const auto r = window_of(modulation::oqpsk, (100.0 + bins) * bin_norm, bins * bin_norm * 1e6);
    const auto found = acquire(r, test_signal::make(r).samples);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(std::abs((2.2 / found->samples_per_symbol - 1.0) * 1e6 - bins * bin_norm * 1e6) < 8.0);
    BOOST_TEST(std::abs(found->offset_cps - r.offset_cps) < 1e-4);
}

// An unmodulated carrier 10 dB below the signal, anywhere in its band.
BOOST_DATA_TEST_CASE(another_carrier_does_not_draw_it_away,
                     bdata::make({ 1, 2 }) * bdata::make({ 0.0, -0.25, 0.37, 0.5, -0.6 }),
                     kind_index,
                     place_norm)
{
    const auto r = window_of(kind_index == 1 ? modulation::qpsk : modulation::oqpsk, 0.01, 20.0);
    auto samples = test_signal::make(r).samples;
    const double cps = r.offset_cps + place_norm / 2.2;
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] += std::complex<float>(
            std::polar(std::sqrt(0.1 / 2.2), 2.0 * std::numbers::pi * std::fmod(cps * static_cast<double>(i), 1.0)));
    const auto found = acquire(r, samples);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(std::abs((2.2 / found->samples_per_symbol - 1.0) * 1e6 - 20.0) < 15.0);
    BOOST_TEST(std::abs(found->offset_cps - r.offset_cps) < 1e-4);
}

// 3 dB of slope over the band move the spectrum's template by several per cent of the symbol rate.
BOOST_DATA_TEST_CASE(a_tilted_spectrum_does_not_mislead, bdata::make({ 0, 1, 2 }), kind_index)
{
    constexpr modulation kinds[] = { modulation::bpsk, modulation::qpsk, modulation::oqpsk };
    auto r = window_of(kinds[kind_index], -0.02, 20.0);
    r.es_n0_db = 10.0;
    const auto sent = test_signal::make(r).samples;
    auto samples = sent;
    for (std::size_t i = 1; i < samples.size(); ++i)
        samples[i] += std::complex<float>(0.0f, 0.15f) * sent[i - 1];
    const auto found = acquire(r, samples);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(std::abs(found->offset_cps - r.offset_cps) < 3e-4);
}

// One-bit converters make points of a constellation out of noise: their line at frequency zero is not the carrier.
BOOST_AUTO_TEST_CASE(a_coarse_converter_does_not_mislead)
{
    const auto r = window_of(modulation::qpsk, 0.005, 20.0);
    auto samples = test_signal::make(r).samples;
    for (auto& x : samples)
        x = { x.real() < 0.0f ? -1.0f : 1.0f, x.imag() < 0.0f ? -1.0f : 1.0f };
    const auto found = acquire(r, samples);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(std::abs(found->offset_cps - r.offset_cps) < 1e-4);
}

// A carrier so near the converter's frequency zero that its line and the grid's would be one is no coarse converter's fault.
BOOST_DATA_TEST_CASE(a_carrier_near_zero_is_not_the_grid,
                     bdata::make({ 0, 1 }) * bdata::make({ 3.0, 20.0 }),
                     kind_index,
                     es_n0_db)
{
    auto r = window_of(kind_index == 0 ? modulation::bpsk : modulation::qpsk, 4e-4, 20.0);
    r.es_n0_db = es_n0_db;
    const auto found = acquire(r, test_signal::make(r).samples);
    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST(std::abs(found->offset_cps - r.offset_cps) < 3e-5);
}

BOOST_AUTO_TEST_CASE(noise_is_no_signal)
{
    test_signal::recipe r;
    r.es_n0_db = -40.0;
    r.symbols = 16384;
    for (const modulation kind : { modulation::bpsk, modulation::qpsk, modulation::oqpsk }) {
        r.kind = kind;
        BOOST_TEST(!acquire(r, test_signal::make(r).samples).has_value());
    }
}
