// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// The latest stretch of a soft stream, addressed by index since its start. Beyond both ends there are erasures.
class soft_history
{
public:
    void append(std::span<const soft_bit> soft) { d_soft.insert(d_soft.end(), soft.begin(), soft.end()); }

    void read(std::int64_t from, std::span<soft_bit> out) const
    {
        std::fill(out.begin(), out.end(), soft_bit{ 0 });
        const auto n = std::int64_t(out.size());
        const std::int64_t first = std::max(from, d_first);
        const std::int64_t last = std::min(from + n, d_first + std::int64_t(d_soft.size()));
        if (first < last)
            std::copy(
                d_soft.begin() + (first - d_first), d_soft.begin() + (last - d_first), out.begin() + (first - from));
    }

    /// Allows what is before `index` to be forgotten; moved only when that is the larger part, so that a soft bit's cost is
    /// constant.
    void discard_before(std::int64_t index)
    {
        const auto held = std::int64_t(d_soft.size());
        const std::int64_t drop = std::min(index - d_first, held);
        if (drop <= 0 || drop < held / 2)
            return;
        d_soft.erase(d_soft.begin(), d_soft.begin() + drop);
        d_first += drop;
    }

private:
    std::vector<soft_bit> d_soft;
    std::int64_t d_first = 0; ///< index of the first one held
};

} // namespace xband::core
