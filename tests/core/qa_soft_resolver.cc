// SPDX-License-Identifier: GPL-3.0-or-later
// Which batches the resolver of phase ambiguities decodes in all readings: few, for each costs four times as much.
#include "framing/soft_resolver.h"
#include "framing_testing.h"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ostream>
#include <utility>
#include <vector>

using namespace framing_testing;
namespace data = boost::unit_test::data;

struct coded_link { // not in the unnamed namespace: GCC warns of data tests that capture such types
    const char* name;
    inner_code code;
    rail_mapping mapping;
    double eb_n0_db; ///< at the least, Reed-Solomon's limit

    friend std::ostream& operator<<(std::ostream& out, const coded_link& l) { return out << l.name; }
};

namespace {

constexpr std::size_t segment_bits = 1024;
constexpr std::size_t batch_bits = segment_bits * viterbi_batch::n_segments;

const std::vector<coded_link> links{ { "1/2", inner_code::conv_k7_r12, rail_mapping::serial, 2.0 },
                                     { "2/3", inner_code::conv_k7_r23, rail_mapping::serial, 2.4 },
                                     { "3/4", inner_code::conv_k7_r34, rail_mapping::serial, 2.8 },
                                     { "3/4 MetOp", inner_code::conv_k7_r34, rail_mapping::c1_c2, 2.8 },
                                     { "5/6", inner_code::conv_k7_r56, rail_mapping::serial, 3.4 },
                                     { "7/8", inner_code::conv_k7_r78, rail_mapping::serial, 4.0 } };

framing_config config_of(const coded_link& l)
{
    framing_config config = small_config();
    config.inner_code = l.code;
    config.rail_mapping = l.mapping;
    return config;
}

/// Coded random bits with the noise of an Eb/N0.
soft_stream receive_at(const coded_link& l, double eb_n0_db, std::size_t n_batches)
{
    const framing_config config = config_of(l);
    soft_stream soft = transmit(config, make_frames(config, n_batches * batch_bits / config.cadu_len_bits()));
    // Eb of an information bit; noise has two dimensions.
    const double soft_bit_snr = 2 * config.bits_per_channel_bit() * std::pow(10, eb_n0_db / 10);
    add_noise(soft, float(40 / std::sqrt(soft_bit_snr)), 11);
    return soft;
}

struct resolved {
    std::vector<resolved_word> words;
    std::uint64_t batches_doubted = 0;
};

resolved resolve(const coded_link& l, const soft_stream& soft)
{
    const framing_config config = config_of(l);
    soft_resolver resolver(config.modulation, config.inner_rate(), config.inner_pattern(), segment_bits);
    resolved result;
    soft_stream pairs;
    resolver.push(soft, result.words, pairs);
    BOOST_TEST(pairs.size() == 128 * result.words.size());
    result.batches_doubted = resolver.batches_doubted();
    return result;
}

} // namespace

#ifdef XBAND_SLOW_KERNELS // sanitizers or no SIMD: the same paths, a quarter of the batches
constexpr std::size_t n_calm_batches = 12, n_noise_batches = 6;
#else
constexpr std::size_t n_calm_batches = 50, n_noise_batches = 20;
#endif

BOOST_DATA_TEST_CASE(the_right_reading_is_doubted_once, data::make(links) * data::make({ 0.0, 0.5, 3.0 }), l, more_db)
{
    // The first batch always is, as nothing is known before it.
    BOOST_TEST(resolve(l, receive_at(l, l.eb_n0_db + more_db, n_calm_batches)).batches_doubted <= 2U);
}

BOOST_DATA_TEST_CASE(noise_is_doubted, data::make(links), l)
{
    const auto n_soft = std::size_t(double(n_noise_batches * batch_bits) / config_of(l).bits_per_channel_bit());
    BOOST_TEST(resolve(l, noise(n_soft, 12)).batches_doubted >= n_noise_batches - 1);
}

BOOST_DATA_TEST_CASE(a_quarter_turn_is_noticed, data::make(links) * data::make({ 0.0, 1.0, 3.0, 7.0 }), l, more_db)
{
    // Turned in the middle of the sixth batch.
    soft_stream soft = receive_at(l, l.eb_n0_db + more_db, 10);
    for (std::size_t k = 11 * soft.size() / 20 & ~std::size_t{ 1 }; k + 1 < soft.size(); k += 2)
        soft[k] = soft_bit(-std::exchange(soft[k + 1], soft[k]));
    const auto [words, n_doubted] = resolve(l, soft);
    const channel_reading before = words[words.size() / 4].reading, after = words.back().reading;
    BOOST_TEST(before.is_swapped != after.is_swapped);
    BOOST_TEST(std::ranges::count(words, before, &resolved_word::reading) > std::ptrdiff_t(words.size() / 2));
    BOOST_TEST(n_doubted >= 1U);
    BOOST_TEST(n_doubted <= 3U);
}
