// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/rail_streams.h"

namespace xband::core {

namespace {

// Bit 0 of a stream is the most significant one of its word.
constexpr std::uint64_t odd_mask = 0x5555555555555555;

std::uint64_t swap_pairs(std::uint64_t x) { return (x & odd_mask) << 1 | (x >> 1 & odd_mask); }

/// Swaps the pairs of two unlike levels.
std::uint64_t swap_unlike_pairs(std::uint64_t x, std::uint64_t levels)
{
    const std::uint64_t unlike = (levels ^ levels >> 1) & odd_mask;
    const std::uint64_t change = (x ^ x >> 1) & unlike;
    return x ^ change ^ change << 1;
}

/// Swaps bits 2k+1 and 2k+2; the first one's partner is in the word before, the last one's is the next bit.
std::uint64_t swap_late_pairs(std::uint64_t before, std::uint64_t x, bool next_bit)
{
    return ((x << 1 | std::uint64_t{ next_bit }) & odd_mask) | ((x >> 1 | before << 63) & ~odd_mask);
}

} // namespace

rail_streams::rail_streams(modulation kind, differential coding) : d_differential(coding), d_modulation(kind)
{
    const bool is_sign_open = coding == differential::none && kind != modulation::bpsk;
    for (const auto& [is_swapped, is_late] : { std::pair(false, false), { true, false }, { true, true } }) {
        if ((is_swapped && kind == modulation::bpsk) || (is_late && kind != modulation::oqpsk))
            continue;
        d_readings.push_back({ is_swapped, is_late, false });
        if (is_sign_open)
            d_readings.push_back({ is_swapped, is_late, true });
    }
    d_last_serial.resize(d_readings.size());
}

bool rail_streams::may_be_inverted() const
{
    switch (d_differential) {
    case differential::none:
        return true;
    case differential::nrz_m:
        return d_modulation != modulation::bpsk; // rails of unlike sign make every difference a wrong one
    case differential::nrz_m_per_rail:
    case differential::four_phase:
        break;
    }
    return false;
}

std::int64_t rail_streams::source(std::size_t stream, std::int64_t position) const
{
    const rail_reading& reading = d_readings[stream];
    if (!reading.is_swapped)
        return position;
    return reading.is_pair_late ? ((position + 1) ^ 1) - 1 : position ^ 1;
}

std::size_t rail_streams::level_delay() const
{
    switch (d_differential) {
    case differential::none:
        break;
    case differential::nrz_m:
        return 1;
    case differential::nrz_m_per_rail:
    case differential::four_phase:
        return 2;
    }
    return 0;
}

void rail_streams::advance(std::uint64_t hard, bool next_bit, std::span<std::uint64_t> words)
{
    std::uint64_t rails = hard;
    if (d_differential == differential::nrz_m_per_rail || d_differential == differential::four_phase) {
        rails ^= hard >> 2 | d_last_hard << 62;
        next_bit ^= (hard >> 1 & 1) != 0;
    }
    if (d_differential == differential::four_phase)
        rails = swap_unlike_pairs(rails, hard);
    for (std::size_t i = 0; i < d_readings.size(); ++i) {
        const rail_reading& reading = d_readings[i];
        std::uint64_t serial = rails;
        if (reading.is_swapped)
            serial = reading.is_pair_late ? swap_late_pairs(d_last_rails, rails, next_bit) : swap_pairs(rails);
        if (reading.is_second_inverted)
            serial ^= odd_mask;
        words[i] = serial;
        if (d_differential == differential::nrz_m)
            words[i] ^= serial >> 1 | d_last_serial[i] << 63;
        d_last_serial[i] = serial;
    }
    d_last_hard = hard;
    d_last_rails = rails;
}

} // namespace xband::core
