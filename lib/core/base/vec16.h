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
XBAND_INLINE void load(vec8& v, const float* p) { std::memcpy(&v, p, sizeof v); }
XBAND_INLINE void store(float* p, const vec16& v) { std::memcpy(p, &v, sizeof v); }

/// Sum of the even and of the odd lanes (real and imaginary parts of interleaved products).
XBAND_INLINE void sum_pairs(const vec8& eight, float& even, float& odd)
{
    vec4 low4, high4;
    std::memcpy(&low4, &eight, 16);
    std::memcpy(&high4, reinterpret_cast<const char*>(&eight) + 16, 16);
    const vec4 four = low4 + high4;
    even = four[0] + four[2];
    odd = four[1] + four[3];
}
XBAND_INLINE void sum_pairs(const vec16& v, float& even, float& odd)
{
    vec8 low8, high8;
    std::memcpy(&low8, &v, 32);
    std::memcpy(&high8, reinterpret_cast<const char*>(&v) + 32, 32);
    sum_pairs(low8 + high8, even, odd);
}

/// Sum of all lanes.
XBAND_INLINE float sum(const vec16& v)
{
    float even, odd;
    sum_pairs(v, even, odd);
    return even + odd;
}

/// The steps of sum_pairs() for many vectors at once: each fold adds the halves of what its operands hold and packs the sums
/// of both into one vector, so that 16 vectors take 30 permutations instead of 16 times 6. Same sums in the same order.
XBAND_INLINE void fold_to_eights(vec16& out, const vec16& a, const vec16& b)
{
    out = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
          __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
XBAND_INLINE void fold_to_fours(vec16& out, const vec16& a, const vec16& b)
{
    out = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
          __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}
/// From eights: [a], [b], [c], [d].
XBAND_INLINE void fold_to_fours(vec16& out, const vec8& a, const vec8& b, const vec8& c, const vec8& d)
{
    const vec8 first = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
                       __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    const vec8 second = __builtin_shufflevector(c, d, 0, 1, 2, 3, 8, 9, 10, 11) +
                        __builtin_shufflevector(c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    out = __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
XBAND_INLINE void fold_to_pairs(vec16& out, const vec16& a, const vec16& b)
{
    out = __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +
          __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
}
/// Pairs of 8 vectors: fold_to_eights() for each two neighbours before.
XBAND_INLINE void fold_eights_to_pairs(vec16& out, const vec16 (&eights)[4])
{
    vec16 first, second;
    fold_to_fours(first, eights[0], eights[1]);
    fold_to_fours(second, eights[2], eights[3]);
    fold_to_pairs(out, first, second);
}
/// Eight pairs each of a and b apart: evens of a, then of b, and the odds.
XBAND_INLINE void split_pairs(vec16& even, vec16& odd, const vec16& a, const vec16& b)
{
    even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/// sum() of 16 vectors, of which each two neighbours are folded already.
XBAND_INLINE void sum_eights(vec16& sums, const vec16 (&eights)[8])
{
    const vec16 low[4] = { eights[0], eights[1], eights[2], eights[3] };
    const vec16 high[4] = { eights[4], eights[5], eights[6], eights[7] };
    vec16 a, b, even, odd;
    fold_eights_to_pairs(a, low);
    fold_eights_to_pairs(b, high);
    split_pairs(even, odd, a, b);
    sums = even + odd;
}

} // namespace xband::core
