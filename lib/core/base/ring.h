// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <utility>
#include <vector>

namespace xband::core {

/// First in, first out, in memory that is kept: unlike std::deque it takes none once it has been as long as it gets.
template <typename T>
class ring
{
public:
    bool empty() const { return d_size == 0; }
    std::size_t size() const { return d_size; }

    /// \param i  0 is the oldest.
    T& operator[](std::size_t i) { return d_slots[slot(i)]; }
    const T& operator[](std::size_t i) const { return d_slots[slot(i)]; }
    T& front() { return (*this)[0]; }
    const T& front() const { return (*this)[0]; }

    void push_back(T item)
    {
        if (d_size == d_slots.size())
            grow();
        d_slots[slot(d_size++)] = std::move(item);
    }

    /// The item stays in its slot, and what it owns with it, until another takes the slot.
    void pop_front()
    {
        d_first = slot(1);
        --d_size;
    }

    void clear() { d_size = 0; }

private:
    std::size_t slot(std::size_t i) const { return (d_first + i) & (d_slots.size() - 1); }

    void grow()
    {
        std::vector<T> larger(d_slots.empty() ? 8 : 2 * d_slots.size());
        for (std::size_t i = 0; i < d_size; ++i)
            larger[i] = std::move((*this)[i]);
        d_slots = std::move(larger);
        d_first = 0;
    }

    std::vector<T> d_slots; ///< a power of two of them
    std::size_t d_first = 0;
    std::size_t d_size = 0;
};

} // namespace xband::core
