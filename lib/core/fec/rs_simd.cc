// SPDX-License-Identifier: GPL-3.0-or-later
// rs_errors.cc with lanes side by side. The same errors on every target, as field arithmetic is exact.
//
// All products that cost time are of one element that a whole codeword shares (a received symbol, a coefficient) with
// a vector of constants or of coefficients. Such a product is two look-ups of 16 octets, or one GFNI instruction.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/rs_simd.cc"
#include <hwy/foreach_target.h>

#include "base/simd_target.h"
#include "fec/rs_simd.h"
#include <algorithm>
#include <cstring>
#include <hwy/highway.h>
#include <utility>

#ifndef XBAND_RS_NIBBLE_PRODUCTS // this file is included once for each target
#define XBAND_RS_NIBBLE_PRODUCTS
namespace xband::core::rs_simd {

/// [a][0][n] is a times the low nibble n, [a][1][n] a times the high nibble n; conventional representation.
struct nibble_products {
    alignas(32) std::uint8_t of[256][2][16]{};
};

inline constexpr nibble_products products = [] {
    nibble_products t;
    for (unsigned a = 0; a < 256; ++a)
        for (unsigned n = 0; n < 16; ++n)
            for (unsigned half = 0; half < 2; ++half)
                t.of[a][half][n] =
                    gf256::multiply(static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(n << 4 * half));
    return t;
}();

} // namespace xband::core::rs_simd
#endif

HWY_BEFORE_NAMESPACE();
namespace xband::core::rs_simd {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

bool find_errors(const search&) { return false; }

#else

namespace hn = hwy::HWY_NAMESPACE;

using tag = hn::CappedTag<std::uint8_t, max_syndromes>;
using vec = hn::Vec<tag>;
constexpr tag d;
constexpr std::size_t n_lanes = hn::MaxLanes(tag());

// ---- The two ways to multiply: a factor that all lanes share, and operands made ready for several factors.

struct nibbles {
    vec low, high;
};

HWY_INLINE nibbles split(vec octets)
{
    return { hn::And(octets, hn::Set(d, std::uint8_t{ 15 })), hn::ShiftRight<4>(octets) };
}

HWY_INLINE vec look_up(const std::uint8_t (&images)[2][16], nibbles n)
{
    return hn::Xor(hn::TableLookupBytes(hn::LoadDup128(d, images[0]), n.low),
                   hn::TableLookupBytes(hn::LoadDup128(d, images[1]), n.high));
}

struct nibble_field {
    using operand = nibbles;
    static const code_tables& tables(const search& job) { return job.conventional; }
    static HWY_INLINE operand prepare(vec elements) { return split(elements); }
    static HWY_INLINE vec multiply(std::uint8_t factor, operand x) { return look_up(products.of[factor], x); }
};

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
struct gfni_field {
    using operand = vec;
    static const code_tables& tables(const search& job) { return job.hardware; }
    static HWY_INLINE operand prepare(vec elements) { return elements; }
    static HWY_INLINE vec multiply(std::uint8_t factor, operand x)
    {
        // Assembly, as the intrinsic exists only in functions for targets with GFNI, and Highway has none such.
        vec product;
        asm("vgf2p8mulb %2, %1, %0" : "=v"(product.raw) : "v"(x.raw), "v"(hn::Set(d, factor).raw));
        return product;
    }
};
#endif

// ---- Syndromes

/// Symbols of the code block in the representation of the lanes.
HWY_INLINE void change_basis(std::span<const std::uint8_t> sent, const code_tables& tables, std::uint8_t* symbols)
{
    std::size_t at = 0;
    for (; at + n_lanes <= sent.size(); at += n_lanes)
        hn::Store(look_up(tables.from_sent, split(hn::LoadU(d, &sent[at]))), d, symbols + at);
    for (; at < sent.size(); ++at)
        symbols[at] = tables.from_sent[0][sent[at] & 15] ^ tables.from_sent[1][sent[at] >> 4];
}

using syndromes = std::uint8_t[max_syndromes];

/// Lanes are syndromes. \param n interleave: a constant, so that the sums stay in registers.
template <class Field, unsigned n>
void find_syndromes(const search& job, const std::uint8_t* symbols, syndromes* out)
{
    const auto* weights = Field::tables(job).syndrome_weights;
    for (std::size_t lane = 0; lane < max_syndromes; lane += n_lanes) {
        vec sums[n];
        for (vec& sum : sums)
            sum = hn::Zero(d);
        const std::uint8_t* symbol = symbols;
        for (unsigned p = job.config.virtual_fill; p < rs_codeword_len; ++p, symbol += n) {
            const auto x = Field::prepare(hn::Load(d, weights[p] + lane));
            for (unsigned codeword = 0; codeword < n; ++codeword)
                sums[codeword] = hn::Xor(sums[codeword], Field::multiply(symbol[codeword], x));
        }
        for (unsigned codeword = 0; codeword < n; ++codeword)
            hn::Store(sums[codeword], d, out[codeword] + lane);
    }
}

template <class Field>
void find_all_syndromes(const search& job, const std::uint8_t* symbols, syndromes* out)
{
    constexpr auto by_interleave = []<std::size_t... i>(std::index_sequence<i...>)
    {
        return std::array{ &find_syndromes<Field, i + 1>... };
    }
    (std::make_index_sequence<8>());
    by_interleave[job.config.interleave - 1](job, symbols, out);
}

// ---- Key equation: Berlekamp and Massey without divisions

/// Lanes are coefficients. The discrepancies of a connection polynomial C are the coefficients of S * C, S the syndromes'
/// polynomial. Both polynomials change alike from step to step, so they share one row and no sum over lanes is needed.
struct key_equation {
    static constexpr std::size_t connection_at = 48; ///< S * C has fewer coefficients if C is of degree up to 16
    static constexpr std::size_t row_len = 96;
    static constexpr std::size_t max_shift = max_syndromes;

    /// S * C, then C from connection_at on; both times some factor.
    alignas(64) std::uint8_t row[row_len];
    /// The row before the last change of length, as in the reference; with zeros before it.
    alignas(64) std::uint8_t shorter[max_shift + row_len];
    std::uint8_t shorter_discrepancy;
    unsigned steps_since;
    unsigned length;
    unsigned codeword;

    /// Sets all members: clean codewords shall not pay for them.
    void start(const syndromes& s, unsigned of_codeword)
    {
        std::memset(row, 0, sizeof(row));
        std::memcpy(row, s, sizeof(s));
        row[connection_at] = 1;
        std::memset(shorter, 0, max_shift);
        std::memcpy(shorter + max_shift, row, sizeof(row));
        shorter_discrepancy = 1;
        steps_since = 1;
        length = 0;
        codeword = of_codeword;
    }

    template <class Field>
    HWY_INLINE void step(unsigned n)
    {
        const std::uint8_t discrepancy = row[n];
        if (discrepancy == 0) {
            ++steps_since;
            return;
        }
        const bool is_longer = 2 * length <= n;
        const std::uint8_t* shifted = shorter + max_shift - steps_since;
        // Downwards, as `shorter` is overwritten while lanes below are still to be read.
        for (std::size_t lane = row_len; lane > 0;) {
            lane -= n_lanes;
            const vec before = hn::Load(d, row + lane);
            const vec kept = Field::multiply(shorter_discrepancy, Field::prepare(before));
            const vec added = Field::multiply(discrepancy, Field::prepare(hn::LoadU(d, shifted + lane)));
            hn::Store(hn::Xor(kept, added), d, row + lane);
            if (is_longer)
                hn::Store(before, d, shorter + max_shift + lane);
        }
        if (is_longer) {
            length = n + 1 - length;
            shorter_discrepancy = discrepancy;
            steps_since = 0;
        }
        ++steps_since;
    }
};

// ---- Error positions and values

/// Lanes are symbols of the codeword, whether sent or filled. With z a symbol's inverse locator: it is wrong if C(z) = 0, and
/// then its error is z^(first root + parity) * H(z) / (z C'(z)). Here z C' is the odd part of C, and H = (S * C) / z^parity
/// without the terms below: Forney's evaluator is S * C modulo z^parity, which at a root of C equals z^parity H.
/// \param errors count: too_many unless they are found.
template <class Field>
void locate(const key_equation& key, const search& job, rs_errors& errors)
{
    constexpr std::size_t n_columns = rs_codeword_len + 1;
    const code_tables& tables = Field::tables(job);
    const unsigned parity = job.config.parity;
    errors.count = rs_errors::too_many;
    if (key.length > parity / 2)
        return;
    const std::uint8_t* connection = key.row + key_equation::connection_at;
    std::uint8_t evaluator[rs_errors::max_errors + 1]{};
    std::copy_n(key.row + parity, parity / 2, evaluator);

    alignas(64) std::uint8_t odd_part[n_columns];
    alignas(64) std::uint8_t evaluated[n_columns];
    std::uint8_t root_bits[n_columns / 8 + 8]; // StoreMaskBits may write 8 octets
    for (std::size_t lane = 0; lane < n_columns; lane += n_lanes) {
        vec even = hn::Set(d, connection[0]);
        vec odd = hn::Zero(d);
        vec sum = hn::Set(d, evaluator[0]);
        for (unsigned i = 1; i <= key.length; i += 2) { // coefficients past the length are zero
            const auto x = Field::prepare(hn::Load(d, tables.inverse_locators[i] + lane));
            const auto next = Field::prepare(hn::Load(d, tables.inverse_locators[i + 1] + lane));
            odd = hn::Xor(odd, Field::multiply(connection[i], x));
            even = hn::Xor(even, Field::multiply(connection[i + 1], next));
            sum = hn::Xor(sum, hn::Xor(Field::multiply(evaluator[i], x), Field::multiply(evaluator[i + 1], next)));
        }
        hn::StoreMaskBits(d, hn::Eq(odd, even), root_bits + lane / 8);
        hn::Store(odd, d, odd_part + lane);
        hn::Store(sum, d, evaluated + lane);
    }

    std::uint64_t roots[n_columns / 64];
    std::memcpy(roots, root_bits, sizeof(roots));
    unsigned n_roots = 0;
    for (const std::uint64_t word : roots)
        n_roots += static_cast<unsigned>(hwy::PopCount(word));
    if (n_roots != key.length)
        return;
    for (unsigned i = 0, word = 0; i < n_roots; ++i) {
        while (roots[word] == 0)
            ++word;
        const auto position = 64 * word + static_cast<unsigned>(hwy::Num0BitsBelowLS1Bit_Nonzero64(roots[word]));
        roots[word] &= roots[word] - 1;
        if (position < job.config.virtual_fill)
            return;
        errors.position[i] = static_cast<std::uint8_t>(position);
        errors.value[i] = gf256::power(tables.log[evaluated[position]] + gf256::order - tables.log[odd_part[position]] +
                                       tables.log_scale[position]);
    }
    errors.count = n_roots;
}

template <class Field>
void find_errors_in(const search& job)
{
    constexpr std::size_t max_interleave = 8;
    alignas(64) std::uint8_t symbols[max_interleave * rs_codeword_len];
    change_basis(job.code_block, Field::tables(job), symbols);
    alignas(64) syndromes s[max_interleave];
    find_all_syndromes<Field>(job, symbols, s);

    constexpr syndromes no_errors{};
    key_equation keys[max_interleave];
    unsigned n_keys = 0;
    for (unsigned codeword = 0; codeword < job.config.interleave; ++codeword) {
        const bool is_clean = std::memcmp(s[codeword], no_errors, sizeof(no_errors)) == 0;
        if (is_clean)
            job.errors[codeword].count = 0;
        else
            keys[n_keys++].start(s[codeword], codeword);
    }
    // Side by side, as each codeword's steps are a chain.
    const std::span wrong(keys, n_keys);
    for (unsigned n = 0; n < job.config.parity && n_keys > 0; ++n)
        for (key_equation& key : wrong)
            key.step<Field>(n);
    for (const key_equation& key : wrong)
        locate<Field>(key, job, job.errors[key.codeword]);
}

bool find_errors(const search& job)
{
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
    if (is_gfni_active()) {
        find_errors_in<gfni_field>(job);
        return true;
    }
#endif
    find_errors_in<nibble_field>(job);
    return true;
}

#endif // HWY_SCALAR

} // namespace HWY_NAMESPACE
} // namespace xband::core::rs_simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xband::core::rs_simd {

HWY_EXPORT(find_errors);

bool find_errors(const search& job) { return HWY_DYNAMIC_DISPATCH(find_errors)(job); }

} // namespace xband::core::rs_simd
#endif
