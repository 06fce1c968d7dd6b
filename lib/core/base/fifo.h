// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace xband::core {

/// Output side of a streaming kernel: appended to at the back, read from the front; keeps its memory.
template <typename T>
class fifo
{
public:
    std::size_t size() const { return d_items.size() - d_read; }

    /// Room for n more items, to be filled by the caller.
    std::span<T> append(std::size_t n)
    {
        if (d_read == d_items.size()) {
            d_items.clear();
            d_read = 0;
        } else if (d_read > d_items.size() / 2) {
            d_items.erase(d_items.begin(), d_items.begin() + static_cast<std::ptrdiff_t>(d_read));
            d_read = 0;
        }
        const std::size_t at = d_items.size();
        d_items.resize(at + n);
        return std::span(d_items).subspan(at);
    }

    std::size_t pull(std::span<T> out)
    {
        const std::size_t n = std::min(out.size(), size());
        std::copy_n(d_items.begin() + static_cast<std::ptrdiff_t>(d_read), n, out.begin());
        d_read += n;
        return n;
    }

    std::span<T> items() { return std::span(d_items).subspan(d_read); }
    void drop(std::size_t n) { d_read += n; }

private:
    std::vector<T> d_items;
    std::size_t d_read = 0;
};

} // namespace xband::core
