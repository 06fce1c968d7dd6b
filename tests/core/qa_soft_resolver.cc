// SPDX-License-Identifier: GPL-3.0-or-later
// Which batches the resolver of phase ambiguities decodes in all readings: few, for each costs four times as much.
#include "framing/soft_resolver.h"
#include "framing_testing.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <utility>

using namespace framing_testing;
namespace data = boost::unit_test::data;

namespace {

constexpr std::size_t segment_bits = 1024;
constexpr std::size_t batch_soft_bits = 2 * segment_bits * viterbi_batch::n_segments;

/// Coded random bits with the noise of an Eb/N0.
soft_stream receive_at(double eb_n0_db, std::size_t n_batches)
{
    framing_config config = small_config();
    const std::size_t cadu_soft_bits = cadu_encoder(config).channel_bits(1);
    soft_stream soft = transmit(config, make_frames(config, n_batches * batch_soft_bits / cadu_soft_bits));
    // Eb/N0 is that of a soft bit, as there are two of them to an information bit and noise has two dimensions.
    add_noise(soft, float(40 / std::pow(10, eb_n0_db / 20)), 11);
    return soft;
}

std::uint64_t batches_doubted(const soft_stream& soft)
{
    soft_resolver resolver(
        modulation::qpsk, code_rate::r12, pattern_of(code_rate::r12, kept_order::serial), segment_bits);
    std::vector<resolved_word> words;
    soft_stream pairs;
    resolver.push(soft, words, pairs);
    BOOST_TEST(pairs.size() == 128 * words.size());
    return resolver.batches_doubted();
}

} // namespace

BOOST_DATA_TEST_CASE(the_right_reading_is_doubted_once, data::make({ 2.0, 2.5, 3.0, 5.0 }), eb_n0_db)
{
    // The first batch always is, as nothing is known before it.
    BOOST_TEST(batches_doubted(receive_at(eb_n0_db, 50)) <= 2U);
}

BOOST_AUTO_TEST_CASE(noise_is_doubted) { BOOST_TEST(batches_doubted(noise(20 * batch_soft_bits, 12)) >= 19U); }

BOOST_DATA_TEST_CASE(a_quarter_turn_is_noticed, data::make({ 2.0, 3.0, 5.0, 9.0 }), eb_n0_db)
{
    // Turned in the middle of the sixth batch.
    soft_stream soft = receive_at(eb_n0_db, 10);
    for (std::size_t k = 11 * batch_soft_bits / 2; k + 1 < soft.size(); k += 2)
        soft[k] = soft_bit(-std::exchange(soft[k + 1], soft[k]));
    const std::uint64_t n_doubted = batches_doubted(soft);
    BOOST_TEST(n_doubted >= 2U);
    BOOST_TEST(n_doubted <= 3U);
}
