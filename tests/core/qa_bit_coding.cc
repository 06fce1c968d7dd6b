// SPDX-License-Identifier: GPL-3.0-or-later
// Randomizer, NRZ-M and CRC-16.
#include "framing/crc16.h"
#include "framing/nrzm.h"
#include "framing/randomizer.h"
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <stdexcept>
#include <string_view>
#include <vector>

using namespace xband::core;

namespace {

using octets = std::vector<std::uint8_t>;

octets random_octets(std::size_t size, unsigned seed)
{
    std::mt19937 random(seed);
    octets data(size);
    std::generate(data.begin(), data.end(), [&] { return static_cast<std::uint8_t>(random()); });
    return data;
}

/// Passes `in` through process(part, part of out) in random parts.
template <typename T, typename Process>
std::vector<T> in_parts(const std::vector<T>& in, unsigned seed, Process&& process)
{
    std::mt19937 random(seed);
    std::vector<T> out(in.size());
    for (std::size_t at = 0; at < in.size();) {
        const std::size_t n = std::min<std::size_t>(random() % 9, in.size() - at);
        process(std::span<const T>(in).subspan(at, n), std::span<T>(out).subspan(at, n));
        at += n;
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(randomizer_sequence_starts_as_printed_and_repeats)
{
    octets data(600);
    apply_randomizer(data);
    // CCSDS 131.0-B-5, 10.4.2: the first 40 bits.
    const octets printed{ 0xff, 0x48, 0x0e, 0xc0, 0x9a };
    BOOST_CHECK_EQUAL_COLLECTIONS(data.begin(), data.begin() + 5, printed.begin(), printed.end());
    BOOST_CHECK_EQUAL_COLLECTIONS(data.begin(), data.begin() + 345, data.begin() + 255, data.end());
    // A shift register of full period: 128 ones in 255 bits, so 8 times that in 255 octets.
    int ones = 0;
    for (std::size_t i = 0; i < 255; ++i)
        ones += __builtin_popcount(data[i]);
    BOOST_TEST(ones == 8 * 128);
}

BOOST_AUTO_TEST_CASE(randomizer_undoes_itself)
{
    const octets data = random_octets(1020, 1);
    octets twice = data;
    apply_randomizer(twice);
    BOOST_TEST((twice != data));
    apply_randomizer(twice);
    BOOST_TEST((twice == data));
}

BOOST_AUTO_TEST_CASE(crc_of_the_check_string)
{
    constexpr std::string_view check = "123456789";
    octets data(check.begin(), check.end());
    BOOST_TEST(crc16_ccsds(data) == 0x29b1); // the catalogued check value of this CRC
    data.push_back(0x29);
    data.push_back(0xb1);
    BOOST_TEST(crc16_ccsds(data) == 0);
    BOOST_TEST(crc16_ccsds({}) == 0xffff);
}

BOOST_AUTO_TEST_CASE(nrzm_changes_level_for_a_one)
{
    nrzm_encoder encoder;
    octets levels(2);
    encoder.encode(octets{ 0b01101000, 0b10000000 }, levels);
    const octets expected{ 0b01001111, 0b00000000 };
    BOOST_TEST(levels == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nrzm_round_trip_in_any_parts_and_either_polarity)
{
    const octets data = random_octets(500, 2);
    nrzm_encoder encoder;
    octets levels = in_parts(data, 3, [&](auto in, auto out) { encoder.encode(in, out); });
    nrzm_decoder decoder;
    BOOST_TEST((in_parts(levels, 4, [&](auto in, auto out) { decoder.decode(in, out); }) == data));

    for (std::uint8_t& octet : levels)
        octet = static_cast<std::uint8_t>(~octet);
    decoder.reset();
    octets inverted(levels.size());
    decoder.decode(levels, inverted);
    inverted[0] ^= 0x80; // only the very first bit hangs on the polarity
    BOOST_TEST((inverted == data));
}

BOOST_AUTO_TEST_CASE(soft_nrzm_compares_each_rail_with_itself)
{
    nrzm_soft_decoder decoder(2);
    // Rails: I = +100, -30, -128, 0; Q = -50, -60, +127, +1.
    const std::vector<soft_bit> in{ 100, -50, -30, -60, -128, 127, 0, 1 };
    const std::vector<int> expected{ 0, 0, -30, 50, 30, -60, 0, 1 };
    const auto out = in_parts(in, 5, [&](auto from, auto to) { decoder.decode(from, to); });
    BOOST_CHECK_EQUAL_COLLECTIONS(out.begin(), out.end(), expected.begin(), expected.end());
    BOOST_CHECK_THROW(nrzm_soft_decoder(3), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(soft_nrzm_agrees_with_hard_nrzm)
{
    const octets levels = random_octets(64, 6);
    std::vector<soft_bit> soft;
    for (const std::uint8_t octet : levels)
        for (int place = 7; place >= 0; --place)
            soft.push_back(octet >> place & 1 ? -100 : 100);
    std::vector<soft_bit> decoded_soft(soft.size());
    nrzm_soft_decoder(1).decode(soft, decoded_soft);
    octets decoded(levels.size());
    nrzm_decoder().decode(levels, decoded);
    for (std::size_t i = 1; i < soft.size(); ++i)
        BOOST_TEST((decoded_soft[i] < 0) == (decoded[i / 8] >> (7 - i % 8) & 1));
}

BOOST_AUTO_TEST_CASE(different_sizes_are_refused)
{
    octets out(1);
    BOOST_CHECK_THROW(nrzm_encoder().encode(octets(2), out), std::invalid_argument);
    BOOST_CHECK_THROW(nrzm_decoder().decode(octets(2), out), std::invalid_argument);
}
