// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/second_look.h"

#include <algorithm>
#include <cstdlib>

namespace xband::core {

void read_turned(const soft_history& pairs,
                 std::span<const std::uint8_t> is_inverted,
                 std::int64_t first,
                 std::span<soft_bit> out)
{
    pairs.read(first, out);
    const auto period = std::int64_t(is_inverted.size());
    std::int64_t place = (first % period + period) % period;
    for (soft_bit& soft : out) {
        if (is_inverted[std::size_t(place)] != 0)
            soft = soft_bit(-std::max<int>(soft, -127));
        place = place + 1 == period ? 0 : place + 1;
    }
}

void coded_second_look::read(const soft_history& pairs,
                             std::span<const std::uint8_t> is_inverted,
                             const second_look& look)
{
    constexpr std::size_t head = viterbi_pinned::head_bits;
    static_assert(head % 8 == 0);
    d_known.assign(head, pin::open);
    d_known.insert(d_known.end(), look.known.begin(), look.known.end());
    d_soft.resize(2 * d_known.size());
    d_bits.resize(d_known.size() / 8);
    const std::int64_t first = 2 * (look.position - std::int64_t(head));
    read_turned(pairs, is_inverted, first, d_soft);
    d_decoder.decode(d_soft, d_known, d_bits);
    if (look.takes_phase_out) {
        d_phase_pass.apply(d_soft, d_bits);
        d_decoder.decode(d_soft, d_known, d_bits);
    }
    for (std::size_t i = 0; i < look.bits.size(); ++i) {
        const unsigned octet = d_bits[head / 8 + i];
        const unsigned level_before = d_bits[head / 8 + i - 1] & 1U;
        look.bits[i] = std::uint8_t(d_is_nrzm ? octet ^ (octet >> 1 | level_before << 7) : octet);
    }
    if (look.doubts.empty())
        return;
    d_doubts.resize(d_bits.size());
    d_measure.measure(d_soft, d_known, d_doubts);
    std::copy(d_doubts.begin() + head / 8, d_doubts.end(), look.doubts.begin());
}

namespace {

/// A run of levels that known bits tie together.
struct run {
    int evidence = 0;    ///< sum of the soft bits, turned as the first one's level
    bool is_odd = false; ///< the last level is not the first one's
    bool first() const { return evidence < 0; }
    bool last() const { return first() != is_odd; }
    void add(soft_bit level) { evidence += is_odd ? -level : level; }
};

std::uint16_t saturate(int value) { return std::uint16_t(std::min<int>(value, second_look::surely - 1)); }

class octet_writer
{
public:
    explicit octet_writer(const second_look& look) : d_look(look)
    {
        std::fill(look.bits.begin(), look.bits.end(), std::uint8_t{ 0 });
        std::ranges::fill(look.doubts, octet_doubt{ second_look::surely, 0 });
    }

    void write(std::size_t i, bool bit, std::uint16_t certainty)
    {
        const auto place = std::uint8_t(0x80 >> i % 8);
        d_look.bits[i / 8] |= bit ? place : std::uint8_t{ 0 };
        if (d_look.doubts.empty() || certainty == second_look::surely)
            return;
        octet_doubt& doubt = d_look.doubts[i / 8];
        if (certainty > doubt.certainty)
            return;
        // Two bits read from one weak level are of the same certainty.
        doubt.other_bits = std::uint8_t(certainty == doubt.certainty ? doubt.other_bits | place : place);
        doubt.certainty = certainty;
    }

private:
    const second_look& d_look;
};

} // namespace

void read_levels(std::span<const soft_bit> levels, std::size_t delay, const second_look& look)
{
    octet_writer out(look);
    const std::size_t n_bits = look.known.size();
    if (delay == 0) {
        for (std::size_t i = 0; i < n_bits; ++i) {
            if (look.known[i] != pin::open)
                out.write(i, look.known[i] == pin::one, second_look::surely);
            else
                out.write(i, levels[i] < 0, saturate(std::abs(levels[i])));
        }
        return;
    }
    for (std::size_t rail = 0; rail < delay; ++rail) {
        // An open bit can be read when the runs on both sides of it are complete: at the next open bit.
        run before, now;
        now.add(levels[rail]);
        std::size_t open = n_bits; // the bit between the two runs; none yet
        const auto read_open = [&] {
            if (open < n_bits)
                out.write(open,
                          before.last() != now.first(),
                          saturate(std::min(std::abs(before.evidence), std::abs(now.evidence))));
        };
        for (std::size_t i = rail; i < n_bits; i += delay) {
            if (look.known[i] == pin::open) {
                read_open();
                open = i;
                before = now;
                now = {};
            } else {
                now.is_odd ^= look.known[i] == pin::one;
                out.write(i, look.known[i] == pin::one, second_look::surely);
            }
            now.add(levels[i + delay]);
        }
        read_open();
    }
}

} // namespace xband::core
