// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/conv_encoder.h"
#include "fec/viterbi_certainty.h"
#include "fec/viterbi_pinned.h"
#include "fec/viterbi_pinned_kernels.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <random>
#include <stdexcept>
#include <vector>

using namespace xband::core;
using meaning = pin_meaning;

namespace {

struct stretch {
    std::vector<std::uint8_t> bits;
    std::vector<soft_bit> soft;
};

unsigned bit_at(const std::vector<std::uint8_t>& packed, std::size_t i) { return packed[i / 8] >> (7 - i % 8) & 1U; }

/// Random bits, encoded, in noise.
stretch transmit(std::size_t n_bits, float sigma, std::mt19937& random)
{
    stretch sent;
    sent.bits.resize(n_bits / 8);
    std::generate(sent.bits.begin(), sent.bits.end(), [&] { return std::uint8_t(random()); });
    std::vector<std::uint8_t> symbols(2 * n_bits);
    conv_encoder(false).encode(sent.bits, symbols);
    std::normal_distribution<float> gauss(0, sigma);
    for (const std::uint8_t symbol : symbols)
        sent.soft.push_back(soft_bit(std::clamp((symbol != 0 ? -40.F : 40.F) + gauss(random), -127.F, 127.F)));
    return sent;
}

/// What is true of bit i.
pin truth(const stretch& sent, meaning pins, std::size_t i)
{
    const unsigned before = i == 0 || pins == meaning::bits ? 0 : bit_at(sent.bits, i - 1);
    return bit_at(sent.bits, i) != before ? pin::one : pin::zero;
}

/// Three octets of four are known: what three good codewords of four leave open.
std::vector<pin> three_of_four(const stretch& sent, meaning pins)
{
    std::vector<pin> known(8 * sent.bits.size(), pin::open);
    for (std::size_t i = 8; i < known.size(); ++i)
        if (i / 8 % 4 != 3)
            known[i] = truth(sent, pins, i);
    return known;
}

std::vector<std::uint8_t> decode(meaning pins, const std::vector<soft_bit>& soft, const std::vector<pin>& known)
{
    std::vector<std::uint8_t> bits(known.size() / 8);
    viterbi_pinned(pins).decode(soft, known, bits);
    return bits;
}

/// Wrong octets except for the ends, where nothing is known of the state.
std::size_t wrong_octets(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b)
{
    std::size_t n = 0;
    for (std::size_t i = 8; i + 8 < a.size(); ++i)
        n += a[i] != b[i];
    return n;
}

} // namespace

BOOST_AUTO_TEST_CASE(states_side_by_side_decide_as_the_reference)
{
    std::mt19937 random(1);
    constexpr std::size_t n_bits = 1000;
    for (const auto pins : { meaning::bits, meaning::changes }) {
        for (const int kind : { 0, 1, 2, 3 }) { // noise, extremes, all alike, small numbers with many ties
            std::vector<soft_bit> soft(2 * n_bits);
            std::vector<pin> known(n_bits);
            for (auto& s : soft)
                s = soft_bit(kind == 0   ? int(random())
                             : kind == 1 ? (random() % 2 != 0 ? 127 : -128)
                             : kind == 2 ? -128
                                         : int(random() % 3) - 1);
            for (auto& p : known)
                p = pin(random() % 3);
            std::vector<viterbi_pinned::stage_decisions> expected(n_bits), got(n_bits);
            const unsigned end = viterbi_pinned_kernels::run_ref({ soft, known, pins }, expected.data());
            BOOST_TEST(viterbi_pinned_kernels::run_simd({ soft, known, pins }, got.data()) == end);
            for (std::size_t i = 0; i < n_bits; ++i)
                BOOST_REQUIRE(expected[i].element == got[i].element);
        }
    }
}

BOOST_AUTO_TEST_CASE(metrics_hold_out_against_contradicting_tolls)
{
    // All tolls on the side that the channel favours: the widest spread there is.
    for (const auto pins : { meaning::bits, meaning::changes }) {
        const std::vector<soft_bit> soft(20000, 127); // zeros
        const std::vector<pin> known(10000, pin::one);
        std::vector<viterbi_pinned::stage_decisions> expected(known.size()), got(known.size());
        const unsigned end = viterbi_pinned_kernels::run_ref({ soft, known, pins }, expected.data());
        BOOST_TEST(viterbi_pinned_kernels::run_simd({ soft, known, pins }, got.data()) == end);
        for (std::size_t i = 0; i < known.size(); ++i)
            BOOST_REQUIRE(expected[i].element == got[i].element);
    }
}

BOOST_AUTO_TEST_CASE(leads_are_as_in_the_reference)
{
    std::mt19937 random(5);
    constexpr std::size_t n_bits = 1000;
    for (const auto pins : { meaning::bits, meaning::changes }) {
        for (const int kind : { 0, 1, 2 }) { // noise, extremes, the widest spread
            std::vector<soft_bit> soft(2 * n_bits);
            std::vector<pin> known(n_bits);
            for (auto& s : soft)
                s = soft_bit(kind == 0 ? int(random()) : kind == 1 ? (random() % 2 != 0 ? 127 : -128) : 127);
            for (auto& p : known)
                p = kind == 2 ? pin::one : pin(random() % 3);
            std::vector<viterbi_certainty::stage_metrics> forward(n_bits);
            std::vector<std::uint16_t> expected(n_bits), got(n_bits);
            viterbi_pinned_kernels::measure_ref({ soft, known, pins }, forward.data(), expected.data());
            viterbi_pinned_kernels::measure_simd({ soft, known, pins }, forward.data(), got.data());
            BOOST_TEST(expected == got, boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(wrong_octets_are_doubted_and_read_otherwise)
{
    std::mt19937 random(6);
    constexpr std::size_t n_octets = 1000;
    const stretch sent = transmit(8 * n_octets, 31, random); // Eb/N0 2.2 dB: about 1 % of octets wrong
    const std::vector<pin> nothing(8 * n_octets, pin::open);
    const auto bits = decode(meaning::bits, sent.soft, nothing);
    std::vector<octet_doubt> doubts(n_octets);
    viterbi_certainty(meaning::bits).measure(sent.soft, nothing, doubts);
    std::size_t n_wrong = 0, n_doubted = 0, n_right_otherwise = 0;
    for (std::size_t i = 8; i + 8 < n_octets; ++i) {
        if (bits[i] == sent.bits[i])
            continue;
        ++n_wrong;
        n_doubted += std::size_t(std::ranges::count_if(doubts, [&](const octet_doubt& d) {
                         return d.certainty < doubts[i].certainty;
                     })) < n_octets / 10;
        n_right_otherwise += (bits[i] ^ doubts[i].other_bits) == sent.bits[i];
    }
    BOOST_TEST(n_wrong > 5U);
    BOOST_TEST(n_doubted >= n_wrong * 9 / 10);
    BOOST_TEST(n_right_otherwise >= n_wrong * 7 / 10);
}

BOOST_AUTO_TEST_CASE(known_bits_are_kept_and_help_their_neighbours)
{
    std::mt19937 random(2);
    const stretch sent = transmit(40000, 40, random); // Eb/N0 0 dB
    const std::vector<pin> nothing(40000, pin::open);
    const auto plain = decode(meaning::bits, sent.soft, nothing);
    const std::size_t wrong_before = wrong_octets(plain, sent.bits);
    for (const auto pins : { meaning::bits, meaning::changes }) {
        const auto bits = decode(pins, sent.soft, three_of_four(sent, pins));
        std::size_t wrong_known = 0, wrong_open = 0;
        for (std::size_t i = 8; i + 8 < bits.size(); ++i)
            (i % 4 == 3 ? wrong_open : wrong_known) += bits[i] != sent.bits[i];
        BOOST_TEST(wrong_known == 0U);
        BOOST_TEST(wrong_open > 0U);
        BOOST_TEST(4 * wrong_open < wrong_before / 3);
    }
}

BOOST_AUTO_TEST_CASE(the_level_need_not_be_known_for_changes)
{
    std::mt19937 random(3);
    stretch sent = transmit(4000, 40, random);
    const auto known = three_of_four(sent, meaning::changes);
    const auto upright = decode(meaning::changes, sent.soft, known);
    std::transform(sent.soft.begin(), sent.soft.end(), sent.soft.begin(), std::negate<>());
    auto inverted = decode(meaning::changes, sent.soft, known);
    for (auto& octet : inverted)
        octet = std::uint8_t(~octet);
    BOOST_TEST(wrong_octets(inverted, upright) == 0U);
}

BOOST_AUTO_TEST_CASE(wrong_pins_do_harm_where_they_are_only)
{
    std::mt19937 random(4);
    const stretch sent = transmit(8000, 15, random);
    auto known = three_of_four(sent, meaning::changes);
    for (std::size_t i = 4000; i < 4024; ++i)
        known[i] = random() % 2 != 0 ? pin::one : pin::zero;
    BOOST_TEST(wrong_octets(decode(meaning::changes, sent.soft, known), sent.bits) < 10U);
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_refused)
{
    viterbi_pinned decoder(meaning::bits);
    std::vector<soft_bit> soft(32);
    std::vector<pin> known(16);
    std::vector<std::uint8_t> bits(2);
    BOOST_CHECK_THROW(decoder.decode(std::span(soft).first(30), known, bits), std::invalid_argument);
    BOOST_CHECK_THROW(decoder.decode(soft, known, std::span(bits).first(1)), std::invalid_argument);
    BOOST_CHECK_THROW(decoder.decode(std::span(soft).first(24), std::span(known).first(12), bits),
                      std::invalid_argument);
    BOOST_CHECK_NO_THROW(decoder.decode(soft, known, bits));
}
