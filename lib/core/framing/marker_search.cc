// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/marker_search.h"

#include <stdexcept>
#include <string>

namespace xband::core {

namespace {

constexpr std::uint64_t all_lanes = ~std::uint64_t{ 0 };

/// Bit planes of a sum: value = low + 2 * high in each lane.
struct planes {
    std::uint64_t low, high;
};

planes add(std::uint64_t a, std::uint64_t b, std::uint64_t c)
{
    const std::uint64_t either = a ^ b;
    return { either ^ c, (a & b) | (either & c) };
}

/// Running sums of weight 1, 2, 4 and 8.
struct running_sum {
    std::uint64_t ones = 0, twos = 0, fours = 0, eights = 0;

    /// Adds 16 words of weight 1; returns the carry of weight 16.
    std::uint64_t add_16(const std::uint64_t* in)
    {
        std::array<std::uint64_t, 2> carry_8{};
        for (std::size_t half = 0; half < 2; ++half) {
            std::array<std::uint64_t, 2> carry_4{};
            for (std::size_t quarter = 0; quarter < 2; ++quarter) {
                const auto* x = in + 8 * half + 4 * quarter;
                const planes first = add(ones, x[0], x[1]);
                const planes second = add(first.low, x[2], x[3]);
                ones = second.low;
                const planes pair = add(twos, first.high, second.high);
                twos = pair.low;
                carry_4[quarter] = pair.high;
            }
            const planes quad = add(fours, carry_4[0], carry_4[1]);
            fours = quad.low;
            carry_8[half] = quad.high;
        }
        const planes oct = add(eights, carry_8[0], carry_8[1]);
        eights = oct.low;
        return oct.high;
    }
};

/// Lanes where the three-bit number x (weights 1, 2, 4) is at most `limit`.
std::uint64_t at_most(const std::array<std::uint64_t, 3>& x, const std::array<std::uint64_t, 3>& limit)
{
    std::uint64_t equal = all_lanes, greater = 0;
    for (std::size_t i = 3; i-- > 0;) {
        greater |= equal & x[i] & ~limit[i];
        equal &= ~(x[i] ^ limit[i]);
    }
    return ~greater;
}

} // namespace

marker_search::marker_search(std::uint32_t marker, unsigned max_errors, bool inverted_too)
    : d_inverted_too(inverted_too ? all_lanes : 0)
{
    if (max_errors > max_errors_limit)
        throw std::invalid_argument("marker_search: max_errors " + std::to_string(max_errors) + " exceeds 7");
    for (unsigned i = 0; i < 32; ++i)
        d_pattern[i] = (marker >> (31 - i)) & 1 ? all_lanes : 0;
    for (unsigned i = 0; i < 3; ++i)
        d_limit[i] = (max_errors >> i) & 1 ? all_lanes : 0;
}

std::uint64_t marker_search::find(std::uint64_t word, std::uint64_t next) const
{
    std::array<std::uint64_t, 32> mismatch;
    mismatch[0] = word ^ d_pattern[0];
    for (unsigned i = 1; i < 32; ++i)
        mismatch[i] = ((word << i) | (next >> (64 - i))) ^ d_pattern[i];

    running_sum sum;
    const std::uint64_t carry_a = sum.add_16(mismatch.data());
    const std::uint64_t carry_b = sum.add_16(mismatch.data() + 16);
    const std::uint64_t sixteens = carry_a ^ carry_b;
    const std::uint64_t thirty_twos = carry_a & carry_b;

    const std::array<std::uint64_t, 3> low{ sum.ones, sum.twos, sum.fours };
    const std::uint64_t upright = ~(thirty_twos | sixteens | sum.eights) & at_most(low, d_limit);
    // 32 - count <= limit: either all 32 differ, or count = 24 + low with 8 - low = (7 - low) + 1 <= limit,
    // that is not (limit <= 7 - low).
    const std::array<std::uint64_t, 3> high{ ~sum.ones, ~sum.twos, ~sum.fours };
    const std::uint64_t near_32 = sixteens & sum.eights & ~at_most(d_limit, high);
    return upright | (d_inverted_too & (thirty_twos | near_32));
}

} // namespace xband::core
