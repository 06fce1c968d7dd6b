// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/channel_front.h"
#include "framing/branch_front.h"
#include "framing/hard_bits.h"
#include "framing/rail_streams.h"
#include "framing/reading_history.h"

#include <algorithm>
#include <vector>

namespace xband::core {

namespace {

constexpr std::size_t word_bits = 64;

/// K=7 convolutional code, NRZ-M after it. A bit stream for each difference that the code cannot tell.
class conv_front final : public channel_front
{
public:
    explicit conv_front(const framing_config& config)
        : d_pattern(config.inner_pattern()),
          d_resolver(config.modulation, config.inner_rate(), d_pattern, config.segment_bits),
          d_is_nrzm(config.differential == differential::nrz_m),
          d_has_pair_per_symbol(config.modulation == modulation::qpsk && config.inner_rate() == code_rate::r12),
          d_second_look(d_is_nrzm),
          d_last_bits(d_resolver.readings().differences.size()),
          d_decoded(d_last_bits.size()),
          d_bits(d_last_bits.size())
    {
    }

    void push(std::span<const soft_bit> soft) override
    {
        d_resolver.push(soft, d_words, d_new_pairs);
        store();
    }

    void flush() override
    {
        d_resolver.flush(d_words, d_new_pairs);
        store();
    }

    void discard_before(std::int64_t position) override
    {
        d_bits.discard_before(position);
        d_pairs.discard_before(2 * (position - std::int64_t(viterbi_pinned::head_bits)));
        d_channel.discard_before(position);
        d_history.discard_before(position);
    }

    const bit_history& bits() const override { return d_bits; }
    bool may_be_inverted() const override { return !d_is_nrzm; }

    std::int64_t soft_index(std::int64_t position) const override
    {
        return d_pattern.first_sent(position) + std::int64_t(d_history.at(position).offset);
    }

    channel_reading reading(std::int64_t position, std::size_t stream) const override
    {
        return d_history.at(position).with(d_resolver.readings().hidden[stream]);
    }

    unsigned reading_changes(std::int64_t position, std::size_t n_bits) const override
    {
        return d_history.changes(position, n_bits);
    }

    std::optional<channel_quality> quality(std::int64_t position, std::size_t n_bits) const override
    {
        channel_quality sum;
        for (const std::size_t symbol : { 0U, 1U }) {
            sum.wrong += d_channel.count_ones(symbol, position, n_bits);
            sum.compared += d_channel.count_ones(2 + symbol, position, n_bits);
        }
        return sum;
    }

    bool can_take_phase_out() const override { return d_has_pair_per_symbol; }

    void look_again(const second_look& look) override
    {
        // What the stream's difference stands for: with these signs the decoder finds the stream's bits.
        const channel_reading& hidden = d_resolver.readings().hidden[look.stream];
        d_second_look.read(d_pairs, depuncturer(d_pattern, hidden.symbols()).is_inverted(), look);
    }

private:
    void store()
    {
        for (const resolved_word& word : d_words) {
            d_history.add(d_bits.end(), word.reading);
            // What the last word has beyond the end of the stream must be zeros.
            const std::uint64_t there = ~std::uint64_t{ 0 } << (word_bits - word.n_bits);
            for (std::size_t stream = 0; stream < d_decoded.size(); ++stream) {
                const std::uint64_t bits = word.bits ^ d_resolver.readings().differences[stream].word(d_bits.end());
                d_decoded[stream] = bits & there;
                if (d_is_nrzm)
                    d_decoded[stream] = (bits ^ (bits >> 1 | d_last_bits[stream] << 63)) & there;
                d_last_bits[stream] = bits;
            }
            d_bits.append(d_decoded, word.n_bits);
            d_channel.append(
                std::array{
                    word.wrong[0] & there, word.wrong[1] & there, word.compared[0] & there, word.compared[1] & there },
                word.n_bits);
        }
        d_words.clear();
        d_pairs.append(d_new_pairs);
        d_new_pairs.clear();
    }

    puncture_pattern d_pattern;
    soft_resolver d_resolver;
    bool d_is_nrzm;
    bool d_has_pair_per_symbol;
    coded_second_look d_second_look;
    std::vector<std::uint64_t> d_last_bits; ///< of each stream, before NRZ-M
    std::vector<std::uint64_t> d_decoded;   ///< one word of each stream
    std::vector<resolved_word> d_words;
    std::vector<soft_bit> d_new_pairs;
    soft_history d_pairs; ///< soft bits of the code, two for each bit of d_bits
    bit_history d_bits;
    bit_history d_channel{ 4 };
    reading_history d_history;
};

/// No inner code: hard decisions, all readings side by side.
class uncoded_front final : public channel_front
{
public:
    explicit uncoded_front(const framing_config& config)
        : d_streams(config.modulation, config.differential),
          d_bits(d_streams.n_streams()),
          d_words(d_streams.n_streams())
    {
    }

    void push(std::span<const soft_bit> soft) override
    {
        d_levels.append(soft);
        d_soft.insert(d_soft.end(), soft.begin(), soft.end());
        std::size_t at = 0;
        for (; at + word_bits < d_soft.size(); at += word_bits)
            advance(at, word_bits);
        d_soft.erase(d_soft.begin(), d_soft.begin() + std::ptrdiff_t(at));
    }

    void flush() override
    {
        const std::size_t n_bits = d_soft.size(); // at most one word
        d_soft.resize(word_bits + 1, 0);
        if (n_bits > 0)
            advance(0, n_bits);
        d_soft.clear();
    }

    void discard_before(std::int64_t position) override
    {
        d_bits.discard_before(position);
        d_levels.discard_before(position - 2 * look_margin);
    }

    const bit_history& bits() const override { return d_bits; }
    bool may_be_inverted() const override { return d_streams.may_be_inverted(); }
    std::int64_t soft_index(std::int64_t position) const override { return position; }

    channel_reading reading(std::int64_t /*position*/, std::size_t stream) const override
    {
        const rail_reading& r = d_streams.reading(stream);
        return { .offset = r.is_pair_late, .is_swapped = r.is_swapped, .is_second_inverted = r.is_second_inverted };
    }

    unsigned reading_changes(std::int64_t /*position*/, std::size_t /*n_bits*/) const override { return 0; }

    std::optional<channel_quality> quality(std::int64_t /*position*/, std::size_t /*n_bits*/) const override
    {
        return std::nullopt;
    }

    void look_again(const second_look& look) override
    {
        const std::size_t delay = d_streams.level_delay();
        d_look_soft.resize(look.known.size() + delay + 2 * look_margin);
        const std::int64_t first = look.position - std::int64_t(delay);
        d_levels.read(first - look_margin, d_look_soft);
        d_look_levels.resize(look.known.size() + delay);
        for (std::size_t i = 0; i < d_look_levels.size(); ++i) {
            const std::int64_t position = first + std::int64_t(i);
            const std::int64_t from = d_streams.source(look.stream, position) - first + look_margin;
            const soft_bit soft = std::max(d_look_soft[std::size_t(from)], soft_bit{ -127 });
            d_look_levels[i] = d_streams.is_turned(look.stream, position) ? soft_bit(-soft) : soft;
        }
        read_levels(d_look_levels, delay, look);
    }

private:
    /// Bits of a stream may stand that far from their soft bits, or be compared with levels that far away.
    static constexpr std::int64_t look_margin = 4;

    void advance(std::size_t at, std::size_t n_bits)
    {
        d_streams.advance(pack_hard_bits(d_soft.data() + at), d_soft[at + word_bits] < 0, d_words);
        for (auto& word : d_words)
            word &= ~std::uint64_t{ 0 } << (word_bits - n_bits);
        d_bits.append(d_words, unsigned(n_bits));
    }

    rail_streams d_streams;
    bit_history d_bits;
    std::vector<soft_bit> d_soft;
    std::vector<std::uint64_t> d_words;
    soft_history d_levels; ///< all soft bits, at their own index
    std::vector<soft_bit> d_look_soft, d_look_levels;
};

} // namespace

std::unique_ptr<channel_front> make_channel_front(const framing_config& config)
{
    if (config.inner_code == inner_code::none)
        return std::make_unique<uncoded_front>(config);
    if (config.rail_mapping == rail_mapping::per_rail)
        return std::make_unique<branch_front>(config);
    return std::make_unique<conv_front>(config);
}

} // namespace xband::core
