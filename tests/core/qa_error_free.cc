// SPDX-License-Identifier: GPL-3.0-or-later
// Skipping error-free stretches must not change one bit: the decoder that skips against the one that does not.
#include "each_target.h"
#include "fec/channel_words.h"
#include "fec/conv_code.h"
#include "fec/conv_encoder.h"
#include "fec/error_free.h"
#include "fec/viterbi.h"
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <random>
#include <vector>

using namespace xband::core;
namespace data = boost::unit_test::data;

namespace {

using random_source = std::mt19937;

/// Random bits, one per octet.
std::vector<std::uint8_t> random_bits(std::size_t size, random_source& random)
{
    std::vector<std::uint8_t> bits(size);
    std::generate(bits.begin(), bits.end(), [&] { return static_cast<std::uint8_t>(random() % 2); });
    return bits;
}

/// Symbols of bits, one per octet each.
std::vector<std::uint8_t> encode(const std::vector<std::uint8_t>& bits)
{
    std::vector<std::uint8_t> symbols;
    unsigned state = 0;
    for (const std::uint8_t bit : bits) {
        const unsigned reg = state << 1 | bit;
        symbols.push_back(static_cast<std::uint8_t>(conv_k7::symbols(reg) >> 1));
        symbols.push_back(static_cast<std::uint8_t>(conv_k7::symbols(reg) & 1));
        state = reg % conv_k7::n_states;
    }
    return symbols;
}

/// A long path that avoids the zero state with as few ones among its symbols as can be: what a path that stays off another
/// one differs by, at best. Begins and ends in the zero state.
std::vector<std::uint8_t> lightest_detour(std::size_t n_branches)
{
    std::vector<std::array<std::uint8_t, conv_k7::n_states>> oldest(n_branches);
    std::array<unsigned, conv_k7::n_states> weight;
    weight.fill(1000000);
    weight[1] = 0;
    for (auto& from_upper : oldest) {
        std::array<unsigned, conv_k7::n_states> next;
        next.fill(1000000);
        for (unsigned from = 1; from < conv_k7::n_states; ++from)
            for (unsigned bit = 0; bit < 2; ++bit) {
                const unsigned reg = from << 1 | bit, to = reg % conv_k7::n_states;
                const auto sum = weight[from] + static_cast<unsigned>(std::popcount(conv_k7::symbols(reg)));
                if (to != 0 && sum < next[to]) {
                    next[to] = sum;
                    from_upper[to] = from >= conv_k7::n_states / 2;
                }
            }
        weight = next;
    }
    auto state = static_cast<unsigned>(std::min_element(weight.begin(), weight.end()) - weight.begin());
    std::vector<std::uint8_t> bits(n_branches + 1, 1); // the first is a one: into state 1
    for (std::size_t i = n_branches; i-- > 0;) {
        bits[i + 1] = state % 2;
        state = state / 2 | oldest[i][state] * conv_k7::n_states / 2;
    }
    bits.resize(n_branches + 7, 0);
    return bits;
}

soft_bit soft(unsigned symbol, int magnitude) { return static_cast<soft_bit>(symbol ? -magnitude : magnitude); }

/// What is received of some channel; every kind has long stretches free of errors.
std::vector<soft_bit> any_reception(std::size_t size, random_source& random)
{
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    const auto bits = random_bits(size / 2, random);
    const auto symbols = encode(bits);
    const int amplitude = std::array{ 3, 9, 20, 40, 127 }[random() % 5];
    const int spread = amplitude <= 3 ? 0 : std::array{ 0, amplitude / 3, amplitude }[random() % 3];
    std::vector<soft_bit> received;
    for (const std::uint8_t symbol : symbols)
        received.push_back(
            soft(symbol, amplitude - (spread ? static_cast<int>(random() % static_cast<unsigned>(spread)) : 0)));

    const unsigned flips = std::array{ 0U, 10000U, 3000U, 500U }[random() % 4];
    const unsigned erasures = std::array{ 0U, 0U, 1000U, 50U }[random() % 4];
    const unsigned weak = std::array{ 0U, 0U, 1000U, 20U }[random() % 4];
    for (soft_bit& value : received) {
        if (flips && one_in(flips))
            value = static_cast<soft_bit>(-value);
        if (erasures && one_in(erasures))
            value = 0;
        if (weak && one_in(weak))
            value = static_cast<soft_bit>(value < 0 ? -(random() % 9) : random() % 9);
    }
    const unsigned bursts = random() % 6;
    for (unsigned i = 0; i < bursts; ++i) { // noise, nothing at all, or little
        const std::size_t at = random() % size, end = std::min(size, at + random() % 400);
        const unsigned kind = random() % 3;
        for (std::size_t k = at; k < end; ++k)
            received[k] =
                kind == 0 ? static_cast<soft_bit>(random()) : static_cast<soft_bit>(kind == 1 ? 0 : received[k] / 8);
    }
    return received;
}

/// The hard decisions are a codeword for hundreds of branches, but wherever a path from burst to burst differs from it, it
/// has hardly any weight: the best path may be that one, far into the stretch that is free of errors.
std::vector<soft_bit> misleading_reception(std::size_t size, random_source& random)
{
    const auto bits = random_bits(size / 2, random);
    const auto symbols = encode(bits);
    std::vector<soft_bit> received;
    for (const std::uint8_t symbol : symbols)
        received.push_back(soft(symbol, 127));
    for (std::size_t at = random() % 300; at + 1000 < size / 2; at += 300 + random() % 700) {
        auto detour = random() % 4 ? lightest_detour(20 + random() % 250) : random_bits(20 + random() % 250, random);
        detour.resize(detour.size() + 6, 0);
        const auto difference = encode(detour);
        const int weight = static_cast<int>(random() % 40);
        const std::size_t bursts[2] = { random() % 40, random() % 40 }; // symbols in favour of the detour
        for (std::size_t i = 0; i < difference.size(); ++i) {
            const bool in_burst = i < bursts[0] || i + bursts[1] >= difference.size();
            if (difference[i])
                received[2 * at + i] = soft(symbols[2 * at + i] ^ in_burst, in_burst ? 127 : weight);
        }
    }
    return received;
}

/// Decodes on every target with and without skipping.
void check_both_ways(const std::vector<soft_bit>& received, std::size_t segment_bits, std::size_t overlap)
{
    on_each_target([&](const std::string& target) {
        if (target == "scalar" || target.find("gfni") != std::string::npos)
            return; // the same code decides what to skip; the reference would take most of the time
        viterbi_batch skips(segment_bits, overlap), does_not(segment_bits, overlap, false);
        std::vector<std::uint8_t> bits(skips.payload_bits() / 8), expected(bits.size());
        std::vector<channel_word> channel(skips.payload_bits() / 64), expected_channel(channel.size());
        skips.decode(received, bits, channel);
        does_not.decode(received, expected, expected_channel);
        BOOST_TEST((bits == expected));
        BOOST_TEST((channel == expected_channel));
    });
}

#ifdef XBAND_SLOW_KERNELS
constexpr unsigned n_rounds = 6;
#else
constexpr unsigned n_rounds = 60;
#endif

} // namespace

BOOST_DATA_TEST_CASE(skipping_changes_nothing,
                     data::make({ 128U, 320U, 1024U }) * data::make({ 64U, 72U, 192U }),
                     segment_bits,
                     overlap)
{
    random_source random(segment_bits + overlap);
    const std::size_t size = viterbi_batch(segment_bits, overlap).input_soft_bits();
    for (unsigned round = 0; round < n_rounds; ++round) {
        check_both_ways(any_reception(size, random), segment_bits, overlap);
        check_both_ways(misleading_reception(size, random), segment_bits, overlap);
    }
}

BOOST_AUTO_TEST_CASE(an_error_leaves_a_stretch_to_be_decoded)
{
    random_source random(1);
    const std::size_t n_words = 20;
    const auto symbols = encode(random_bits(64 * n_words, random));
    std::vector<soft_bit> received;
    for (const std::uint8_t symbol : symbols)
        received.push_back(soft(symbol, 40));
    const auto doubtful = [&] {
        std::vector<viterbi::hard_word> words(n_words);
        viterbi::harden(received.data(), words);
        std::vector<viterbi::doubtful_stretch> found;
        viterbi::find_doubtful_stretches(words, 0, received, 0, found);
        return found;
    };
    BOOST_TEST(doubtful().size() == 1U);
    BOOST_TEST(doubtful()[0].end == 0); // nothing before the input, and nothing after

    received[2 * 600] = static_cast<soft_bit>(-received[2 * 600]);
    BOOST_TEST(doubtful().size() == 2U);
    BOOST_TEST(doubtful()[1].begin == 600 - 64);
    BOOST_TEST(doubtful()[1].end == 601 + 64);

    for (std::size_t i = 2 * 620; i < 2 * 640; ++i)
        received[i] = static_cast<soft_bit>(received[i] / 20); // no errors, but no weight either
    BOOST_TEST(doubtful()[1].end == 640 + 64);

    for (std::size_t i = 2 * 640; i < received.size(); ++i)
        received[i] = static_cast<soft_bit>(received[i] / 40 * (i % 3 == 0)); // never enough for a proof
    BOOST_TEST(doubtful().size() == 2U);
    BOOST_TEST(doubtful()[1].end > std::ptrdiff_t{ 64 * n_words });
}

BOOST_AUTO_TEST_CASE(hard_words_and_level_counts_equal_the_reference)
{
    random_source random(2);
    std::vector<soft_bit> received(2 * 64 * 5);
    for (soft_bit& value : received)
        value = static_cast<soft_bit>(random() % 3 ? random() : random() % 8 - 4);
    on_each_target([&](const std::string&) {
        std::array<viterbi::hard_word, 5> words;
        viterbi::harden(received.data(), words);
        for (std::size_t i = 0; i < words.size(); ++i) {
            const auto expected = viterbi::harden_ref(&received[128 * i]);
            BOOST_TEST(words[i].ones == expected.ones, boost::test_tools::per_element());
            BOOST_TEST(words[i].there == expected.there, boost::test_tools::per_element());
            BOOST_TEST(words[i].blank == expected.blank);
        }
        viterbi::level_counts counts{}, expected_counts{};
        viterbi::count_below(received, counts);
        viterbi::count_below_ref(received, expected_counts);
        BOOST_TEST(counts == expected_counts, boost::test_tools::per_element());
    });
}
