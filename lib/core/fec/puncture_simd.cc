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
    const auto from = hn::Load(d, index);
    const auto is_inverted = hn::MaskFromVec(hn::Load(d, inversion));

    // A step reads and writes 16 octets, of which only whole periods count: what it writes beyond is overwritten by the
    // next one. The last periods are left to the reference, for nothing may be touched beyond the end.
    const std::size_t step_sent = periods * work.period_sent, step_pairs = periods * n_symbols;
    std::size_t read = 0, written = 0;
    for (; read + n_lanes <= work.sent.size() && written + n_lanes <= work.pairs.size();
         read += step_sent, written += step_pairs) {
        const auto soft = hn::TableLookupBytesOr0(hn::LoadU(d, work.sent.data() + read), from);
        const auto opposite = hn::SaturatedSub(hn::Zero(d), soft);
        hn::StoreU(hn::IfThenElse(is_inverted, opposite, soft), d, work.pairs.data() + written);
    }
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
