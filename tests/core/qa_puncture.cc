// SPDX-License-Identifier: GPL-3.0-or-later
#include "each_target.h"
#include "fec/puncture.h"
#include "fec/puncture_kernels.h"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <numeric>
#include <random>
#include <string>
#include <vector>

using namespace xband::core;
namespace data = boost::unit_test::data;

namespace {

constexpr std::array all_rates{ code_rate::r12, code_rate::r23, code_rate::r34, code_rate::r56, code_rate::r78 };

using octets = std::vector<std::uint8_t>;

octets puncture_in_pieces(const puncture_pattern& pattern, const octets& symbols, std::size_t piece)
{
    puncturer kept(pattern);
    octets sent;
    for (std::size_t at = 0; at < symbols.size(); at += piece) {
        const auto part = std::span(symbols).subspan(at, std::min(piece, symbols.size() - at));
        octets out(kept.n_sent(part.size()));
        kept.push(part, out);
        sent.insert(sent.end(), out.begin(), out.end());
    }
    return sent;
}

/// Places of the symbols that are sent of the first period.
std::string places(code_rate rate, kept_order order)
{
    const puncture_pattern pattern = pattern_of(rate, order);
    octets symbols(pattern.n_symbols());
    std::iota(symbols.begin(), symbols.end(), std::uint8_t{ 0 });
    std::string text;
    for (const std::uint8_t place : puncture_in_pieces(pattern, symbols, symbols.size()))
        text += (place % 2 == 0 ? "c1(" : "c2(") + std::to_string(place / 2 + 1) + ") ";
    return text;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_order_is_that_of_the_standard)
{
    // CCSDS 131.0-B-5, table 3-1.
    BOOST_TEST(places(code_rate::r12, kept_order::serial) == "c1(1) c2(1) ");
    BOOST_TEST(places(code_rate::r23, kept_order::serial) == "c1(1) c2(1) c2(2) ");
    BOOST_TEST(places(code_rate::r34, kept_order::serial) == "c1(1) c2(1) c2(2) c1(3) ");
    BOOST_TEST(places(code_rate::r56, kept_order::serial) == "c1(1) c2(1) c2(2) c1(3) c2(4) c1(5) ");
    BOOST_TEST(places(code_rate::r78, kept_order::serial) == "c1(1) c2(1) c2(2) c2(3) c2(4) c1(5) c2(6) c1(7) ");
}

BOOST_AUTO_TEST_CASE(c1_and_c2_take_turns)
{
    BOOST_TEST(places(code_rate::r34, kept_order::c1_c2) == "c1(1) c2(1) c1(3) c2(2) ");
    BOOST_TEST(places(code_rate::r56, kept_order::c1_c2) == "c1(1) c2(1) c1(3) c2(2) c1(5) c2(4) ");
    BOOST_CHECK_THROW(pattern_of(code_rate::r23, kept_order::c1_c2), std::invalid_argument);
    BOOST_CHECK_THROW(pattern_of(code_rate::r78, kept_order::c1_c2), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(pieces_do_not_matter)
{
    octets symbols(16 * 7 * 5 * 3);
    std::iota(symbols.begin(), symbols.end(), std::uint8_t{ 0 });
    for (const code_rate rate : all_rates) {
        const puncture_pattern pattern = pattern_of(rate, kept_order::serial);
        const octets whole = puncture_in_pieces(pattern, symbols, symbols.size());
        BOOST_TEST(whole.size() == symbols.size() / pattern.n_symbols() * pattern.n_sent);
        for (const std::size_t piece : { 1U, 3U, 16U, 50U })
            BOOST_TEST(puncture_in_pieces(pattern, symbols, piece) == whole, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(first_symbols_of_bits)
{
    const puncture_pattern pattern = pattern_of(code_rate::r34, kept_order::c1_c2);
    const std::vector<std::int64_t> expected{ -2, 0, 3, 2, 4, 7 };
    for (std::int64_t bit = -1; bit <= 4; ++bit)
        BOOST_TEST(pattern.first_sent(bit) == expected[std::size_t(bit + 1)]);
}

BOOST_AUTO_TEST_CASE(every_target_puts_back_what_was_sent)
{
    std::mt19937 random(7);
    for (const code_rate rate : all_rates) {
        puncture_pattern pattern = pattern_of(rate, kept_order::serial);
        pattern = pattern.n_sent % 2 == 0 ? pattern : pattern.doubled();
        for (const std::size_t n_periods : { 0U, 1U, 2U, 9U, 100U }) {
            std::vector<soft_bit> sent(n_periods * pattern.n_sent);
            std::generate(sent.begin(), sent.end(), [&] { return soft_bit(random()); });
            for (unsigned bits = 0; bits < 8; ++bits) {
                const symbol_reading reading{ (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0 };
                std::vector<soft_bit> expected(n_periods * pattern.n_symbols(), 0);
                for (std::size_t i = 0; i < sent.size(); ++i) {
                    const std::uint8_t place = pattern.sent[i % pattern.n_sent];
                    int soft = sent[i ^ (reading.is_swapped ? 1U : 0U)];
                    if ((reading.is_second_inverted && i % 2 == 1) != (reading.is_g2_inverted && place % 2 == 1))
                        soft = -std::max(soft, -127);
                    expected[i / pattern.n_sent * pattern.n_symbols() + place] = soft_bit(soft);
                }
                on_each_target([&](const std::string&) {
                    std::vector<soft_bit> pairs(expected.size(), 99);
                    depuncturer(pattern, reading).expand(sent, pairs);
                    BOOST_TEST(pairs == expected, boost::test_tools::per_element());
                });
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_refused)
{
    const puncture_pattern pattern = pattern_of(code_rate::r23, kept_order::serial);
    BOOST_CHECK_THROW(depuncturer(pattern, { .is_swapped = true }), std::invalid_argument);
    std::vector<soft_bit> sent(6), pairs(7);
    BOOST_CHECK_THROW(depuncturer(pattern).expand(sent, pairs), std::invalid_argument);
    octets symbols(4), out(2);
    BOOST_CHECK_THROW(puncturer(pattern).push(symbols, out), std::invalid_argument);
    BOOST_CHECK_THROW(pattern_of(code_rate::r78, kept_order::serial).doubled(), std::invalid_argument);
}
