// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/channel_model.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <numbers>
#include <random>

using namespace xband::core;
using samples_t = std::vector<std::complex<float>>;
using boost::test_tools::tolerance;

namespace {

channel_model_config make_config()
{
    channel_model_config config;
    config.sample_rate_hz = 10e6;
    config.format = iq_format::cf32;
    config.level = 1.0 / std::numbers::sqrt2; // unit power out
    return config;
}

samples_t run(const channel_model_config& config, const samples_t& in)
{
    channel_model channel(config);
    samples_t out(in.size());
    channel.process(in, std::as_writable_bytes(std::span(out)));
    return out;
}

double mean_power(std::span<const std::complex<float>> samples)
{
    double sum = 0.0;
    for (const auto& sample : samples)
        sum += std::norm(sample);
    return sum / static_cast<double>(samples.size());
}

/// Phase difference of neighbours, in Hz.
double step_hz(const samples_t& samples, std::size_t n, double sample_rate_hz)
{
    return std::arg(std::complex<double>(samples[n + 1]) * std::conj(std::complex<double>(samples[n]))) /
           (2 * std::numbers::pi) * sample_rate_hz;
}

} // namespace

BOOST_AUTO_TEST_CASE(philox_gives_the_published_words)
{
    // Known answers of the authors' Random123 library, kat_vectors, philox4x32 10.
    const auto check = [](channel_kernels::philox_words counter,
                          std::uint32_t key0,
                          std::uint32_t key1,
                          std::array<std::uint32_t, 4> expected) {
        const auto words = channel_kernels::philox4x32(counter, key0, key1);
        BOOST_TEST(std::span<const std::uint32_t>(words.w) == expected, boost::test_tools::per_element());
    };
    check({ { 0, 0, 0, 0 } }, 0, 0, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 });
    constexpr std::uint32_t ones = 0xffffffff;
    check({ { ones, ones, ones, ones } }, ones, ones, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd });
    check({ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 } },
          0xa4093822,
          0x299f31d0,
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 });
}

BOOST_AUTO_TEST_CASE(rotor_and_radius_are_right_everywhere)
{
    for (std::uint64_t angle = 0; angle < (std::uint64_t(1) << 32); angle += 99'991) {
        const double exact = 2 * std::numbers::pi * static_cast<double>(angle) / 4294967296.0;
        const auto rotor = channel_kernels::rotor_of(static_cast<std::uint32_t>(angle));
        BOOST_REQUIRE_SMALL(rotor.cosine - std::cos(exact), 5e-7);
        BOOST_REQUIRE_SMALL(rotor.sine - std::sin(exact), 5e-7);
        const double u = (static_cast<double>(angle >> 1) + 0.5) / 2147483648.0;
        BOOST_REQUIRE_SMALL(channel_kernels::rayleigh(static_cast<std::uint32_t>(angle)) - std::sqrt(-2 * std::log(u)),
                            5e-4);
    }
    BOOST_TEST(channel_kernels::rayleigh(0) == 6.66f, tolerance(0.001f));
    BOOST_TEST(channel_kernels::rayleigh(0xffffffffu) == 0.0f);
}

BOOST_AUTO_TEST_CASE(noise_is_normal_out_to_its_tails)
{
    constexpr std::size_t n_tiles = 300'000; // 77 million variates
    constexpr std::size_t tile = channel_kernels::tile_samples;
    const std::array<double, 5> edges{ 1.0, 3.0, 4.0, 5.0, 5.5 };
    std::array<double, 5> beyond{};
    std::array<float, tile> re;
    std::array<float, tile> im;
    double sum = 0.0, square = 0.0, cube = 0.0, fourth = 0.0, cross = 0.0, lagged = 0.0;
    float previous = 0.0f;
    for (std::size_t t = 0; t < n_tiles; ++t) {
        channel_kernels::normal_tile(2024, channel_kernels::stream::noise, t, re.data(), im.data());
        for (std::size_t i = 0; i < tile; ++i) {
            for (const double x : { static_cast<double>(re[i]), static_cast<double>(im[i]) }) {
                sum += x;
                square += x * x;
                cube += x * x * x;
                fourth += x * x * x * x;
                for (std::size_t e = 0; e < edges.size() && std::abs(x) > edges[e]; ++e)
                    beyond[e] += 1;
            }
            cross += re[i] * im[i];
            lagged += re[i] * previous;
            previous = re[i];
        }
    }
    const double n = 2.0 * n_tiles * tile;
    const double sigma = 1 / std::sqrt(n); // of the mean; the others' standard errors are multiples of it
    BOOST_TEST(std::abs(sum / n) < 4 * sigma);
    BOOST_TEST(std::abs(square / n - 1) < 4 * std::sqrt(2) * sigma);
    BOOST_TEST(std::abs(cube / n) < 4 * std::sqrt(15) * sigma);
    BOOST_TEST(std::abs(fourth / n - 3) < 4 * std::sqrt(96) * sigma);
    BOOST_TEST(std::abs(cross / (n / 2)) < 4 * std::numbers::sqrt2 * sigma);
    BOOST_TEST(std::abs(lagged / (n / 2)) < 4 * std::numbers::sqrt2 * sigma);
    for (std::size_t e = 0; e < edges.size(); ++e) {
        const double expected = n * std::erfc(edges[e] / std::numbers::sqrt2);
        BOOST_TEST_CONTEXT("beyond " << edges[e] << " sigma: " << beyond[e] << ", expected " << expected)
        BOOST_TEST(std::abs(beyond[e] - expected) < 4 * std::sqrt(expected) + 1);
    }
    BOOST_TEST(beyond[4] > 0);
}

BOOST_AUTO_TEST_CASE(es_n0_follows_its_profile)
{
    auto config = make_config();
    config.samples_per_symbol = 2.5;
    config.es_n0 = { { 0.02, 0.0 }, { 0.04, 10.0 } };
    const samples_t silence(600'000); // only the noise comes through
    const auto out = run(config, silence);
    for (const auto& [sample, es_n0_db] : { std::pair{ 100'000, 0.0 }, { 300'000, 5.0 }, { 500'000, 10.0 } }) {
        const double noise = 2.5 * std::pow(10.0, -es_n0_db / 10);
        const double share = noise / (1 + noise); // the gain control keeps the sum at unit power
        BOOST_TEST(mean_power({ out.data() + sample - 2000, 4000 }) == share, tolerance(0.06));
    }
}

BOOST_AUTO_TEST_CASE(fades_weaken_the_signal_alone)
{
    auto config = make_config();
    config.fades = { { 0.001, 0.002, 20.0 } };
    const auto out = run(config, samples_t(40'000, { 1.0f, 0.0f }));
    BOOST_TEST(mean_power({ out.data(), 9'900 }) == 1.0, tolerance(1e-4));
    BOOST_TEST(mean_power({ out.data() + 10'200, 19'600 }) == 0.01, tolerance(1e-4));
    BOOST_TEST(mean_power({ out.data() + 30'200, 9'800 }) == 1.0, tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(carrier_follows_offset_ramp_and_plan_without_phase_steps)
{
    auto config = make_config();
    config.frequency_offset_hz = -40e3;
    config.frequency_ramp_hz_s = 5e3;
    config.doppler = { { 0, { 100e3, -3e3, 50.0 } }, { 50'000, { 99'985.0, -2.9e3 } }, { 120'001, { 99'960.0 } } };
    const auto out = run(config, samples_t(200'000, { 1.0f, 0.0f }));
    for (std::size_t n = 0; n + 1 < out.size(); ++n) {
        const double middle = static_cast<double>(n) + 0.5;
        const double expected = -40e3 + 5e3 * middle / 10e6 + frequency_hz(config.doppler, middle, 10e6);
        // 5 Hz are 3e-6 rad per sample, what floats and the rotor's series leave; a phase step of 1 mrad would be 1600 Hz.
        BOOST_REQUIRE_SMALL(step_hz(out, n, 10e6) - expected, 5.0);
    }
    // The phase itself, far down the stream.
    const double turns =
        -40e3 * 0.0199999 + 2.5e3 * 0.0199999 * 0.0199999 + phase_cycles(config.doppler, 199'999, 10e6);
    const auto expected = std::polar(1.0, 2 * std::numbers::pi * turns);
    BOOST_TEST(std::abs(std::complex<double>(out.back()) - expected) < 1e-5);
}

BOOST_AUTO_TEST_CASE(phase_variance_grows_with_the_linewidth)
{
    auto config = make_config();
    config.linewidth_hz = 1000.0;
    const auto out = run(config, samples_t(2'000'000, { 1.0f, 0.0f }));
    double square = 0.0;
    constexpr std::size_t stride = 50;
    for (std::size_t n = 0; n + stride < out.size(); n += stride) {
        const double step = std::arg(out[n + stride] * std::conj(out[n]));
        square += step * step;
    }
    const double variance = square / (static_cast<double>(out.size()) / stride);
    BOOST_TEST(variance == 2 * std::numbers::pi * 1000.0 * stride / 10e6, tolerance(0.03));
}

BOOST_AUTO_TEST_CASE(mirrors_are_exact)
{
    auto config = make_config();
    config.frequency_offset_hz = 123e3;
    config.es_n0 = { { 0.0, 8.0 } };
    const samples_t in(1000, { 0.6f, -0.8f });
    const auto plain = run(config, in);
    config.has_spectral_inversion = true;
    const auto inverted = run(config, in);
    config.has_iq_swap = true;
    const auto both = run(config, in);
    config.has_spectral_inversion = false;
    const auto swapped = run(config, in);
    for (std::size_t n = 0; n < in.size(); ++n) {
        BOOST_REQUIRE_EQUAL(inverted[n], std::conj(plain[n]));
        BOOST_REQUIRE_EQUAL(swapped[n], std::complex<float>(plain[n].imag(), plain[n].real()));
        BOOST_REQUIRE_EQUAL(both[n], std::complex<float>(-plain[n].imag(), plain[n].real()));
    }
}

BOOST_AUTO_TEST_CASE(integer_formats_round_and_clip)
{
    auto config = make_config();
    config.format = iq_format::cs8;
    channel_model channel(config);
    const samples_t in{ { 0.5f, -0.5f }, { 5.0f, -5.0f }, { 0.0196f, -0.0196f }, { 0.0f, 1.0f } };
    std::array<std::int8_t, 8> out{};
    channel.process(in, std::as_writable_bytes(std::span(out)));
    const std::array<std::int8_t, 8> expected{ 64, -64, 127, -127, 2, -2, 0, 127 }; // 63.5 goes to the even neighbour
    BOOST_TEST(out == expected, boost::test_tools::per_element());

    config.format = iq_format::cs16;
    channel_model fine(config);
    std::array<std::int16_t, 8> out16{};
    fine.process(in, std::as_writable_bytes(std::span(out16)));
    BOOST_TEST(out16[0] == 16384);
    BOOST_TEST(out16[3] == -32767);
}

BOOST_AUTO_TEST_CASE(chunk_sizes_do_not_matter)
{
    auto config = make_config();
    config.format = iq_format::cs16;
    config.frequency_offset_hz = 77e3;
    config.linewidth_hz = 200.0;
    config.es_n0 = { { 0.0, 6.0 }, { 0.001, 3.0 } };
    const samples_t in(50'000, { 0.7f, 0.7f });
    std::vector<std::byte> whole(in.size() * 4);
    channel_model(config).process(in, whole);
    std::vector<std::byte> pieces(whole.size());
    channel_model channel(config);
    std::mt19937 generator(3);
    for (std::size_t at = 0; at < in.size();) {
        const std::size_t n = std::min<std::size_t>(generator() % 700, in.size() - at);
        channel.process({ in.data() + at, n }, { pieces.data() + 4 * at, 4 * n });
        at += n;
    }
    BOOST_TEST((pieces == whole));
    config.seed = 2;
    channel_model(config).process(in, pieces);
    BOOST_TEST((pieces != whole));
}

#if defined(__x86_64__)
namespace {
/// One tile through every kernel: noise, mixing, quantisation.
struct tile_result {
    std::array<float, channel_kernels::tile_samples> re, im;
    std::array<std::int16_t, 2 * channel_kernels::tile_samples> packed;
    bool operator==(const tile_result&) const = default;
};

XBAND_KERNEL tile_result all_kernels(std::uint64_t tile)
{
    using namespace channel_kernels;
    std::array<float, tile_samples> noise_re, noise_im;
    normal_tile(9, stream::noise, tile, noise_re.data(), noise_im.data());
    std::array<float, 2 * tile_samples> in;
    std::array<std::uint32_t, tile_samples> angle;
    for (std::size_t i = 0; i < tile_samples; ++i) {
        in[2 * i] = 0.3f * static_cast<float>(i % 7);
        in[2 * i + 1] = -0.2f * static_cast<float>(i % 5);
        angle[i] = static_cast<std::uint32_t>((tile * tile_samples + i) * 0x9E3779B9u);
    }
    tile_result out;
    mix(in.data(),
        angle.data(),
        noise_re.data(),
        noise_im.data(),
        { 0.31f, 0.17f },
        tile_samples,
        out.re.data(),
        out.im.data());
    pack(out.re.data(), out.im.data(), 32767.0f, tile_samples, out.packed.data());
    return out;
}

__attribute__((target("sse2"), noinline)) tile_result baseline(std::uint64_t tile) { return all_kernels(tile); }
__attribute__((target("avx2,fma"), noinline)) tile_result avx2(std::uint64_t tile) { return all_kernels(tile); }
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"), noinline)) tile_result avx512(std::uint64_t tile)
{
    return all_kernels(tile);
}
} // namespace

BOOST_AUTO_TEST_CASE(instruction_sets_agree_to_the_bit)
{
    for (std::uint64_t tile = 0; tile < 200; ++tile) {
        const auto expected = baseline(tile);
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
            BOOST_REQUIRE(avx2(tile) == expected);
        if (__builtin_cpu_supports("avx512vl"))
            BOOST_REQUIRE(avx512(tile) == expected);
    }
}
#endif

BOOST_AUTO_TEST_CASE(wrong_settings_are_refused)
{
    const auto refused = [](auto change) {
        auto config = make_config();
        change(config);
        BOOST_CHECK_THROW(channel_model{ config }, std::invalid_argument);
    };
    refused([](auto& c) { c.sample_rate_hz = 0.0; });
    refused([](auto& c) { c.frequency_offset_hz = 6e6; });
    refused([](auto& c) { c.linewidth_hz = -1.0; });
    refused([](auto& c) { c.linewidth_hz = 1e6; });
    refused([](auto& c) { c.level = 0.0; });
    refused([](auto& c) { c.es_n0 = { { 1.0, 3.0 }, { 0.5, 3.0 } }; });
    refused([](auto& c) { c.es_n0 = { { 1.0, std::nan("") } }; });
    refused([](auto& c) { c.fades = { { 0.0, -1.0, 3.0 } }; });
}
