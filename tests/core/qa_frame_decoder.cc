// SPDX-License-Identifier: GPL-3.0-or-later
// Soft bits to frame records: every reading of the channel, slips, chunking, clock marks, statistics.
#include "framing_testing.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>

using namespace framing_testing;

namespace {

constexpr std::size_t n_frames = 24;

struct link {
    std::string name;
    framing_config config;
};

std::vector<link> all_links()
{
    std::vector<link> links;
    for (const auto& [kind, kind_name] :
         { std::pair(modulation::bpsk, "bpsk"), { modulation::qpsk, "qpsk" }, { modulation::oqpsk, "oqpsk" } }) {
        for (const auto coding : { differential::none, differential::nrz_m, differential::nrz_m_per_rail }) {
            const std::string name = std::string(kind_name) + (coding == differential::none    ? ""
                                                               : coding == differential::nrz_m ? " nrz_m"
                                                                                               : " nrz_m_per_rail");
            if (coding != differential::nrz_m_per_rail) {
                framing_config coded = small_config();
                coded.modulation = kind;
                coded.differential = coding;
                links.push_back({ name + " conv", coded });
            }
            if (coding != differential::nrz_m_per_rail || kind != modulation::bpsk)
                links.push_back({ name, uncoded(small_config(), kind, coding) });
        }
    }
    return links;
}

/// What a carrier phase of n times 90 degrees, with or without conjugation, makes of a soft stream.
soft_stream turn(const framing_config& config, soft_stream soft, unsigned quarter_turns, bool is_conjugate)
{
    if (config.modulation == modulation::bpsk) {
        if (quarter_turns % 2 != 0)
            std::transform(soft.begin(), soft.end(), soft.begin(), std::negate<>());
        return soft;
    }
    if (config.modulation == modulation::oqpsk) {
        // An odd quarter turn makes the other rail the leading one: the pairs begin half a symbol later, in order of time.
        if (quarter_turns % 2 != 0)
            soft.erase(soft.begin());
    } else if (quarter_turns % 2 != 0) {
        for (std::size_t k = 0; k + 1 < soft.size(); k += 2)
            std::swap(soft[k], soft[k + 1]);
    }
    const bool is_first_negative = quarter_turns == 1 || quarter_turns == 2;
    const bool is_second_negative = (quarter_turns == 2 || quarter_turns == 3) != is_conjugate;
    for (std::size_t k = 0; k < soft.size(); ++k) {
        if (k % 2 == 0 ? is_first_negative : is_second_negative)
            soft[k] = soft_bit(-soft[k]);
    }
    return soft;
}

void expect_all_but(const framing_config& config,
                    const soft_stream& soft,
                    const octets& frames,
                    const std::vector<int>& missing)
{
    BOOST_TEST(right_frames(receive(config, soft), frames, config.frame_len_bytes) ==
                   all_but(frames.size() / config.frame_len_bytes, missing),
               boost::test_tools::per_element());
}

std::size_t soft_bits_per_cadu(const framing_config& config) { return cadu_encoder(config).channel_bits(1); }

/// Soft bits from one place of a phase slip to the next.
#ifdef XBAND_SLOW_KERNELS // sanitizers or no SIMD: the same paths, a seventh of the places
constexpr std::size_t slip_step = 630;
#else
constexpr std::size_t slip_step = 90;
#endif

} // namespace

BOOST_AUTO_TEST_CASE(every_phase_conjugation_and_g2_sense_is_resolved)
{
    for (const auto& [name, config] : all_links()) {
        const octets frames = make_frames(config, n_frames);
        for (const bool g2_inverted : { true, false }) {
            const soft_stream sent = transmit(config, frames, g2_inverted);
            for (unsigned quarter_turns = 0; quarter_turns < 4; ++quarter_turns) {
                for (const bool is_conjugate : { false, true }) {
                    BOOST_TEST_CONTEXT(name << " turns " << quarter_turns << " conjugate " << is_conjugate
                                            << " G2 inverted " << g2_inverted)
                    {
                        expect_all_but(config, turn(config, sent, quarter_turns, is_conjugate), frames, {});
                    }
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_phase_slip_costs_the_frame_it_falls_in)
{
    for (const auto& [name, config] : all_links()) {
        if (config.modulation == modulation::bpsk)
            continue;
        const octets frames = make_frames(config, n_frames);
        const soft_stream sent = transmit(config, frames);
        for (std::size_t at = 10 * soft_bits_per_cadu(config); at < 11 * soft_bits_per_cadu(config); at += slip_step) {
            for (const unsigned quarter_turns : { 1U, 2U, 3U }) {
                soft_stream soft(sent.begin(), sent.begin() + std::ptrdiff_t(at));
                append(soft,
                       turn(config, soft_stream(sent.begin() + std::ptrdiff_t(at), sent.end()), quarter_turns, false));
                const reception got = receive(config, soft);
                const auto indices = right_frames(got, frames, config.frame_len_bytes);
                BOOST_TEST_CONTEXT(name << " at " << at << " turns " << quarter_turns)
                {
                    BOOST_TEST(indices.size() >= n_frames - 1);
                    BOOST_TEST(std::count(indices.begin(), indices.end(), 10) + std::ptrdiff_t(n_frames - 1) ==
                               std::ptrdiff_t(indices.size()));
                    BOOST_TEST(got.records.size() == n_frames);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_phase_slip_of_a_long_coded_frame_costs_nothing)
{
    // S-NPP's own code block: what a slip destroys is mended.
    framing_config config = small_config();
    config.rs = { .parity = 32, .dual_basis = true, .interleave = 4, .virtual_fill = 0 };
    config.frame_len_bytes = 892;
    config.segment_bits = 1024;
    const octets frames = make_frames(config, 14);
    soft_stream sent = transmit(config, frames);
    add_noise(sent, 25, 4); // Eb/N0 4 dB
    for (std::size_t i = 0; i < 10; ++i) {
        const std::size_t at = 6 * soft_bits_per_cadu(config) + 1654 * i;
        soft_stream soft(sent.begin(), sent.begin() + std::ptrdiff_t(at));
        append(soft, turn(config, soft_stream(sent.begin() + std::ptrdiff_t(at), sent.end()), 1, false));
        const reception got = receive(config, soft);
        BOOST_TEST(right_frames(got, frames, config.frame_len_bytes) == all_but(14), boost::test_tools::per_element());
        BOOST_TEST(got.stats.ambiguity_changes == 1U);
        unsigned slips = 0;
        for (const auto& r : got.records) {
            slips += r.header.phase_slips;
            BOOST_TEST(r.header.rs_margin == 16 - *std::ranges::max_element(r.header.corrected_symbols));
            BOOST_TEST((r.header.recovery == frame_recovery::none));
        }
        BOOST_TEST(slips == 1U);
        if (i > 0) // the first lies on the border of two frames
            BOOST_TEST(got.records[6].header.phase_slips == 1);
    }
}

BOOST_AUTO_TEST_CASE(a_slip_within_a_long_frame_costs_nothing)
{
    // Interleaved codewords, noise near the threshold of plain Reed-Solomon. Without an inner code: a phase slip; with one:
    // lost symbols.
    framing_config config = small_config();
    config.rs = { .parity = 32, .dual_basis = true, .interleave = 4, .virtual_fill = 0 };
    config.frame_len_bytes = 892;
    config.segment_bits = 1024;
    const framing_config plain = uncoded(config, modulation::qpsk, differential::none);
    const framing_config per_rail = uncoded(config, modulation::oqpsk, differential::nrz_m_per_rail);
    std::size_t n_stitched = 0;
    for (const auto& [coded, sigma] : { std::pair(config, 22.F), { plain, 13.F }, { per_rail, 13.F } }) {
        const octets frames = make_frames(coded, 10);
        soft_stream sent = transmit(coded, frames);
        add_noise(sent, sigma, 26);
        const bool is_coded = coded.inner_code != inner_code::none;
        for (std::size_t i = 0; i < 10; ++i) {
            const std::size_t len = soft_bits_per_cadu(coded);
            const auto at = sent.begin() + std::ptrdiff_t((5 * len + i * len / 10) / 2 * 2);
            for (const unsigned quarter_turns : { 1U, 2U, 3U }) {
                soft_stream soft(sent.begin(), at);
                const soft_stream rest(at + (is_coded ? 2 * quarter_turns : 0), sent.end());
                append(soft, is_coded ? rest : turn(coded, rest, quarter_turns, false));
                const reception got = receive(coded, soft);
                BOOST_TEST_CONTEXT(i << " turns " << quarter_turns)
                {
                    BOOST_TEST(right_frames(got, frames, coded.frame_len_bytes) == all_but(10),
                               boost::test_tools::per_element());
                }
                n_stitched += got.stats.frames_by_recovery[std::size_t(frame_recovery::stitched)];
            }
        }
    }
    BOOST_TEST(n_stitched >= 60U); // 180 degrees are transparent to NRZ-M, and slips near the ends to Reed-Solomon
}

BOOST_AUTO_TEST_CASE(lost_and_doubled_symbols_cost_the_frame_they_fall_in)
{
    for (const auto& [name, config] : all_links()) {
        const octets frames = make_frames(config, n_frames);
        const soft_stream sent = transmit(config, frames);
        const auto symbol = std::ptrdiff_t(rails(config.modulation));
        for (std::size_t i = 0; i < 9; ++i) {
            const auto at =
                std::ptrdiff_t(10 * soft_bits_per_cadu(config) + (soft_bits_per_cadu(config) * i / 9) / 2 * 2);
            soft_stream lost = sent, doubled = sent;
            lost.erase(lost.begin() + at, lost.begin() + at + symbol);
            doubled.insert(doubled.begin() + at, sent.begin() + at, sent.begin() + at + symbol);
            for (const auto& soft : { lost, doubled }) {
                const auto indices = right_frames(receive(config, soft), frames, config.frame_len_bytes);
                BOOST_TEST_CONTEXT(name << " at " << at)
                {
                    BOOST_TEST(indices.size() >= n_frames - 1);
                    BOOST_TEST(std::count(indices.begin(), indices.end(), 10) + std::ptrdiff_t(n_frames - 1) ==
                               std::ptrdiff_t(indices.size()));
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_drop_out_costs_the_frames_it_touches)
{
    for (const auto& [name, config] : all_links()) {
        const octets frames = make_frames(config, 40);
        for (const bool is_erased : { true, false }) {
            soft_stream soft = transmit(config, frames);
            const auto from = soft.begin() + std::ptrdiff_t(10 * soft_bits_per_cadu(config));
            const auto n = std::ptrdiff_t(12 * soft_bits_per_cadu(config));
            if (is_erased) {
                std::fill_n(from, n, 0);
            } else {
                const soft_stream hiss = noise(std::size_t(n), 7);
                std::copy(hiss.begin(), hiss.end(), from);
            }
            std::vector<int> lost(12);
            std::iota(lost.begin(), lost.end(), 10);
            BOOST_TEST_CONTEXT(name << " erased " << is_erased) { expect_all_but(config, soft, frames, lost); }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_dead_input_makes_no_frames)
{
    // Soft bits of zero decode to zeros, and those are a codeword; the frames' places are still known.
    framing_config config = small_config();
    config.rs = { .parity = 32, .dual_basis = true, .interleave = 4, .virtual_fill = 0 };
    config.frame_len_bytes = 892;
    config.scid.reset();
    const octets frames = make_frames(config, 30);
    for (const int level : { 0, 30 }) {
        soft_stream soft = transmit(config, frames);
        const auto from = soft.begin() + std::ptrdiff_t(10 * soft_bits_per_cadu(config));
        const auto n = std::ptrdiff_t(4 * soft_bits_per_cadu(config));
        for (std::ptrdiff_t i = 0; i < n; i += 2) { // pairs of zeros: what encoding zeros would send, G2 inverted
            from[i] = soft_bit(level);
            from[i + 1] = soft_bit(-level);
        }
        const auto indices = right_frames(receive(config, soft), frames, config.frame_len_bytes);
        BOOST_TEST_CONTEXT("level " << level)
        {
            BOOST_TEST(std::ranges::count(indices, -1) == 0);
            BOOST_TEST(indices.size() == 26U);
        }
    }
}

BOOST_AUTO_TEST_CASE(chunks_do_not_matter)
{
    std::mt19937 random(9);
    for (const auto& [name, config] : all_links()) {
        const octets frames = make_frames(config, n_frames);
        soft_stream soft = noise(1110, 2);
        append(soft, transmit(config, frames));
        add_noise(soft, config.inner_code == inner_code::none ? 14 : 25, 3);
        soft.erase(soft.begin() + 5000, soft.begin() + 5002);
        append(soft, noise(20000, 4));
        append(soft, transmit(config, frames));

        const auto decode = [&config, &soft](const std::function<std::size_t()>& next_len) {
            frame_decoder decoder(config);
            octets bytes;
            const auto pull = [&] {
                const std::size_t at = bytes.size();
                bytes.resize(at + decoder.available() * decoder.record_stride());
                decoder.pull(std::span(bytes).subspan(at));
            };
            for (std::size_t at = 0; at < soft.size();) {
                const std::size_t n = std::min(next_len(), soft.size() - at);
                decoder.push(std::span(soft).subspan(at, n));
                at += n;
                pull();
            }
            decoder.flush();
            pull();
            return bytes;
        };
        // The times are unknown here, and NaN differs from itself: compare bytes.
        const octets whole = decode([&soft] { return soft.size(); });
        BOOST_TEST(whole.size() > n_frames * frame_record_stride(config.code_block_len_bytes()));
        BOOST_TEST_CONTEXT(name)
        {
            BOOST_TEST((decode([] { return 1; }) == whole));
            BOOST_TEST((decode([] { return 997; }) == whole));
            BOOST_TEST((decode([&random] { return random() % 3000; }) == whole));
        }
    }
}

BOOST_AUTO_TEST_CASE(clock_marks_time_the_first_symbol)
{
    for (const auto& [name, config] : all_links()) {
        const octets frames = make_frames(config, n_frames);
        // Odd soft bit in front: frames begin on Q for OQPSK, at an odd soft bit of a pair for BPSK.
        const bool is_odd = config.modulation != modulation::qpsk;
        soft_stream soft(is_odd ? 5 : 6, 40);
        append(soft, transmit(config, frames));
        frame_decoder decoder(config);
        // 2.5 samples a symbol up to a discontinuity at symbol 3000, 2.25 after it.
        decoder.mark({ 1, 10.25, 2.5, 7.0F, 44.0F, 1000.0F, -3.0F, true });
        decoder.mark({ 3000, 9000, 2.25, 8.0F, 39.0F, 1001.0F, -2.0F, true });
        decoder.push(soft);
        decoder.flush();
        std::size_t i = 0;
        BOOST_TEST_CONTEXT(name)
        {
            for (const auto& r : pull_all(decoder)) {
                const double soft_index = (is_odd ? 5.0 : 6.0) + double(i++ * soft_bits_per_cadu(config));
                const double symbol = soft_index / rails(config.modulation);
                const bool is_late = symbol >= 3000;
                BOOST_TEST(r.header.first_symbol == std::uint64_t(symbol));
                BOOST_TEST(r.header.first_sample ==
                               (is_late ? 9000 + (symbol - 3000) * 2.25 : 10.25 + (symbol - 1) * 2.5),
                           boost::test_tools::tolerance(1e-12));
                BOOST_TEST(r.header.es_n0_db == (is_late ? 8.0F : 7.0F));
                BOOST_TEST(r.header.evm_percent == (is_late ? 39.0F : 44.0F));
                BOOST_TEST(r.header.carrier_offset_hz == (is_late ? 1001.0F : 1000.0F));
                BOOST_TEST(r.header.symbol_rate_error_ppm == (is_late ? -2.0F : -3.0F));
            }
        }
        BOOST_TEST(i == n_frames);
    }
}

BOOST_AUTO_TEST_CASE(time_is_unknown_without_marks)
{
    const framing_config config = small_config();
    const reception got = receive(config, transmit(config, make_frames(config, 3)));
    BOOST_REQUIRE(got.records.size() == 3);
    BOOST_TEST(std::isnan(got.records[0].header.first_sample));
    BOOST_TEST(std::isnan(got.records[0].header.es_n0_db));
}

BOOST_AUTO_TEST_CASE(errors_are_counted_exactly)
{
    for (const auto& [name, config] : all_links()) {
        const octets frames = make_frames(config, n_frames);
        soft_stream soft = transmit(config, frames);
        // 3 lone channel errors in frame 5, 12 in frame 6, an erasure in each.
        const std::size_t len = soft_bits_per_cadu(config);
        const auto flip = [&soft](std::size_t at) { soft[at] = soft_bit(-soft[at]); };
        for (std::size_t i = 0; i < 3; ++i)
            flip(5 * len + 102 * (i + 1));
        for (std::size_t i = 0; i < 12; ++i)
            flip(6 * len + 82 * (i + 1));
        const bool is_coded = config.inner_code != inner_code::none;
        const unsigned each = is_coded || config.differential == differential::none ? 1 : 2; // NRZ-M doubles errors
        if (is_coded)
            soft[5 * len + 501] = soft[6 * len + 501] = 0;
        const reception got = receive(config, soft);
        BOOST_TEST_CONTEXT(name)
        {
            BOOST_REQUIRE(got.records.size() == n_frames);
            BOOST_TEST(got.records[4].header.channel_bit_errors == 0U);
            BOOST_TEST(got.records[5].header.channel_bit_errors == 3 * each);
            BOOST_TEST(got.records[6].header.channel_bit_errors == 12 * each);
            BOOST_TEST(got.records[6].header.channel_bits == len - unsigned(is_coded));
            BOOST_TEST(got.stats.channel_bit_errors == 15 * each);
            BOOST_TEST(got.stats.frames_good + got.stats.frames_corrected == n_frames);
            BOOST_TEST(got.stats.soft_bits_in == soft.size());
            unsigned n_corrected = 0;
            for (const auto& r : got.records)
                n_corrected += r.header.corrected_symbols[0];
            BOOST_TEST(got.stats.rs_corrected_symbols == n_corrected);
            BOOST_TEST((n_corrected > 0) == !is_coded);
        }
    }
}

BOOST_AUTO_TEST_CASE(without_any_check_three_markers_prove_the_lock)
{
    framing_config config = small_config();
    config.has_rs = false;
    config.frame_kind = frame_kind::raw;
    config.scid.reset();
    const octets frames = make_frames(config, n_frames);
    const reception got = receive(config, transmit(config, frames));
    BOOST_TEST(right_frames(got, frames, config.frame_len_bytes) == all_but(n_frames),
               boost::test_tools::per_element());
    BOOST_TEST(got.stats.frames_not_checked == n_frames);
    // Two frames have two markers only.
    BOOST_TEST(receive(config, transmit(config, make_frames(config, 2))).records.empty());
}

BOOST_AUTO_TEST_CASE(bad_configurations_are_refused)
{
    const auto refuses = [](auto change) {
        framing_config config = small_config();
        change(config);
        BOOST_CHECK_THROW(frame_decoder{ config }, std::invalid_argument);
        BOOST_CHECK_THROW(cadu_encoder{ config }, std::invalid_argument);
    };
    refuses([](auto& c) { c.frame_len_bytes = 99; });
    refuses([](auto& c) { c.frame_len_bytes = 0; });
    refuses([](auto& c) { c.scid = 256; });
    refuses([](auto& c) { c.frame_kind = frame_kind::raw; });
    refuses([](auto& c) { c.differential = differential::nrz_m_per_rail; });
    refuses([](auto& c) { c = uncoded(c, modulation::bpsk, differential::nrz_m_per_rail); });
    refuses([](auto& c) { c.segment_bits = 100; });
    refuses([](auto& c) { c.rs.interleave = 9; });
}

BOOST_AUTO_TEST_CASE(push_after_flush_is_an_error)
{
    frame_decoder decoder(small_config());
    decoder.flush();
    decoder.flush();
    BOOST_CHECK_THROW(decoder.push(soft_stream(1)), std::logic_error);
}
