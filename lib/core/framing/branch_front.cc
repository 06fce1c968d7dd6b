// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/branch_front.h"

#include <algorithm>
#include <utility>

namespace xband::core {

namespace {

constexpr std::size_t n_rails = 2;
constexpr unsigned word_bits = 64;

/// Bits of both rails in turn: those of 32 bits of each.
std::uint64_t interleave(std::uint32_t i, std::uint32_t q)
{
    const auto spread = [](std::uint64_t x) {
        x = (x | x << 16) & 0x0000ffff0000ffff;
        x = (x | x << 8) & 0x00ff00ff00ff00ff;
        x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
        x = (x | x << 2) & 0x3333333333333333;
        return (x | x << 1) & 0x5555555555555555;
    };
    return spread(i) << 1 | spread(q);
}

/// The first n of 64 bits.
std::uint64_t first_bits(unsigned n) { return n == 0 ? 0 : ~std::uint64_t{ 0 } << (word_bits - n); }

} // namespace

branch_front::branch_front(const framing_config& config)
    : d_pattern(config.inner_pattern()),
      d_branches{ branch{ { modulation::bpsk, config.inner_rate(), d_pattern, config.segment_bits } },
                  branch{ { modulation::bpsk, config.inner_rate(), d_pattern, config.segment_bits } } },
      d_streams(d_branches[0].resolver.readings().differences.size(),
                rail_streams(config.modulation, config.differential)),
      d_serial(d_streams.size() * d_streams.front().n_streams()),
      d_bits(d_serial.size()),
      d_is_four_phase(config.differential == differential::four_phase)
{
}

void branch_front::push(std::span<const soft_bit> soft)
{
    d_soft.insert(d_soft.end(), soft.begin(), soft.end());
    // As many of each: both decoders then give out the same number of words.
    const std::size_t n = d_soft.size() / n_rails;
    for (std::size_t rail = 0; rail < n_rails; ++rail) {
        branch& b = d_branches[rail];
        b.soft.resize(n);
        for (std::size_t i = 0; i < n; ++i)
            b.soft[i] = d_soft[n_rails * i + rail];
        b.resolver.push(b.soft, b.words, b.pairs);
    }
    d_soft.erase(d_soft.begin(), d_soft.begin() + std::ptrdiff_t(n_rails * n));
    store();
}

void branch_front::flush()
{
    for (branch& b : d_branches)
        b.resolver.flush(b.words, b.pairs);
    store();
}

void branch_front::discard_before(std::int64_t position)
{
    d_bits.discard_before(position);
    d_channel.discard_before(position / 2);
    for (reading_history& history : d_history)
        history.discard_before(position / 2);
    for (branch& b : d_branches)
        b.history.discard_before(2 * (position / 2 - std::int64_t(viterbi_pinned::head_bits)));
}

std::int64_t branch_front::soft_index(std::int64_t position) const
{
    const std::int64_t bit = position >> 1;
    return 2 * (d_pattern.first_sent(bit) + std::int64_t(d_history[0].at(bit).offset)) + (position & 1);
}

channel_reading branch_front::reading(std::int64_t position, std::size_t stream) const
{
    const rail_streams& rails = d_streams.front();
    const rail_reading& order = rails.reading(stream % rails.n_streams());
    channel_reading reading =
        d_history[0].at(position >> 1).with(d_branches[0].resolver.readings().hidden[stream / rails.n_streams()]);
    reading.is_swapped = order.is_swapped;
    reading.is_second_inverted = order.is_second_inverted;
    return reading;
}

unsigned branch_front::reading_changes(std::int64_t position, std::size_t n_bits) const
{
    return d_history[0].changes(position >> 1, n_bits / 2) + d_history[1].changes(position >> 1, n_bits / 2);
}

std::optional<channel_quality> branch_front::quality(std::int64_t position, std::size_t n_bits) const
{
    channel_quality sum;
    for (std::size_t symbol = 0; symbol < 4; ++symbol) { // c1 and c2 of both rails
        sum.wrong += d_channel.count_ones(symbol, position >> 1, n_bits / 2);
        sum.compared += d_channel.count_ones(4 + symbol, position >> 1, n_bits / 2);
    }
    return sum;
}

/// Of the differential codes four_phase alone is read again. It does not tell how sure its octets are.
void branch_front::look_again(const second_look& look)
{
    d_bits.copy(look.stream, look.position, false, look.bits);
    std::ranges::fill(look.doubts, octet_doubt{ second_look::surely, 0 });
    if (d_is_four_phase && look.position % 2 == 0)
        look_at_changes(look);
    for (std::size_t i = 0; i < look.known.size(); ++i) {
        const auto mask = std::uint8_t(0x80U >> (i % 8));
        if (look.known[i] != pin::open)
            look.bits[i / 8] = std::uint8_t((look.bits[i / 8] & ~mask) | (look.known[i] == pin::one ? mask : 0));
    }
}

/// A pair of bits that is known and alike says of both rails if their levels change there. (Of an unlike pair one level changes,
/// but which one depends on all pairs before.)
void branch_front::look_at_changes(const second_look& look)
{
    constexpr std::size_t head = viterbi_pinned::head_bits;
    const std::size_t n_pairs = look.known.size() / n_rails;
    d_pins.assign(head + (n_pairs + 7) / 8 * 8, pin::open);
    for (std::size_t k = 0; k < n_pairs; ++k)
        if (look.known[2 * k] == look.known[2 * k + 1])
            d_pins[head + k] = look.known[2 * k];

    const std::size_t n_orders = d_streams.front().n_streams();
    const channel_reading& hidden = d_branches[0].resolver.readings().hidden[look.stream / n_orders];
    const depuncturer signs(d_pattern, hidden.symbols());
    d_look_soft.resize(2 * d_pins.size());
    for (branch& b : d_branches) {
        read_turned(b.history, signs.is_inverted(), look.position - 2 * std::int64_t(head), d_look_soft);
        b.look_bits.resize(d_pins.size() / 8);
        d_pinned.decode(d_look_soft, d_pins, b.look_bits);
    }

    const auto level = [this](std::size_t rail, std::size_t k) {
        return (d_branches[rail].look_bits[k / 8] >> (7 - k % 8) & 1U) != 0;
    };
    const bool is_swapped = d_streams.front().reading(look.stream % n_orders).is_swapped;
    std::ranges::fill(look.bits, std::uint8_t{ 0 });
    for (std::size_t k = 0; k < n_pairs; ++k) {
        const bool x = level(0, head + k), y = level(1, head + k);
        std::array changes{ x != level(0, head + k - 1), y != level(1, head + k - 1) };
        if ((x != y) != is_swapped)
            std::swap(changes[0], changes[1]);
        for (std::size_t i = 0; i < n_rails; ++i)
            look.bits[(2 * k + i) / 8] |= std::uint8_t((changes[i] ? 0x80U : 0U) >> ((2 * k + i) % 8));
    }
}

void branch_front::store()
{
    const std::size_t n_words = d_branches[0].words.size();
    for (std::size_t w = 0; w < n_words; ++w) {
        const resolved_word& i = d_branches[0].words[w];
        const resolved_word& q = d_branches[1].words[w];
        const std::int64_t position = d_channel.end();
        d_history[0].add(position, i.reading);
        d_history[1].add(position, q.reading);
        const std::uint64_t there = first_bits(i.n_bits);
        d_channel.append(std::array{ i.wrong[0] & there,
                                     i.wrong[1] & there,
                                     q.wrong[0] & there,
                                     q.wrong[1] & there,
                                     i.compared[0] & there,
                                     i.compared[1] & there,
                                     q.compared[0] & there,
                                     q.compared[1] & there },
                         i.n_bits);
        store_serial(i.bits, q.bits, position, n_rails * i.n_bits);
    }
    for (branch& b : d_branches) {
        b.history.append(b.pairs);
        b.words.clear();
        b.pairs.clear();
    }
}

/// Two words of each bit stream, of one word of each rail.
/// \param n_bits  of the serial bits that count.
void branch_front::store_serial(std::uint64_t i, std::uint64_t q, std::int64_t position, unsigned n_bits)
{
    const auto& differences = d_branches[0].resolver.readings().differences;
    const std::size_t n_orders = d_streams.front().n_streams();
    for (const unsigned shift : { 32U, 0U }) {
        const unsigned n = std::min(n_bits, word_bits);
        for (std::size_t d = 0; n > 0 && d < differences.size(); ++d) {
            const std::uint64_t difference = differences[d].word(position);
            const std::uint64_t rails =
                interleave(std::uint32_t((i ^ difference) >> shift), std::uint32_t((q ^ difference) >> shift));
            // The bit after the word matters to OQPSK alone.
            d_streams[d].advance(rails, false, std::span(d_serial).subspan(d * n_orders, n_orders));
        }
        for (std::uint64_t& word : d_serial)
            word &= first_bits(n);
        if (n > 0)
            d_bits.append(d_serial, n);
        n_bits -= n;
    }
}

} // namespace xband::core
