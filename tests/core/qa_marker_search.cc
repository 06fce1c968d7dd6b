// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/marker_search.h"

#include <boost/test/unit_test.hpp>
#include <random>
#include <stdexcept>
#include <vector>

using namespace xband::core;

namespace {

constexpr std::uint32_t asm_ccsds = 0x1ACFFC1D;

std::uint32_t window(const std::vector<std::uint64_t>& words, std::size_t position)
{
    std::uint32_t bits = 0;
    for (std::size_t i = position; i < position + 32; ++i)
        bits = bits << 1 | (words[i / 64] >> (63 - i % 64) & 1);
    return bits;
}

void plant(std::vector<std::uint64_t>& words, std::size_t position, std::uint32_t bits)
{
    for (std::size_t i = 0; i < 32; ++i) {
        const std::uint64_t lane = std::uint64_t{ 1 } << (63 - (position + i) % 64);
        auto& word = words[(position + i) / 64];
        word = (bits >> (31 - i) & 1) != 0 ? word | lane : word & ~lane;
    }
}

/// Random bits with markers of 0 to 9 errors, upright and inverted, at random places.
std::vector<std::uint64_t> make_stream(std::mt19937_64& random)
{
    std::vector<std::uint64_t> words(2001);
    for (auto& word : words)
        word = random();
    for (std::size_t at = 0; at + 100 < 64 * words.size(); at += 40 + random() % 60) {
        std::uint32_t marker = random() % 2 == 0 ? asm_ccsds : ~asm_ccsds;
        for (std::uint64_t n_errors = random() % 10; n_errors > 0; --n_errors)
            marker ^= 1U << (random() % 32);
        plant(words, at, marker);
    }
    return words;
}

} // namespace

BOOST_AUTO_TEST_CASE(agrees_with_a_count_at_every_position)
{
    std::mt19937_64 random(3);
    for (unsigned max_errors = 0; max_errors <= marker_search::max_errors_limit; ++max_errors) {
        for (const bool inverted_too : { false, true }) {
            const marker_search search(asm_ccsds, max_errors, inverted_too);
            const auto words = make_stream(random);
            std::size_t n_found = 0;
            for (std::size_t w = 0; w + 1 < words.size(); ++w) {
                const std::uint64_t found = search.find(words[w], words[w + 1]);
                n_found += std::size_t(std::popcount(found));
                for (std::size_t lane = 0; lane < 64; ++lane) {
                    const unsigned errors = marker_distance(window(words, 64 * w + lane), asm_ccsds);
                    const bool is_near = errors <= max_errors || (inverted_too && 32 - errors <= max_errors);
                    BOOST_REQUIRE_EQUAL((found >> (63 - lane) & 1) != 0, is_near);
                }
            }
            BOOST_TEST(n_found > 50);
        }
    }
}

BOOST_AUTO_TEST_CASE(refuses_more_errors_than_it_can_count)
{
    BOOST_CHECK_THROW(marker_search(asm_ccsds, 8, true), std::invalid_argument);
}
