// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstring>

/// Sixteen floats as one value in the compiler's own vector language: the compiler splits them into what the target has, and
/// the order of every sum stays the one written here, so that all targets give the same bits.
namespace xband::core {

typedef float vec16 __attribute__((vector_size(64)));
typedef float vec8 __attribute__((vector_size(32)));
typedef float vec4 __attribute__((vector_size(16)));

#define XBAND_INLINE inline __attribute__((always_inline))

XBAND_INLINE void load(vec16& v, const float* p) { std::memcpy(&v, p, sizeof v); }
XBAND_INLINE void store(float* p, const vec16& v) { std::memcpy(p, &v, sizeof v); }

/// Sum of the even and of the odd lanes (real and imaginary parts of interleaved products).
XBAND_INLINE void sum_pairs(const vec16& v, float& even, float& odd)
{
    vec8 low8, high8;
    std::memcpy(&low8, &v, 32);
    std::memcpy(&high8, reinterpret_cast<const char*>(&v) + 32, 32);
    const vec8 eight = low8 + high8;
    vec4 low4, high4;
    std::memcpy(&low4, &eight, 16);
    std::memcpy(&high4, reinterpret_cast<const char*>(&eight) + 16, 16);
    const vec4 four = low4 + high4;
    even = four[0] + four[2];
    odd = four[1] + four[3];
}

/// Sum of all lanes.
XBAND_INLINE float sum(const vec16& v)
{
    float even, odd;
    sum_pairs(v, even, odd);
    return even + odd;
}

} // namespace xband::core
