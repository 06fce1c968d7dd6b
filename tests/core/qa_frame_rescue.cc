// SPDX-License-Identifier: GPL-3.0-or-later
// Frames that plain Viterbi and Reed-Solomon lose and the rescue wins: how many, and that none of them is wrong.
#include "framing/cadu_sync.h"
#include "framing/channel_front.h"
#include "framing/frame_rescue.h"
#include "framing_testing.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <ostream>
#include <set>
#include <string>

using namespace framing_testing;
namespace data = boost::unit_test::data;

namespace {

/// S-NPP's code block, so that there are several codewords.
framing_config
long_config(modulation kind, inner_code inner, differential coding, rail_mapping mapping = rail_mapping::serial)
{
    framing_config config = small_config();
    config.rs = { .parity = 32, .dual_basis = true, .interleave = 4, .virtual_fill = 0 };
    config.frame_len_bytes = 892;
    config.segment_bits = 1024;
    config.modulation = kind;
    config.inner_code = inner;
    config.rail_mapping = mapping;
    config.differential = coding;
    return config;
}

struct noisy_link {
    std::string name;
    framing_config config;
    float eb_n0_db; ///< of CADU bits; plain decoding loses about half of the frames there
    std::size_t at_least_won;
};

std::ostream& operator<<(std::ostream& out, const noisy_link& link) { return out << link.name; }

const std::vector<noisy_link> links{
    { "S-NPP", long_config(modulation::qpsk, inner_code::conv_k7_r12, differential::nrz_m), 1.4F, 12 },
    { "coded bits as they are", long_config(modulation::oqpsk, inner_code::conv_k7_r12, differential::none), 1.4F, 8 },
    { "Aqua", long_config(modulation::oqpsk, inner_code::none, differential::nrz_m_per_rail), 5.2F, 8 },
    { "serial NRZ-M", long_config(modulation::qpsk, inner_code::none, differential::nrz_m), 5.2F, 6 },
    { "bits as they are", long_config(modulation::qpsk, inner_code::none, differential::none), 5.1F, 3 },
    { "MetOp",
      long_config(modulation::qpsk, inner_code::conv_k7_r34, differential::none, rail_mapping::c1_c2),
      2.4F,
      8 },
    { "5/6, four streams", long_config(modulation::qpsk, inner_code::conv_k7_r56, differential::nrz_m), 3.1F, 8 },
    { "FengYun-3",
      long_config(modulation::qpsk, inner_code::conv_k7_r34, differential::four_phase, rail_mapping::per_rail),
      2.8F,
      8 },
};

#ifdef XBAND_SLOW_KERNELS
constexpr std::size_t n_frames = 20;
constexpr bool is_quick = true;
#else
constexpr std::size_t n_frames = 80;
constexpr bool is_quick = false;
#endif

/// Soft bits of rms 40 at an Eb/N0.
soft_stream receive_soft(const noisy_link& link, const octets& frames, std::uint32_t seed)
{
    const auto rate = float(link.config.bits_per_channel_bit());
    const float sigma_of_unit = 1 / std::sqrt(2 * rate * std::pow(10.F, link.eb_n0_db / 10));
    const float amplitude = 40 / std::sqrt(1 + sigma_of_unit * sigma_of_unit);
    soft_stream soft = transmit(link.config, frames);
    for (auto& s : soft)
        s = soft_bit(s > 0 ? std::lround(amplitude) : -std::lround(amplitude));
    add_noise(soft, amplitude * sigma_of_unit, seed);
    return soft;
}

std::vector<located_frame> locate(const framing_config& config, const soft_stream& soft, bool has_rescue)
{
    frame_codec codec(config);
    const auto front = make_channel_front(config);
    frame_rescue rescue(codec, *front);
    cadu_sync sync(codec, front->bits(), front->may_be_inverted(), has_rescue ? &rescue : nullptr);
    front->push(soft);
    sync.advance();
    front->flush();
    sync.finish();
    std::vector<located_frame> located;
    for (auto& found = sync.frames(); !found.empty(); found.pop_front())
        located.push_back(std::move(found.front()));
    return located;
}

/// How each frame that is said to be right was won, by its counter. A wrong one fails the test.
std::map<std::size_t, frame_recovery> right_ones(const std::vector<located_frame>& located, const octets& frames)
{
    std::map<std::size_t, frame_recovery> right;
    for (const auto& found : located) {
        if (!found.frame.is_checked_and_right())
            continue;
        const auto counter = std::size_t(found.frame.header.counter);
        const auto len = std::ptrdiff_t(892);
        BOOST_REQUIRE(counter < frames.size() / 892);
        BOOST_REQUIRE(std::equal(found.frame.code_block.begin(),
                                 found.frame.code_block.begin() + len,
                                 frames.begin() + std::ptrdiff_t(counter) * len));
        BOOST_TEST(found.frame.is_header_right());
        right[counter] = found.frame.recovery;
    }
    return right;
}

} // namespace

BOOST_DATA_TEST_CASE(frames_are_won_and_none_is_wrong, data::make(links), link)
{
    const octets frames = make_frames(link.config, n_frames);
    const soft_stream soft = receive_soft(link, frames, 17);
    const auto plain = right_ones(locate(link.config, soft, false), frames);
    const auto rescued = right_ones(locate(link.config, soft, true), frames);
    std::size_t n_won = 0;
    for (const auto& [counter, way] : rescued) {
        BOOST_TEST((way == frame_recovery::none) == plain.contains(counter));
        n_won += way != frame_recovery::none;
    }
    BOOST_TEST(rescued.size() == plain.size() + n_won);
    BOOST_TEST(plain.size() < n_frames);
    if (!is_quick)
        BOOST_TEST(n_won >= link.at_least_won);
}

BOOST_AUTO_TEST_CASE(a_phase_that_wanders_is_taken_out)
{
    const noisy_link link{ "S-NPP", links[0].config, 2.0F, 0 };
    const octets frames = make_frames(link.config, 40);
    soft_stream soft = receive_soft(link, frames, 23);
    for (std::size_t k = 0; k + 1 < soft.size(); k += 2) {
        const float phase = 0.33F * std::sin(float(k % 3000) * 2 * 3.14159F / 3000); // 19 degrees, 1500 symbols
        const float i = soft[k], q = soft[k + 1];
        soft[k] = soft_bit(std::lround(std::clamp(i * std::cos(phase) - q * std::sin(phase), -127.F, 127.F)));
        soft[k + 1] = soft_bit(std::lround(std::clamp(i * std::sin(phase) + q * std::cos(phase), -127.F, 127.F)));
    }
    std::map<frame_recovery, std::size_t> n_by_way;
    for (const auto& [counter, way] : right_ones(locate(link.config, soft, true), frames))
        ++n_by_way[way];
    BOOST_TEST(n_by_way[frame_recovery::data_aided] >= 3U);
}

BOOST_AUTO_TEST_CASE(thousands_of_frames_at_the_limit)
{
    // Where most frames take the rescue and some are beyond it. right_ones() looks at each.
    for (const auto& [i, eb_n0_db] : { std::pair(0, 1.2F), { 2, 4.8F } }) {
        noisy_link link = links[std::size_t(i)];
        link.eb_n0_db = eb_n0_db + (is_quick ? 0.4F : 0.0F); // few frames hold no place to lock at the limit itself
        const std::size_t n = is_quick ? 20 : 1500;
        const octets frames = make_frames(link.config, n);
        const auto right = right_ones(locate(link.config, receive_soft(link, frames, 21), true), frames);
        BOOST_TEST(right.size() > n / 2);
        if (!is_quick)
            BOOST_TEST(right.size() < n);
    }
}

BOOST_AUTO_TEST_CASE(markers_with_noise_between_them_are_no_frames)
{
    // Every grid place looks like a frame worth all trials.
    for (const std::size_t i : { 0, 2 }) {
        const framing_config& config = links[i].config;
        const std::size_t n_noise = is_quick ? 4 : 200;
        octets frames = make_frames(config, 3 + n_noise);
        cadu_encoder encoder(config);
        std::mt19937 random(22);
        soft_stream soft;
        // The encoder's own frames with their code blocks turned to noise, of which the markers stay.
        octets bits(encoder.channel_bits(3 + n_noise));
        encoder.encode(frames, bits);
        soft = make_soft(bits);
        const std::size_t len = encoder.channel_bits(1), marker = len / config.cadu_len_bits() * 40;
        for (std::size_t k = 3; k < 3 + n_noise; ++k)
            for (std::size_t at = k * len + marker; at < (k + 1) * len - 40; ++at)
                soft[at] = soft_bit(random() % 2 != 0 ? 40 : -40);
        const auto right = right_ones(locate(config, soft, true), frames);
        BOOST_TEST(right.size() == 3U);
    }
}

BOOST_AUTO_TEST_CASE(chunks_do_not_matter)
{
    for (const std::size_t i : { 0, 2 }) {
        const octets frames = make_frames(links[i].config, 20);
        const soft_stream soft = receive_soft(links[i], frames, 18);
        std::vector<octets> outputs;
        for (const std::size_t chunk : { soft.size(), std::size_t{ 70'000 }, std::size_t{ 977 } }) {
            frame_decoder decoder(links[i].config);
            for (std::size_t at = 0; at < soft.size(); at += chunk)
                decoder.push(std::span(soft).subspan(at, std::min(chunk, soft.size() - at)));
            decoder.flush();
            outputs.emplace_back(decoder.available() * decoder.record_stride());
            decoder.pull(outputs.back());
        }
        BOOST_TEST(!outputs[0].empty());
        BOOST_TEST((outputs[0] == outputs[1] && outputs[0] == outputs[2]));
    }
}

BOOST_AUTO_TEST_CASE(the_bits_mended_are_counted_from_the_first_reading)
{
    const noisy_link& link = links[2];
    const octets frames = make_frames(link.config, 30);
    const soft_stream clean = transmit(link.config, frames);
    const soft_stream soft = receive_soft(link, frames, 19);
    const auto n = std::ptrdiff_t(link.config.cadu_len_bits());
    std::size_t n_won = 0;
    for (const auto& found : locate(link.config, soft, true)) {
        if (found.frame.recovery == frame_recovery::none)
            continue;
        ++n_won;
        const auto wrong = [&](std::ptrdiff_t i) { return (clean[std::size_t(i)] < 0) != (soft[std::size_t(i)] < 0); };
        unsigned expected = 0;
        for (std::ptrdiff_t i = found.place.position + 32; i < found.place.position + n; ++i)
            expected += wrong(i) != wrong(i - 2); // NRZ-M per rail
        BOOST_TEST(found.frame.bits_mended.value() == expected);
    }
    BOOST_TEST(n_won > 0U);
}

BOOST_AUTO_TEST_CASE(a_rescued_frame_must_have_the_right_header)
{
    // Every second frame is another spacecraft's: on the grid, with a marker, and right by Reed-Solomon.
    for (const std::size_t i : { 0, 2 }) {
        const octets ours = make_frames(links[i].config, 30);
        octets frames = ours;
        for (std::size_t k = 1; k < 30; k += 2)
            frames[k * 892 + 1] ^= 0x40;
        for (const auto& found : locate(links[i].config, receive_soft(links[i], frames, 20), true))
            BOOST_TEST((found.frame.recovery == frame_recovery::none || found.frame.is_header_right()));
    }
}

namespace {

/// The likeliest levels that obey the known bits, by trying all of them; levels[0] is before the first bit.
unsigned likeliest_levels(const std::vector<soft_bit>& levels, const std::vector<pin>& known)
{
    int best_score = -1'000'000;
    unsigned best = 0;
    for (unsigned candidate = 0; candidate < 1U << levels.size(); ++candidate) {
        int score = 0;
        for (std::size_t i = 0; i < levels.size(); ++i) {
            score += (candidate >> i & 1) != 0 ? -levels[i] : levels[i];
            if (i > 0 && known[i - 1] != pin::open)
                score -= ((candidate >> i ^ candidate >> (i - 1)) & 1) != (known[i - 1] == pin::one) ? 10'000 : 0;
        }
        if (score > best_score) {
            best_score = score;
            best = candidate;
        }
    }
    return best;
}

} // namespace

BOOST_AUTO_TEST_CASE(levels_tied_by_known_bits_are_read_together)
{
    std::mt19937 random(5);
    for (int trial = 0; trial < 300; ++trial) {
        constexpr std::size_t n_bits = 8;
        std::vector<soft_bit> levels(n_bits + 1);
        std::vector<pin> known(n_bits);
        for (auto& level : levels)
            level = soft_bit(2 * (random() % 60) - 59); // odd: sums may be 0, but rarely are
        for (auto& p : known)
            p = random() % 2 != 0 ? pin::open : random() % 2 != 0 ? pin::one : pin::zero;
        std::vector<std::uint8_t> bits(1);
        std::vector<octet_doubt> doubts(1);
        read_levels(levels, 1, { 0, 0, known, bits, doubts });
        if (doubts[0].certainty == 0)
            continue; // either way
        const unsigned best = likeliest_levels(levels, known);
        for (std::size_t i = 0; i < n_bits; ++i)
            BOOST_TEST((bits[0] >> (7 - i) & 1U) == ((best >> i ^ best >> (i + 1)) & 1U));

        // Two rails side by side are two times the same.
        std::vector<soft_bit> two_levels;
        std::vector<pin> two_known;
        for (const soft_bit level : levels)
            two_levels.insert(two_levels.end(), { level, soft_bit(-level) });
        for (const pin p : known)
            two_known.insert(two_known.end(), { p, p });
        std::vector<std::uint8_t> two_bits(2);
        std::vector<octet_doubt> two_doubts(2);
        read_levels(two_levels, 2, { 0, 0, two_known, two_bits, two_doubts });
        for (std::size_t i = 0; i < 2 * n_bits; ++i)
            BOOST_TEST((two_bits[i / 8] >> (7 - i % 8) & 1) == (bits[0] >> (7 - i / 2) & 1));
        BOOST_TEST(std::min(two_doubts[0].certainty, two_doubts[1].certainty) == doubts[0].certainty);
    }
}

BOOST_AUTO_TEST_CASE(certainty_is_that_of_the_weakest_bit)
{
    const std::vector<soft_bit> levels{ 40, -3, 50, 60, -70, 7, 80, 90 };
    std::vector<std::uint8_t> bits(1);
    std::vector<octet_doubt> doubts(1);
    std::vector<pin> known(8, pin::open);
    read_levels(levels, 0, { 0, 0, known, bits, doubts });
    BOOST_TEST(bits[0] == 0b01001000);
    BOOST_TEST(doubts[0].certainty == 3);
    known[1] = pin::zero;
    read_levels(levels, 0, { 0, 0, known, bits, doubts });
    BOOST_TEST(bits[0] == 0b00001000);
    BOOST_TEST(doubts[0].certainty == 7);
}
