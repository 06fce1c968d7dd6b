// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace xband::core {

/// Allocator for sample buffers: 64-octet aligned, so that a vector load never straddles two cache lines needlessly, and
/// resize() leaves new elements as they are, since they are written at once.
template <typename T>
struct buffer_allocator {
    using value_type = T;
    static constexpr std::align_val_t alignment{ 64 };

    buffer_allocator() = default;
    template <typename U>
    buffer_allocator(const buffer_allocator<U>&)
    {
    }
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
    void deallocate(T* p, std::size_t) { ::operator delete(p, alignment); }
    template <typename U>
    void construct(U* p)
    {
        ::new (static_cast<void*>(p)) U;
    }
    template <typename U, typename... Args>
    void construct(U* p, Args&&... args)
    {
        ::new (static_cast<void*>(p)) U(std::forward<Args>(args)...);
    }
    template <typename U>
    bool operator==(const buffer_allocator<U>&) const
    {
        return true;
    }
};

template <typename T>
using aligned_vector = std::vector<T, buffer_allocator<T>>;

} // namespace xband::core
