// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/channel_readings.h"

#include <algorithm>
#include <cstdint>
#include <deque>

namespace xband::core {

/// How the channel was read at each bit of the latest stretch of a stream.
class reading_history
{
public:
    /// Bits from a position on are read so; positions come in order.
    void add(std::int64_t position, const channel_reading& reading)
    {
        if (reading != d_changes.back().reading)
            d_changes.push_back({ position, reading });
    }

    channel_reading at(std::int64_t position) const
    {
        channel_reading found = d_changes.front().reading;
        for (const auto& change : d_changes) {
            if (change.from > position)
                break;
            found = change.reading;
        }
        return found;
    }

    /// How often the reading changes within a stretch of bits, after its first one.
    unsigned changes(std::int64_t position, std::size_t n_bits) const
    {
        return unsigned(std::ranges::count_if(d_changes, [&](const reading_change& c) {
            return c.from > position && c.from < position + std::int64_t(n_bits);
        }));
    }

    void discard_before(std::int64_t position)
    {
        while (d_changes.size() > 1 && d_changes[1].from <= position)
            d_changes.pop_front();
    }

private:
    struct reading_change {
        std::int64_t from = 0;
        channel_reading reading{};
    };
    std::deque<reading_change> d_changes{ reading_change{} };
};

} // namespace xband::core
