// SPDX-License-Identifier: GPL-3.0-or-later
// puncture.cc with a look-up of 16 octets for as many periods as fit into them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fec/puncture_simd.cc"
#include <hwy/foreach_target.h>

#include "fec/puncture_kernels.h"
#include <algorithm>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace xband::core::puncture {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

void expand(const job& work) { expand_ref(work); }

#else

namespace hn = hwy::HWY_NAMESPACE;

void expand(const job& work)
{
    constexpr hn::FixedTag<soft_bit, 16> d;
    constexpr std::size_t n_lanes = 16;
    static_assert(puncture_pattern::max_symbols <= n_lanes);
    const std::size_t n_symbols = work.source.size();
    const std::size_t periods = n_lanes / std::max(n_symbols, work.period_sent);

    alignas(16) soft_bit index[n_lanes];
    alignas(16) soft_bit inversion[n_lanes] = {}; // all bits set where the sign changes
    std::fill_n(index, n_lanes, static_cast<soft_bit>(erased));
    for (std::size_t i = 0; i < periods * n_symbols; ++i) {
        const std::uint8_t source = work.source[i % n_symbols];
        if (source != erased)
            index[i] = static_cast<soft_bit>(i / n_symbols * work.period_sent + source);
        inversion[i] = work.is_inverted[i % n_symbols] != 0 ? -1 : 0;
    }
    // A step reads and writes 16 octets, of which only whole periods count: what it writes beyond is overwritten by the
    // next one. The last periods are left to the reference, for nothing may be touched beyond the end.
    const std::size_t step_sent = periods * work.period_sent, step_pairs = periods * n_symbols;
    const std::size_t room = std::min(work.sent.size() < n_lanes ? 0 : (work.sent.size() - n_lanes) / step_sent + 1,
                                      work.pairs.size() < n_lanes ? 0 : (work.pairs.size() - n_lanes) / step_pairs + 1);
    const auto from = hn::Load(d, index);
    const soft_bit* sent = work.sent.data();
    soft_bit* pairs = work.pairs.data();
    const auto expand_with = [&](auto sign_of) HWY_ATTR {
        for (std::size_t step = 0; step < room; ++step, sent += step_sent, pairs += step_pairs)
            hn::StoreU(sign_of(hn::TableLookupBytesOr0(hn::LoadU(d, sent), from)), d, pairs);
    };
    if (std::ranges::none_of(work.is_inverted, [](std::uint8_t is) { return is != 0; })) {
        expand_with([](auto soft) HWY_ATTR { return soft; });
    } else {
        const auto is_inverted = hn::MaskFromVec(hn::Load(d, inversion));
        expand_with([&](auto soft)
                        HWY_ATTR { return hn::IfThenElse(is_inverted, hn::SaturatedSub(hn::Zero(d), soft), soft); });
    }
    const std::size_t read = room * step_sent, written = room * step_pairs;
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
