// SPDX-License-Identifier: GPL-3.0-or-later
// Frame synchroniser on hard bits: lock, slips, flywheel, and the windows that Reed-Solomon takes for frames.
#include "framing/cadu_sync.h"
#include "framing/crc16.h"
#include "framing/randomizer.h"
#include "framing_testing.h"

#include <boost/test/unit_test.hpp>

using namespace framing_testing;

namespace {

const framing_config config = uncoded(small_config(), modulation::bpsk, differential::none);
const std::size_t cadu_bits = config.cadu_len_bits();
constexpr std::size_t n_frames = 12;

/// Overwrites bits of a stream.
void write_octets(soft_stream& soft, std::size_t position, const octets& what)
{
    for (std::size_t i = 0; i < 8 * what.size(); ++i)
        soft[position + i] = (what[i / 8] >> (7 - i % 8) & 1) != 0 ? -40 : 40;
}

const octets marker{ 0x1a, 0xcf, 0xfc, 0x1d };

constexpr std::size_t data_marker_at = 40; ///< octet of the frame

/// Frames in whose data a sync marker appears once they are randomised.
octets frames_with_marker(std::size_t n)
{
    octets sequence(config.code_block_len_bytes());
    apply_randomizer(sequence);
    octets frames = make_frames(config, n);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = data_marker_at; k < data_marker_at + 4; ++k)
            frames[i * config.frame_len_bytes + k] = marker[k - data_marker_at] ^ sequence[k];
    }
    return frames;
}

} // namespace

BOOST_AUTO_TEST_CASE(starts_and_ends_at_any_bit)
{
    const octets frames = make_frames(config, 6);
    const soft_stream sent = transmit(config, frames);
    // A frame may lack bits at either end as long as Reed-Solomon (16 octets here, marker aside) can fill them in.
    for (std::size_t cut = 0; cut < 2 * cadu_bits; cut += 7) {
        const soft_stream late(sent.begin() + std::ptrdiff_t(cut), sent.end());
        const std::size_t first = cut == 0 ? 0 : (cut + cadu_bits - 33) / cadu_bits;
        auto indices = right_frames(receive(config, late), frames, config.frame_len_bytes);
        BOOST_REQUIRE(!indices.empty());
        BOOST_TEST(indices.front() <= int(first));
        BOOST_TEST(indices.size() == 6 - std::size_t(indices.front()));

        const soft_stream early(sent.begin(), sent.end() - std::ptrdiff_t(cut));
        indices = right_frames(receive(config, early), frames, config.frame_len_bytes);
        BOOST_REQUIRE(!indices.empty());
        BOOST_TEST(indices.front() == 0);
        BOOST_TEST(indices.size() >= 6 - (cut + cadu_bits - 1) / cadu_bits);
    }
}

BOOST_AUTO_TEST_CASE(frames_before_the_proof_are_backfilled)
{
    const octets frames = make_frames(config, n_frames);
    soft_stream soft = noise(3000, 5);
    append(soft, transmit(config, frames));
    // Beyond repair, and a marker gone: the first pair that proves anything is that of frames 4 and 5.
    for (const std::size_t i : { 1U, 2U, 3U })
        write_octets(soft, 3000 + i * cadu_bits + 200, octets(40, 0x55));
    write_octets(soft, 3000 + cadu_bits, octets(4, 0x55));
    const reception got = receive(config, soft);
    BOOST_TEST(right_frames(got, frames, config.frame_len_bytes) == all_but(n_frames, { 1, 2, 3 }),
               boost::test_tools::per_element());
    BOOST_REQUIRE(got.records.size() == n_frames);
    BOOST_TEST(got.records[0].header.first_symbol == 3000U);
    BOOST_TEST((got.records[0].header.sync == sync_state::backfilled));
    BOOST_TEST(got.stats.frames_uncorrectable == 3U);
    BOOST_TEST(got.stats.locks == 1U);
}

BOOST_AUTO_TEST_CASE(a_few_inserted_or_deleted_bits_cost_nothing_and_many_one_frame)
{
    const octets frames = make_frames(config, n_frames);
    const soft_stream sent = transmit(config, frames);
    for (int slip = -30; slip <= 30; ++slip) {
        soft_stream soft = sent;
        const auto at = soft.begin() + std::ptrdiff_t(5 * cadu_bits + 600);
        if (slip > 0)
            soft.insert(at, std::size_t(slip), 40);
        else
            soft.erase(at, at - slip);
        const reception got = receive(config, soft);
        const auto indices = right_frames(got, frames, config.frame_len_bytes);
        BOOST_TEST(indices == all_but(n_frames, std::abs(slip) <= 7 ? std::vector<int>{} : std::vector<int>{ 5 }),
                   boost::test_tools::per_element());
        BOOST_TEST(got.records.size() == n_frames);
        if (slip != 0 && std::abs(slip) <= 7) {
            BOOST_TEST(got.stats.bit_slips == 1U);
            BOOST_TEST(int(got.records[6].header.bit_slip) == slip);
            BOOST_TEST(got.stats.sync_losses == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_drop_out_costs_the_frames_it_touches)
{
    constexpr std::size_t n = 40;
    const octets frames = make_frames(config, n);
    for (const std::size_t n_lost_frames : { 1U, 4U, 8U, 9U, 20U }) {
        for (const int shift : { 0, 3, 333 }) { // bits lost on top of it
            soft_stream soft = transmit(config, frames);
            const auto from = soft.begin() + std::ptrdiff_t(10 * cadu_bits);
            const soft_stream hiss = noise(n_lost_frames * cadu_bits, 11);
            std::copy(hiss.begin(), hiss.end(), from);
            soft.erase(from, from + shift);
            std::vector<int> lost;
            for (std::size_t i = 0; i < n_lost_frames; ++i)
                lost.push_back(int(10 + i));
            const reception got = receive(config, soft);
            BOOST_TEST(right_frames(got, frames, config.frame_len_bytes) == all_but(n, lost),
                       boost::test_tools::per_element());
        }
    }
}

BOOST_AUTO_TEST_CASE(the_flywheel_keeps_the_grid_without_markers)
{
    const octets frames = make_frames(config, n_frames);
    soft_stream soft = transmit(config, frames);
    for (std::size_t i = 3; i < n_frames; ++i)
        write_octets(soft, i * cadu_bits, octets(4, 0x55));
    const reception got = receive(config, soft);
    BOOST_TEST(right_frames(got, frames, config.frame_len_bytes) == all_but(n_frames),
               boost::test_tools::per_element());
    BOOST_TEST(got.stats.frames_flywheel == n_frames - 3);
}

BOOST_AUTO_TEST_CASE(noise_after_the_signal_gives_no_records)
{
    const octets frames = make_frames(config, n_frames);
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
        soft_stream soft = transmit(config, frames);
        append(soft, noise(30 * cadu_bits, seed));
        const reception got = receive(config, soft);
        BOOST_TEST(got.records.size() == n_frames);
        BOOST_TEST(got.stats.sync_losses == 1U);
        BOOST_TEST(got.stats.frames_abandoned == cadu_sync::flywheel_frames + 1);
    }
}

BOOST_AUTO_TEST_CASE(windows_that_pass_reed_solomon_are_not_taken_for_frames)
{
    // RS is cyclic and blind to the randomiser: a window up to half the parity off passes. A marker written there, the same
    // in each frame and before the true one, must not win; the damage stays within what RS mends.
    framing_config full = config;
    full.rs = { .parity = 32, .dual_basis = true, .interleave = 4, .virtual_fill = 0 };
    full.frame_len_bytes = 892;
    const octets frames = make_frames(full, n_frames);
    const std::size_t len_octets = full.cadu_len_bits() / 8;
    for (const std::ptrdiff_t shift : { -64, -63, -33, -8, -4, 4, 5, 32, 63, 64 }) {
        soft_stream soft = transmit(full, frames);
        for (std::size_t i = 1; i < n_frames; ++i)
            write_octets(soft, 8 * std::size_t(std::ptrdiff_t(i * len_octets) + shift), marker);
        // Begins before the first false marker, after the first true one.
        const soft_stream late(soft.begin() + std::ptrdiff_t(len_octets * 8 - 65 * 8), soft.end());
        for (const auto& scid : { std::optional<unsigned>(157), std::optional<unsigned>() }) {
            full.scid = scid;
            const reception got = receive(full, late);
            BOOST_TEST(right_frames(got, frames, full.frame_len_bytes) == all_but(n_frames, { 0 }),
                       boost::test_tools::per_element());
            BOOST_TEST(got.stats.locks == 1U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_marker_repeated_in_the_data_does_not_win)
{
    constexpr std::size_t n = 30;
    const soft_stream sent = transmit(config, frames_with_marker(n));
    for (const std::size_t cut : { 0U, 100U, 300U }) {
        const soft_stream late(sent.begin() + std::ptrdiff_t(cut), sent.end());
        BOOST_TEST(right_frames(receive(config, late), frames_with_marker(n), config.frame_len_bytes) ==
                       all_but(n, cut < 160 ? std::vector<int>{} : std::vector<int>{ 0 }),
                   boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_grid_of_false_markers_is_left)
{
    // Bits deleted in frame 9, so many that the marker in the data of the next ones stands where theirs is expected.
    constexpr std::size_t n = 60;
    const octets frames = frames_with_marker(n);
    soft_stream soft = transmit(config, frames);
    const auto at = soft.begin() + std::ptrdiff_t(9 * cadu_bits + 300);
    soft.erase(at, at + 32 + 8 * std::ptrdiff_t(data_marker_at));
    const reception got = receive(config, soft);
    BOOST_TEST(right_frames(got, frames, config.frame_len_bytes) == all_but(n, { 9 }),
               boost::test_tools::per_element());
    BOOST_TEST(got.stats.sync_losses == 1U);
}

BOOST_AUTO_TEST_CASE(codewords_that_are_no_frames_give_no_lock)
{
    // All-zero frames, randomised: the sequence itself, a codeword. The version is wrong for AOS.
    const octets zeros(20 * config.frame_len_bytes);
    BOOST_TEST(receive(config, transmit(config, zeros)).records.empty());

    // TM frames of zeros have a right version; without SCID the counter, that stands still, gives them away.
    framing_config tm = config;
    tm.frame_kind = frame_kind::tm;
    tm.scid.reset();
    BOOST_TEST(receive(tm, transmit(tm, zeros)).records.empty());

    // Right frames of another spacecraft.
    framing_config other = config;
    other.scid = 158;
    BOOST_TEST(receive(other, transmit(config, make_frames(config, 20))).records.empty());

    // A mission taken for randomised that is not.
    framing_config plain = config;
    plain.randomized = false;
    BOOST_TEST(receive(config, transmit(plain, make_frames(plain, 20))).records.empty());
}

BOOST_AUTO_TEST_CASE(without_scid_consecutive_counters_prove_the_lock)
{
    framing_config any = config;
    any.scid.reset();
    const octets frames = make_frames(any, n_frames);
    BOOST_TEST(right_frames(receive(any, transmit(any, frames)), frames, any.frame_len_bytes) == all_but(n_frames),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_fecf_alone_checks_frames)
{
    framing_config fecf = config;
    fecf.has_rs = false;
    fecf.has_fecf = true;
    octets frames = make_frames(fecf, n_frames);
    for (std::size_t i = 0; i < n_frames; ++i) {
        const auto frame = std::span(frames).subspan(i * fecf.frame_len_bytes, fecf.frame_len_bytes);
        const std::uint16_t crc = crc16_ccsds(frame.first(frame.size() - 2));
        frame[frame.size() - 2] = std::uint8_t(crc >> 8);
        frame[frame.size() - 1] = std::uint8_t(crc);
    }
    soft_stream soft = transmit(fecf, frames);
    soft[4 * fecf.cadu_len_bits() + 400] = soft_bit(-soft[4 * fecf.cadu_len_bits() + 400]);
    const reception got = receive(fecf, soft);
    BOOST_TEST(right_frames(got, frames, fecf.frame_len_bytes) == all_but(n_frames, { 4 }),
               boost::test_tools::per_element());
    BOOST_REQUIRE(got.records.size() == n_frames);
    BOOST_TEST(int(got.records[4].header.checks) == 5); // FECF present and wrong, header right
    BOOST_TEST(int(got.records[5].header.checks) == 7);
}
