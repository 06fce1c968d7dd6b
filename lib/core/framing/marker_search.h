// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <bit>
#include <cstdint>

namespace xband::core {

/// Wrong bits if `window` (32 bits of the stream, first bit the most significant) were `marker`; 32 minus that for the
/// inverted stream.
inline unsigned marker_distance(std::uint32_t window, std::uint32_t marker)
{
    return static_cast<unsigned>(std::popcount(window ^ marker));
}

/// Finds a 32-bit sync marker (CCSDS 131.0-B-5, 9.3) at any bit position of packed bits, exactly, with wrong bits allowed.
///
/// 64 positions are examined at once: lane p of a 64-bit word counts the mismatches of position p, the counters standing in
/// bit planes that carry-save adders fill. That is about 4 operations per position on any machine, with no population
/// count instruction.
class marker_search
{
public:
    static constexpr unsigned max_errors_limit = 7;

    /// \param max_errors  wrong bits allowed, 0..7 (std::invalid_argument).
    /// \param inverted_too  finds the complement of the marker as well.
    marker_search(std::uint32_t marker, unsigned max_errors, bool inverted_too);

    /// Positions of markers that begin in `word`. Result and words: first bit the most significant.
    /// \param next  the 64 bits that follow `word`.
    std::uint64_t find(std::uint64_t word, std::uint64_t next) const;

private:
    std::array<std::uint64_t, 32> d_pattern; ///< each marker bit over all lanes
    std::array<std::uint64_t, 3> d_limit;    ///< bits of max_errors over all lanes
    std::uint64_t d_inverted_too;            ///< all ones or zero
};

} // namespace xband::core
