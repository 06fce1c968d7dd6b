// SPDX-License-Identifier: GPL-3.0-or-later
#include "each_target.h"
#include "fec/reed_solomon.h"
#include "fec/rs_errors.h"
#include "framing/randomizer.h"
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <random>
#include <stdexcept>
#include <vector>

using namespace xband::core;
namespace data = boost::unit_test::data;

namespace {

using octets = std::vector<std::uint8_t>;

octets random_code_block(const reed_solomon& code, std::mt19937& random)
{
    octets block(code.code_block_len_bytes());
    std::generate(block.begin(), block.end(), [&] { return static_cast<std::uint8_t>(random()); });
    code.encode(block);
    return block;
}

/// Changes n_errors distinct symbols of one codeword, each to another value.
void spoil(octets& block, const rs_config& config, unsigned codeword, unsigned n_errors, std::mt19937& random)
{
    std::vector<std::size_t> symbols(block.size() / config.interleave);
    std::iota(symbols.begin(), symbols.end(), 0);
    std::shuffle(symbols.begin(), symbols.end(), random);
    for (unsigned i = 0; i < n_errors; ++i)
        block[symbols[i] * config.interleave + codeword] ^= static_cast<std::uint8_t>(1 + random() % 255);
}

} // namespace

BOOST_AUTO_TEST_CASE(dual_basis_is_the_trace_dual_of_the_powers_of_x117)
{
    // CCSDS 131.0-B-5, annex F: bit i (from the most significant) of the dual representation of z is the trace of
    // z * (x^117)^i.
    const auto trace = [](std::uint8_t z) {
        std::uint8_t sum = 0;
        for (int i = 0; i < 8; ++i, z = gf256::multiply(z, z))
            sum ^= z;
        return sum;
    };
    for (unsigned z = 0; z < 256; ++z) {
        unsigned expected = 0;
        for (unsigned i = 0; i < 8; ++i)
            expected = expected << 1 | trace(gf256::multiply(static_cast<std::uint8_t>(z), gf256::power(117 * i)));
        BOOST_TEST(dual_basis::from_conventional(static_cast<std::uint8_t>(z)) == expected);
        BOOST_TEST(dual_basis::to_conventional(static_cast<std::uint8_t>(expected)) == z);
    }
}

BOOST_DATA_TEST_CASE(mends_up_to_t_and_refuses_more,
                     data::make({ 16U, 32U }) * data::make({ false, true }) * data::make({ 0U, 1U, 33U }),
                     parity,
                     dual_basis,
                     virtual_fill)
{
    std::mt19937 random(parity + virtual_fill + dual_basis);
    for (unsigned interleave = 1; interleave <= 8; ++interleave) {
        const rs_config config{ parity, dual_basis, interleave, virtual_fill };
        const reed_solomon code(config);
        BOOST_TEST(code.data_len_bytes() == interleave * (255 - parity - virtual_fill));
        const octets sent = random_code_block(code, random);
        // Codeword i gets base + i errors, so that each block mixes clean, mended and lost codewords.
        for (unsigned base = 0; base <= parity / 2 + 4; ++base) {
            octets received = sent;
            for (unsigned codeword = 0; codeword < interleave; ++codeword)
                spoil(received, config, codeword, base + codeword, random);
            octets decoded = received;
            const rs_result result = code.decode(decoded);
            unsigned total = 0;
            for (unsigned codeword = 0; codeword < interleave; ++codeword) {
                const unsigned n_errors = base + codeword;
                const bool is_mended = n_errors <= parity / 2;
                BOOST_TEST(result.corrected[codeword] == (is_mended ? n_errors : rs_result::uncorrectable));
                total += is_mended ? n_errors : 0;
                const octets& expected = is_mended ? sent : received;
                for (std::size_t at = codeword; at < decoded.size(); at += interleave)
                    BOOST_REQUIRE(decoded[at] == expected[at]);
            }
            BOOST_TEST(result.total == total);
            BOOST_TEST(result.ok == (base + interleave - 1 <= parity / 2));
        }
    }
}

BOOST_DATA_TEST_CASE(every_target_equals_the_reference,
                     data::make({ 16U, 32U }) * data::make({ false, true }) * data::xrange(1U, 9U),
                     parity,
                     dual_basis,
                     interleave)
{
    std::mt19937 random(parity + 2 * interleave + dual_basis);
    for (unsigned n_errors = 0; n_errors <= 40; ++n_errors) {
        const auto virtual_fill = static_cast<unsigned>(n_errors % 4 == 0 ? 0 : random() % 180);
        const rs_config config{ parity, dual_basis, interleave, virtual_fill };
        const reed_solomon code(config);
        octets received = random_code_block(code, random);
        for (unsigned codeword = 0; codeword < interleave; ++codeword)
            spoil(received, config, codeword, codeword % 3 == 2 ? random() % (n_errors + 1) : n_errors, random);
        octets expected = received;
        const rs_result of_reference = [&] {
            const scoped_target use(scalar_target);
            return code.decode(expected);
        }();
        on_each_target([&](const std::string&) {
            octets decoded = received;
            const rs_result result = code.decode(decoded);
            BOOST_TEST(result.corrected == of_reference.corrected, boost::test_tools::per_element());
            BOOST_TEST(result.ok == of_reference.ok);
            BOOST_TEST(result.total == of_reference.total);
            BOOST_TEST((decoded == expected));
        });
    }
}

BOOST_AUTO_TEST_CASE(an_error_in_the_virtual_fill_proves_too_many)
{
    // A codeword of the full code with one symbol wrong, seen through the shortened code that has that symbol filled.
    const reed_solomon full({ .interleave = 1 });
    const reed_solomon shortened({ .interleave = 1, .virtual_fill = 10 });
    octets word(255);
    word[9] = 77; // within the fill, where zero is assumed
    full.encode(word);
    const octets before(word.begin() + 10, word.end());
    on_each_target([&](const std::string&) {
        octets received = before;
        const rs_result result = shortened.decode(received);
        BOOST_TEST(!result.ok);
        BOOST_TEST(result.corrected[0] == rs_result::uncorrectable);
        BOOST_TEST(received == before, boost::test_tools::per_element());
    });
}

BOOST_DATA_TEST_CASE(the_randomizer_sequence_is_a_codeword, data::make({ false, true }), dual_basis)
{
    // The reason why zero syndromes never tell that a frame was derandomised, nor that there is a frame.
    const reed_solomon code({ .dual_basis = dual_basis, .interleave = 4 });
    octets block(code.code_block_len_bytes());
    apply_randomizer(block);
    const rs_result result = code.decode(block);
    BOOST_TEST(result.ok);
    BOOST_TEST(result.total == 0U);
}

BOOST_AUTO_TEST_CASE(any_input_is_decoded_or_left_alone)
{
    std::mt19937 random(9);
    for (unsigned i = 0; i < 400; ++i) {
        const rs_config config{ i % 2 ? 16U : 32U, i % 4 < 2, 1 + i % 8, static_cast<unsigned>(random() % 200) };
        const reed_solomon code(config);
        octets received(code.code_block_len_bytes());
        const unsigned kind = random() % 3; // noise, sparse, constant
        const auto constant = static_cast<std::uint8_t>(random());
        std::generate(received.begin(), received.end(), [&] {
            const auto octet = static_cast<std::uint8_t>(random());
            return kind == 0 ? octet : kind == 1 ? (random() % 20 ? std::uint8_t{ 0 } : octet) : constant;
        });
        octets decoded = received;
        const rs_result first = code.decode(decoded);
        octets again = decoded;
        const rs_result second = code.decode(again);
        BOOST_TEST((again == decoded));
        for (unsigned codeword = 0; codeword < config.interleave; ++codeword)
            BOOST_TEST(second.corrected[codeword] ==
                       (first.corrected[codeword] == rs_result::uncorrectable ? rs_result::uncorrectable : 0));
    }
}

BOOST_AUTO_TEST_CASE(wrong_configurations_and_sizes_are_refused)
{
    BOOST_CHECK_THROW(reed_solomon({ .parity = 20 }), std::invalid_argument);
    BOOST_CHECK_THROW(reed_solomon({ .interleave = 0 }), std::invalid_argument);
    BOOST_CHECK_THROW(reed_solomon({ .interleave = 9 }), std::invalid_argument);
    BOOST_CHECK_THROW(reed_solomon({ .virtual_fill = 223 }), std::invalid_argument);
    const reed_solomon code({ .interleave = 2 });
    octets block(509);
    BOOST_CHECK_THROW(code.encode(block), std::invalid_argument);
    BOOST_CHECK_THROW(code.decode(block), std::invalid_argument);
}
