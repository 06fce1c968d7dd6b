// SPDX-License-Identifier: GPL-3.0-or-later
// Frames that come one by one: found without a grid, never doubled, never a window beside the true one.
#include "framing/randomizer.h"
#include "framing/single_cadu_sync.h"
#include "framing_testing.h"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <stdexcept>

using namespace framing_testing;

namespace {

framing_config one_by_one(framing_config config)
{
    config.is_contiguous = false;
    return config;
}

/// No header, no SCID: nothing but the code vouches for a frame.
framing_config raw(framing_config config)
{
    config.frame_kind = frame_kind::raw;
    config.scid.reset();
    return config;
}

const framing_config config = one_by_one(raw(uncoded(small_config(), modulation::bpsk, differential::none)));
const std::size_t cadu_bits = config.cadu_len_bits();
constexpr std::size_t n_frames = 10;

/// Suomi-NPP's code block: every window up to 64 octets off passes.
framing_config full_code()
{
    framing_config full = config;
    full.rs = { .parity = 32, .dual_basis = true, .interleave = 4, .virtual_fill = 0 };
    full.frame_len_bytes = 892;
    return full;
}

void write_octets(soft_stream& soft, std::size_t position, const octets& what)
{
    for (std::size_t i = 0; i < 8 * what.size(); ++i)
        soft[position + i] = (what[i / 8] >> (7 - i % 8) & 1) != 0 ? -40 : 40;
}

const octets marker{ 0x1a, 0xcf, 0xfc, 0x1d };

/// Puts a sync marker into each frame, where it stands once the frame is randomised.
void put_marker_in_data(const framing_config& link, octets& frames, std::size_t at)
{
    octets sequence(link.code_block_len_bytes());
    apply_randomizer(sequence);
    for (std::size_t frame = 0; frame < frames.size(); frame += link.frame_len_bytes) {
        for (std::size_t k = 0; k < marker.size(); ++k)
            frames[frame + at + k] = marker[k] ^ sequence[at + k];
    }
}

/// Each frame by itself with `idle(i)` bits of noise before it.
soft_stream
spread(const framing_config& link, const octets& frames, const std::function<std::size_t(std::size_t)>& idle)
{
    const soft_stream sent = transmit(link, frames);
    const std::size_t n = frames.size() / link.frame_len_bytes;
    const std::size_t len = sent.size() / n;
    soft_stream soft;
    for (std::size_t i = 0; i < n; ++i) {
        append(soft, noise(idle(i), std::uint32_t(100 + i)));
        const auto from = sent.begin() + std::ptrdiff_t(i * len);
        soft.insert(soft.end(), from, from + std::ptrdiff_t(len));
    }
    return soft;
}

void expect_all_but(const framing_config& link, const soft_stream& soft, const octets& frames, std::vector<int> missing)
{
    const reception got = receive(link, soft);
    const std::size_t n = frames.size() / link.frame_len_bytes;
    BOOST_TEST(right_frames(got, frames, link.frame_len_bytes) == all_but(n, missing),
               boost::test_tools::per_element());
    BOOST_TEST(got.records.size() == n - missing.size()); // nothing uncorrectable comes out
}

} // namespace

BOOST_AUTO_TEST_CASE(any_distance_between_frames)
{
    const octets frames = make_frames(config, n_frames);
    expect_all_but(config, transmit(config, frames), frames, {});
    expect_all_but(config, spread(config, frames, [](std::size_t i) { return 37 * i * i; }), frames, {});
    const framing_config full = full_code();
    const octets long_frames = make_frames(full, n_frames);
    expect_all_but(full, transmit(full, long_frames), long_frames, {});
    expect_all_but(full, spread(full, long_frames, [](std::size_t i) { return 900 + i; }), long_frames, {});
}

BOOST_AUTO_TEST_CASE(behind_the_inner_code)
{
    framing_config coded = one_by_one(raw(small_config()));
    coded.modulation = modulation::bpsk;
    const octets frames = make_frames(coded, n_frames);
    const auto encode = [&coded](const octets& what, std::size_t idle_soft_bits) {
        soft_stream soft = transmit(coded, what); // the encoder begins anew: the register and NRZ-M jump between frames
        append(soft, soft_stream(128, 40)); // the transmitter goes on after the frame, as the decoder's memory needs
        append(soft, noise(idle_soft_bits, 3));
        return soft;
    };
    soft_stream soft;
    for (std::size_t i = 0; i < n_frames; ++i) {
        const auto at = frames.begin() + std::ptrdiff_t(i * coded.frame_len_bytes);
        append(soft, encode(octets(at, at + std::ptrdiff_t(coded.frame_len_bytes)), 2 * (400 + 61 * i)));
    }
    // The first bits after an idle stretch go wrong in the decoder: up to the code's power inside the frame.
    const auto indices = right_frames(receive(coded, soft), frames, coded.frame_len_bytes);
    BOOST_TEST(indices == all_but(n_frames), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(frames_beyond_repair_are_counted_and_do_not_come_out)
{
    const octets frames = make_frames(config, n_frames);
    soft_stream soft = transmit(config, frames);
    write_octets(soft, 4 * cadu_bits + 300, octets(30, 0x55));
    const reception got = receive(config, soft);
    BOOST_TEST(right_frames(got, frames, config.frame_len_bytes) == all_but(n_frames, { 4 }),
               boost::test_tools::per_element());
    BOOST_TEST(got.records.size() == n_frames - 1);
    BOOST_TEST(got.stats.frames_abandoned == 1U);
    BOOST_TEST(got.stats.frames_uncorrectable == 0U);
    BOOST_TEST(got.stats.locks == 0U);
    BOOST_TEST(!got.stats.is_locked);
}

BOOST_AUTO_TEST_CASE(marker_errors_up_to_the_limit)
{
    const octets frames = make_frames(config, n_frames);
    for (unsigned wrong = 0; wrong <= 6; ++wrong) {
        soft_stream soft = transmit(config, frames);
        for (unsigned i = 0; i < wrong; ++i)
            soft[5 * cadu_bits + 3 + 4 * i] = soft_bit(-soft[5 * cadu_bits + 3 + 4 * i]);
        expect_all_but(config, soft, frames, wrong <= 4 ? std::vector<int>{} : std::vector<int>{ 5 });
    }
}

BOOST_AUTO_TEST_CASE(windows_that_pass_reed_solomon_are_not_taken_for_frames)
{
    // A marker in the noise before each frame or in its data, and the true marker there, damaged beyond use, or gone: each
    // frame comes out once, right and at its place.
    const framing_config full = full_code();
    constexpr std::size_t idle = 1000;
    const std::size_t period = full.cadu_len_bits() + idle;
    for (const std::ptrdiff_t shift : { -64, -63, -33, -8, -4, 10, 33, 60, 64 }) {
        octets frames = make_frames(full, n_frames);
        if (shift > 0)
            put_marker_in_data(full, frames, std::size_t(shift) - 4);
        for (const auto& [n_marker_octets_lost, n_noisy] : { std::pair(0U, 0U), { 1U, 0U }, { 4U, 0U }, { 4U, 3U } }) {
            soft_stream soft = spread(full, frames, [](std::size_t) { return idle; });
            for (std::size_t at = idle; at < soft.size(); at += period) {
                write_octets(soft, at, octets(n_marker_octets_lost, 0x55));
                if (shift < 0)
                    write_octets(soft, std::size_t(std::ptrdiff_t(at) + 8 * shift), marker);
                for (std::size_t k = 0; k < n_noisy; ++k) // two of them in one codeword
                    write_octets(soft, at + 8 * (200 + 150 * k), octets(1, 0x55));
            }
            const reception got = receive(full, soft);
            const auto indices = right_frames(got, frames, full.frame_len_bytes);
            BOOST_TEST_CONTEXT("shift " << shift << " lost " << n_marker_octets_lost << " noisy " << n_noisy)
            {
                // Too far off and too noisy, hardly a window is right where a marker is left.
                if (n_noisy == 0 || std::abs(shift) <= 56)
                    BOOST_TEST(indices == all_but(n_frames), boost::test_tools::per_element());
                BOOST_REQUIRE(got.records.size() == indices.size());
                for (std::size_t i = 0; i < indices.size(); ++i) {
                    BOOST_TEST(got.records[i].header.first_symbol == std::size_t(indices[i]) * period + idle);
                    const auto expected = n_marker_octets_lost == 0 ? sync_state::lock : sync_state::flywheel;
                    BOOST_TEST((got.records[i].header.sync == expected));
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(the_randomiser_alone_is_no_second_frame)
{
    // All-zero frames: the sequence itself, of which every window is a codeword.
    const framing_config full = full_code();
    const octets zeros(n_frames * full.frame_len_bytes);
    for (const std::ptrdiff_t shift : { -40, -4, 4, 40 }) {
        soft_stream soft = transmit(full, zeros);
        for (std::size_t i = 1; i < n_frames; ++i)
            write_octets(soft, std::size_t(std::ptrdiff_t(i * full.cadu_len_bits()) + 8 * shift), marker);
        const reception got = receive(full, soft);
        BOOST_REQUIRE(got.records.size() == n_frames);
        for (std::size_t i = 0; i < n_frames; ++i) {
            BOOST_TEST(got.records[i].header.first_symbol == i * full.cadu_len_bits());
            BOOST_TEST((got.records[i].frame == octets(full.frame_len_bytes)));
        }
    }
}

BOOST_AUTO_TEST_CASE(markers_in_the_data_do_no_harm)
{
    octets frames = make_frames(config, n_frames);
    for (const std::size_t at : { 8U, 40U, 60U, 96U })
        put_marker_in_data(config, frames, at);
    expect_all_but(config, transmit(config, frames), frames, {});
    expect_all_but(config, spread(config, frames, [](std::size_t i) { return 100 * i; }), frames, {});
    // The same with the frame's own marker gone: nothing else is taken for it.
    soft_stream soft = transmit(config, frames);
    write_octets(soft, 5 * cadu_bits, octets(4, 0x55));
    const auto indices = right_frames(receive(config, soft), frames, config.frame_len_bytes);
    BOOST_TEST(std::count(indices.begin(), indices.end(), -1) == 0);
    BOOST_TEST(indices.size() >= n_frames - 1);
}

BOOST_AUTO_TEST_CASE(a_header_that_is_known_is_asked_for)
{
    framing_config aos = config;
    aos.frame_kind = frame_kind::aos;
    aos.scid = 157;
    const octets frames = make_frames(aos, n_frames);
    expect_all_but(aos, transmit(aos, frames), frames, {});
    aos.scid = 158;
    BOOST_TEST(receive(aos, transmit(aos, frames)).records.empty());
}

BOOST_AUTO_TEST_CASE(starts_and_ends_at_any_bit)
{
    const octets frames = make_frames(config, 3);
    const soft_stream sent = transmit(config, frames);
    for (std::size_t cut = 0; cut < cadu_bits; cut += 5) {
        // The marker must be there; Reed-Solomon fills in up to 16 octets at the end.
        const soft_stream late(sent.begin() + std::ptrdiff_t(cut), sent.end());
        expect_all_but(config, late, frames, cut == 0 ? std::vector<int>{} : std::vector<int>{ 0 });
        const soft_stream early(sent.begin(), sent.end() - std::ptrdiff_t(cut));
        const reception got = receive(config, early);
        const auto indices = right_frames(got, frames, config.frame_len_bytes);
        BOOST_TEST(std::count(indices.begin(), indices.end(), -1) == 0);
        BOOST_TEST(indices.size() + got.stats.frames_truncated == (cut <= cadu_bits - 32 ? 3U : 2U));
        BOOST_TEST(indices.size() >= (cut <= 16 * 8 ? 3U : 2U));
    }
}

BOOST_AUTO_TEST_CASE(chunks_do_not_matter)
{
    const framing_config full = full_code();
    for (const framing_config& link : { config, full, one_by_one(raw(small_config())) }) {
        const octets frames = make_frames(link, n_frames);
        soft_stream soft = spread(link, frames, [](std::size_t i) { return 500 + 60 * i; });
        add_noise(soft, 14, 9);
        const reception whole = receive(link, soft);
        BOOST_TEST(!whole.records.empty());
        for (const std::size_t chunk : { 1U, 63U, 1000U }) {
            frame_decoder decoder(link);
            for (std::size_t at = 0; at < soft.size(); at += chunk)
                decoder.push(std::span(soft).subspan(at, std::min(chunk, soft.size() - at)));
            decoder.flush();
            const auto records = pull_all(decoder);
            BOOST_REQUIRE(records.size() == whole.records.size());
            for (std::size_t i = 0; i < records.size(); ++i) {
                BOOST_TEST((records[i].frame == whole.records[i].frame));
                BOOST_TEST(records[i].header.first_symbol == whole.records[i].header.first_symbol);
            }
            BOOST_TEST(decoder.stats().frames_abandoned == whole.stats.frames_abandoned);
        }
    }
}

BOOST_AUTO_TEST_CASE(something_must_prove_a_frame)
{
    framing_config unchecked = config;
    unchecked.has_rs = false;
    BOOST_CHECK_THROW(frame_decoder{ unchecked }, std::invalid_argument);
    unchecked.has_fecf = true;
    BOOST_CHECK_NO_THROW(frame_decoder{ unchecked });
}
