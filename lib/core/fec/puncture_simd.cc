// SPDX-License-Identifier: GPL-3.0-or-later
// puncture.cc with one look-up of 16 octets for 16 symbols.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/puncture_simd.cc"
#include <hwy/foreach_target.h>

#include "fec/puncture_kernels.h"
#include <algorithm>
#include <array>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xband::core::puncture {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void expand(const job& work) { expand_ref(work); }

#else

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::FixedTag<soft_bit, 16> d;
constexpr std::size_t n_lanes = 16;

/// Periods at a time: they fill whole vectors, as a period has an even number of symbols.
constexpr std::size_t periods = 8;
constexpr std::size_t max_vectors = periods * puncture_pattern::max_symbols / n_lanes;

/// How one vector of symbols comes about. All that it needs lies within 16 soft bits for each pattern of pattern_of().
struct alignas(16) vector_source {
    soft_bit index[n_lanes];     ///< counted from `first`
    soft_bit inversion[n_lanes]; ///< all bits set where the sign changes
    std::size_t first;           ///< soft bit of the periods
};

std::array<vector_source, max_vectors> sources_of(const job& work)
{
    const std::size_t n_symbols = work.source.size();
    std::array<vector_source, max_vectors> sources{};
    for (std::size_t i = 0; i < periods * n_symbols; ++i) {
        vector_source& vector = sources[i / n_lanes];
        const std::size_t lane = i % n_lanes, begin = i / n_symbols * work.period_sent;
        // What is sent out of order is still of the same period.
        if (lane == 0)
            vector.first = begin;
        const std::uint8_t source = work.source[i % n_symbols];
        vector.index[lane] = static_cast<soft_bit>(source == erased ? erased : begin + source - vector.first);
        vector.inversion[lane] = work.is_inverted[i % n_symbols] != 0 ? -1 : 0;
    }
    return sources;
}

void expand(const job& work)
{
    const std::size_t step_sent = periods * work.period_sent, step_pairs = periods * work.source.size();
    const std::size_t n_vectors = step_pairs / n_lanes;
    const auto sources = sources_of(work);
    // A vector is read from the beginning of a period, beyond the end of its own symbols. The last periods are left to the
    // reference, for nothing may be touched beyond the end.
    const std::size_t size = work.sent.size();
    const std::size_t steps = size < n_lanes ? 0 : (size - n_lanes) / step_sent;
    const soft_bit* sent = work.sent.data();
    soft_bit* pairs = work.pairs.data();
    const auto expand_with = [&](auto sign_of) HWY_ATTR {
        for (std::size_t step = 0; step < steps; ++step, sent += step_sent)
            for (std::size_t i = 0; i < n_vectors; ++i, pairs += n_lanes) {
                const auto soft = hn::LoadU(d, sent + sources[i].first);
                hn::StoreU(sign_of(hn::TableLookupBytesOr0(soft, hn::Load(d, sources[i].index)), sources[i]), d, pairs);
            }
    };
    if (std::ranges::none_of(work.is_inverted, [](std::uint8_t is) { return is != 0; }))
        expand_with([](auto soft, const vector_source&) HWY_ATTR { return soft; });
    else
        expand_with([](auto soft, const vector_source& source) HWY_ATTR {
            const auto is_inverted = hn::MaskFromVec(hn::Load(d, source.inversion));
            return hn::IfThenElse(is_inverted, hn::SaturatedSub(hn::Zero(d), soft), soft);
        });
    const std::size_t read = steps * step_sent, written = steps * step_pairs;
    expand_ref(
        { work.sent.subspan(read), work.pairs.subspan(written), work.period_sent, work.source, work.is_inverted });
}

#endif // HWY_SCALAR

} // namespace HWY_NAMESPACE
} // namespace xband::core::puncture
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xband::core::puncture {

HWY_EXPORT(expand);

void expand_simd(const job& work) { HWY_DYNAMIC_DISPATCH(expand)(work); }

} // namespace xband::core::puncture
#endif
