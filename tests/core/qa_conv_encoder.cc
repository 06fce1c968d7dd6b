// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/conv_encoder.h"
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <vector>

using namespace xband::core;

namespace {

std::vector<int> encode(conv_encoder& encoder, const std::vector<std::uint8_t>& bits)
{
    std::vector<std::uint8_t> symbols(16 * bits.size());
    encoder.encode(bits, symbols);
    return { symbols.begin(), symbols.end() };
}

} // namespace

BOOST_AUTO_TEST_CASE(impulse_response_is_the_connection_vectors)
{
    // A single 1: G1 gives 1111001 (171 octal), G2 1011011 (133 octal), in turn.
    conv_encoder encoder(false);
    const std::vector<int> expected{ 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0 };
    BOOST_TEST(encode(encoder, { 0x80 }) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(inversion_is_of_the_second_symbol_only)
{
    conv_encoder encoder(true);
    const std::vector<int> expected{ 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    BOOST_TEST(encode(encoder, { 0 }) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(register_is_kept_until_reset)
{
    conv_encoder encoder(false);
    const std::vector<int> whole = encode(encoder, { 0xa5, 0x3c });
    encoder.reset();
    std::vector<int> parts = encode(encoder, { 0xa5 });
    const std::vector<int> second = encode(encoder, { 0x3c });
    parts.insert(parts.end(), second.begin(), second.end());
    BOOST_TEST(parts == whole, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wrong_room_is_refused)
{
    conv_encoder encoder(false);
    const std::vector<std::uint8_t> bits(2);
    std::vector<std::uint8_t> symbols(31);
    BOOST_CHECK_THROW(encoder.encode(bits, symbols), std::invalid_argument);
}
