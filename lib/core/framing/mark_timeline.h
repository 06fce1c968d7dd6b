// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/clock_mark.h"
#include "base/ring.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace xband::core {

/// The clock marks of the stretch being decoded: which sample belongs to a symbol.
class mark_timeline
{
public:
    void add(const clock_mark& mark) { d_marks.push_back(mark); }

    /// The mark that governs a symbol: the last one not after it, else the first; nullptr before any mark.
    const clock_mark* at(double symbol) const
    {
        const clock_mark* found = d_marks.empty() ? nullptr : &d_marks.front();
        for (std::size_t i = 1; i < d_marks.size() && double(d_marks[i].first_symbol) <= symbol; ++i)
            found = &d_marks[i];
        return found;
    }

    /// Sample index of a (fractional) symbol, NaN if unknown. Extrapolated from the mark before and not interpolated to the
    /// mark after it, which may lie behind a discontinuity.
    double sample_at(double symbol) const
    {
        const clock_mark* mark = at(symbol);
        if (mark == nullptr)
            return std::numeric_limits<double>::quiet_NaN();
        return mark->first_sample + (symbol - double(mark->first_symbol)) * mark->samples_per_symbol;
    }

    /// Forgets marks that govern no symbol from this one on.
    void discard_before(double symbol)
    {
        while (d_marks.size() > 1 && double(d_marks[1].first_symbol) <= symbol)
            d_marks.pop_front();
    }

private:
    ring<clock_mark> d_marks;
};

} // namespace xband::core
