// SPDX-License-Identifier: GPL-3.0-or-later
// No record ever from noise: 10^9 channel bits through an uncoded link in all 8 states (the most chances of a false marker),
// 10^8 through each other kind of check.
#include "framing_testing.h"

#include <boost/test/unit_test.hpp>

using namespace framing_testing;

namespace {

/// splitmix64 (Steele, Lea, Flood 2014): a random word in three operations, so that the test is about the decoder.
class fast_random
{
public:
    explicit fast_random(std::uint64_t seed) : d_state(seed) {}
    std::uint64_t operator()()
    {
        std::uint64_t z = d_state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t d_state;
};

void expect_no_record(const framing_config& config, std::size_t n_soft_bits, std::uint64_t seed)
{
    frame_decoder decoder(config);
    fast_random random(seed);
    soft_stream soft(std::size_t{ 1 } << 20);
    for (std::size_t sent = 0; sent < n_soft_bits; sent += soft.size()) {
        for (std::size_t i = 0; i < soft.size(); i += 8) {
            const std::uint64_t word = random();
            std::memcpy(soft.data() + i, &word, 8);
        }
        decoder.push(soft);
    }
    decoder.flush();
    BOOST_TEST(decoder.available() == 0U);
    BOOST_TEST(decoder.stats().locks == 0U);
    BOOST_TEST(decoder.stats().soft_bits_in >= n_soft_bits);
}

#ifdef XBAND_SLOW_KERNELS // sanitizers or no SIMD: the same paths, a hundredth of the bits
constexpr std::size_t many = 1'000'000;
#else
constexpr std::size_t many = 100'000'000;
#endif

} // namespace

BOOST_AUTO_TEST_CASE(reed_solomon_uncoded)
{
    framing_config config = uncoded(small_config(), modulation::qpsk, differential::none);
    expect_no_record(config, 10 * many, 1);
    config.scid.reset();
    expect_no_record(config, many, 2);
}

BOOST_AUTO_TEST_CASE(reed_solomon_behind_the_inner_code) { expect_no_record(small_config(), many, 3); }

BOOST_AUTO_TEST_CASE(fecf_alone)
{
    framing_config config = uncoded(small_config(), modulation::oqpsk, differential::none);
    config.has_rs = false;
    config.has_fecf = true;
    expect_no_record(config, many, 4);
    config.scid.reset();
    config.frame_kind = frame_kind::raw;
    expect_no_record(config, many, 5);
}

BOOST_AUTO_TEST_CASE(markers_alone)
{
    framing_config config = uncoded(small_config(), modulation::qpsk, differential::none);
    config.has_rs = false;
    config.scid.reset();
    config.frame_kind = frame_kind::raw;
    expect_no_record(config, many, 6);
}

BOOST_AUTO_TEST_CASE(frames_one_by_one)
{
    framing_config config = uncoded(small_config(), modulation::qpsk, differential::none);
    config.is_contiguous = false;
    config.scid.reset();
    config.frame_kind = frame_kind::raw;
    expect_no_record(config, many, 7);
    config.has_rs = false;
    config.has_fecf = true;
    expect_no_record(config, many, 8);
}
