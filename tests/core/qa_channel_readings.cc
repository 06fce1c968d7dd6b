// SPDX-License-Identifier: GPL-3.0-or-later
// What the punctured codes hide of signs, and that they hide nothing else.
#include "fec/conv_encoder.h"
#include "fec/puncture.h"
#include "framing/channel_readings.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

using namespace xband::core;

namespace {

using octets = std::vector<std::uint8_t>;

puncture_pattern whole_symbols(code_rate rate, kept_order order = kept_order::serial)
{
    const puncture_pattern pattern = pattern_of(rate, order);
    return pattern.n_sent % 2 == 0 ? pattern : pattern.doubled();
}

octets encode(const octets& packed_bits, const puncture_pattern& pattern)
{
    octets symbols(16 * packed_bits.size());
    conv_encoder(false).encode(packed_bits, symbols);
    puncturer kept(pattern);
    octets sent(kept.n_sent(symbols.size()));
    kept.push(symbols, sent);
    return sent;
}

} // namespace

BOOST_AUTO_TEST_CASE(rate_1_2_has_four_readings_and_hides_nothing)
{
    const puncture_pattern pattern = whole_symbols(code_rate::r12);
    for (const modulation kind : { modulation::bpsk, modulation::qpsk, modulation::oqpsk }) {
        const channel_readings readings(kind, pattern);
        BOOST_TEST(readings.distinct.size() == (kind == modulation::oqpsk ? 8U : 4U));
        BOOST_TEST(readings.differences.size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(numbers_of_readings)
{
    const auto check =
        [](modulation kind, const puncture_pattern& pattern, std::size_t n_distinct, std::size_t n_hidden) {
            const channel_readings readings(kind, pattern);
            BOOST_TEST(readings.distinct.size() == n_distinct);
            BOOST_TEST(readings.differences.size() == n_hidden);
            BOOST_TEST(readings.hidden.size() == n_hidden);
            BOOST_TEST((readings.differences.front() == bit_pattern{ pattern.n_bits, 0 }));
        };
    check(modulation::qpsk, whole_symbols(code_rate::r23), 12, 2);
    check(modulation::bpsk, pattern_of(code_rate::r23, kept_order::serial), 6, 1);
    check(modulation::qpsk, whole_symbols(code_rate::r34), 8, 2);
    check(modulation::qpsk, whole_symbols(code_rate::r34, kept_order::c1_c2), 4, 2); // MetOp
    check(modulation::bpsk, whole_symbols(code_rate::r34), 4, 2);                    // a rail of FengYun-3
    check(modulation::qpsk, whole_symbols(code_rate::r56), 6, 4);
    check(modulation::qpsk, whole_symbols(code_rate::r78), 16, 2);
}

BOOST_AUTO_TEST_CASE(differences_are_codewords_of_the_hidden_signs)
{
    // Bits with and without the difference are encoded to symbols that differ where the hidden reading says.
    std::mt19937 random(3);
    octets bits(105); // whole periods of all rates
    std::generate(bits.begin(), bits.end(), [&] { return std::uint8_t(random()); });
    for (const code_rate rate : { code_rate::r23, code_rate::r34, code_rate::r56, code_rate::r78 }) {
        const puncture_pattern pattern = whole_symbols(rate);
        const channel_readings readings(modulation::qpsk, pattern);
        for (std::size_t h = 0; h < readings.hidden.size(); ++h) {
            octets others = bits;
            for (std::size_t i = 0; i < others.size(); ++i)
                others[i] ^= std::uint8_t(readings.differences[h].word(std::int64_t(8 * i)) >> 56);
            const octets one = encode(bits, pattern), other = encode(others, pattern);
            for (std::size_t i = 2 * std::size_t{ pattern.n_sent }; i < one.size(); ++i) { // behind the encoder's start
                const bool by_rail = readings.hidden[h].is_second_inverted && i % 2 == 1;
                const bool by_code = readings.hidden[h].is_g2_inverted && pattern.sent[i % pattern.n_sent] % 2 == 1;
                BOOST_TEST_REQUIRE((one[i] != other[i]) == (by_rail != by_code));
            }
        }
    }
}
