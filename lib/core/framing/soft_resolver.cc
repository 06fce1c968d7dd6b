// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/soft_resolver.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace xband::core {

namespace {

constexpr std::size_t word_bits = 64;

// Share of hard channel bits that disagree with the best path, in per mille, measured on random data: noise 160; a wrong
// reading 155 at Eb/N0 3 dB, 146 at 5 dB and 116 without noise; the right one 112 at 1.5 dB, 88 at 2.5 dB, 34 at 5 dB. So no
// fixed limit tells right from wrong: what counts is a step up from the usual share. It is looked for with a cumulative sum
// of the wrong bits beyond what lies half way (Page's test), as no fixed stretch is both short enough at high Eb/N0 and long
// enough at low: a wrong reading is noticed after 3 words (6 at 2 dB), while the right one, of which a word scatters by 4
// bits, is doubted in 1 batch of 200 at 2 dB.
constexpr unsigned per_mille_of_noise = 160;
constexpr unsigned per_mille_half_way_without_noise = 58;
constexpr unsigned suspicious_excess_bits = 20;

// A reading is trusted if it has less than this share of the wrong bits that all readings have on average (right one at
// 1.5 dB: 77 %; noise: 99 %).
constexpr unsigned trusted_percent_of_average = 85;

// Wrong bits that a change of reading must save: that many come together by chance nowhere, and a slip makes up for them
// within 3 words (8 at the lowest Eb/N0).
constexpr unsigned change_penalty = 40;

// The end of a batch is decoded again with the next one, for a slip shows itself by what follows it.
constexpr std::size_t overlap_words = 6;

std::vector<channel_reading> readings_of(modulation kind)
{
    std::vector<channel_reading> readings;
    for (const unsigned offset : { 0U, 1U })
        for (const bool is_swapped : { false, true })
            for (const bool is_second_inverted : { false, true }) {
                const bool has_pair_doubt = kind != modulation::qpsk;
                const bool has_rail_doubt = kind != modulation::bpsk;
                if ((offset == 0 || has_pair_doubt) && (!is_swapped || has_rail_doubt))
                    readings.push_back({ offset, is_swapped, is_second_inverted });
            }
    return readings;
}

std::uint64_t load_big_endian(const std::uint8_t* octets)
{
    std::uint64_t word = 0;
    for (int i = 0; i < 8; ++i)
        word = word << 8 | octets[i];
    return word;
}

template <bool is_swapped, bool is_second_inverted>
void read_pairs(const soft_bit* in, soft_bit* out, std::size_t n_pairs)
{
    for (std::size_t k = 0; k < n_pairs; ++k) {
        const soft_bit first = in[2 * k + is_swapped];
        const soft_bit second = in[2 * k + !is_swapped];
        out[2 * k] = first;
        out[2 * k + 1] = is_second_inverted ? soft_bit(-std::max<int>(second, -127)) : second;
    }
}

} // namespace

soft_resolver::soft_resolver(modulation kind, std::size_t segment_bits)
    : d_viterbi(segment_bits),
      d_readings(readings_of(kind))
{
    const std::size_t n_words = d_viterbi.payload_bits() / word_bits;
    d_soft.reserve(needed_soft_bits());
    d_soft.assign(2 * d_viterbi.overlap_bits(), 0);
    d_pairs.resize(d_viterbi.input_soft_bits());
    d_channel.resize(n_words);
    d_candidates.resize(d_readings.size() + 1);
    for (auto& c : d_candidates) {
        c.bits.resize(d_viterbi.payload_bits() / 8);
        c.words.resize(n_words);
        c.counts.resize(n_words);
    }
    d_choice.resize(n_words);
    d_came_from.resize(n_words * d_readings.size());
}

void soft_resolver::push(std::span<const soft_bit> soft, std::vector<resolved_word>& out, std::vector<soft_bit>& pairs)
{
    while (!soft.empty()) {
        const std::size_t n = std::min(soft.size(), needed_soft_bits() - d_soft.size());
        d_soft.insert(d_soft.end(), soft.begin(), soft.begin() + std::ptrdiff_t(n));
        soft = soft.subspan(n);
        if (d_soft.size() == needed_soft_bits())
            decode_batch(d_choice.size() - overlap_words, out, pairs);
    }
}

void soft_resolver::flush(std::vector<resolved_word>& out, std::vector<soft_bit>& pairs)
{
    // An odd soft bit at the end still makes a pair, its partner an erasure.
    std::size_t bits_left = (d_soft.size() - 2 * d_viterbi.overlap_bits() + 1) / 2;
    while (bits_left > 0) {
        d_soft.resize(needed_soft_bits(), 0);
        const std::size_t words_left = (bits_left + word_bits - 1) / word_bits;
        const std::size_t n_words = words_left <= d_choice.size() ? words_left : d_choice.size() - overlap_words;
        decode_batch(n_words, out, pairs);
        if (const auto rest = unsigned(bits_left % word_bits); n_words == words_left && rest != 0) {
            out.back().n_bits = rest;
            out.back().bits &= ~(~std::uint64_t{ 0 } >> rest);
        }
        bits_left -= std::min(bits_left, n_words * word_bits);
    }
    d_soft.assign(2 * d_viterbi.overlap_bits(), 0);
}

/// Decodes a batch and gives out its first n_words words, and the pairs they were read from.
void soft_resolver::decode_batch(std::size_t n_words, std::vector<resolved_word>& out, std::vector<soft_bit>& pairs)
{
    decode(d_current);
    const candidate* chosen = &d_candidates[d_current];
    if (is_suspicious(*chosen)) {
        ++d_batches_doubted;
        for (std::size_t r = 0; r < d_readings.size(); ++r) {
            if (r != d_current)
                decode(r);
        }
        choose_readings();
        const bool is_uniform =
            std::adjacent_find(d_choice.begin(), d_choice.end(), std::not_equal_to<>()) == d_choice.end();
        if (is_uniform)
            read_as(d_readings[d_choice.front()], 0, d_pairs.size() / 2);
        else
            decode_stitched();
        chosen = is_uniform ? &d_candidates[d_choice.front()] : &d_candidates.back();
        d_current = d_choice[n_words - 1];
        d_is_trusted = is_trusted(*chosen);
    }
    const auto [wrong, compared] = count(*chosen);
    d_usual_per_mille = !d_is_trusted || compared == 0 ? 0 : unsigned(1000 * std::uint64_t{ wrong } / compared);
    out.insert(out.end(), chosen->words.begin(), chosen->words.begin() + std::ptrdiff_t(n_words));
    const auto first_pair = d_pairs.begin() + std::ptrdiff_t(2 * d_viterbi.overlap_bits());
    pairs.insert(pairs.end(), first_pair, first_pair + std::ptrdiff_t(2 * n_words * word_bits));
    d_soft.erase(d_soft.begin(), d_soft.begin() + std::ptrdiff_t(2 * n_words * word_bits));
}

/// Decodes the batch as one reading sees it.
void soft_resolver::decode(std::size_t reading)
{
    candidate& decoded = d_candidates[reading];
    read_as(d_readings[reading], 0, d_pairs.size() / 2);
    for (auto& word : decoded.words)
        word.reading = d_readings[reading];
    decode_pairs(decoded);
}

/// Decodes the batch, each word as d_choice has it; the overlaps as their neighbours.
void soft_resolver::decode_stitched()
{
    candidate& decoded = d_candidates.back();
    read_as(d_readings[d_choice.front()], 0, d_viterbi.overlap_bits());
    for (std::size_t w = 0; w < d_choice.size(); ++w) {
        decoded.words[w].reading = d_readings[d_choice[w]];
        read_as(d_readings[d_choice[w]], d_viterbi.overlap_bits() + w * word_bits, word_bits);
    }
    read_as(
        d_readings[d_choice.back()], d_viterbi.overlap_bits() + d_choice.size() * word_bits, d_viterbi.overlap_bits());
    decode_pairs(decoded);
}

void soft_resolver::read_as(const channel_reading& reading, std::size_t first_pair, std::size_t n_pairs)
{
    const soft_bit* in = d_soft.data() + 2 * first_pair + reading.offset;
    soft_bit* out = d_pairs.data() + 2 * first_pair;
    if (reading.is_swapped)
        (reading.is_second_inverted ? read_pairs<true, true> : read_pairs<true, false>)(in, out, n_pairs);
    else
        (reading.is_second_inverted ? read_pairs<false, true> : read_pairs<false, false>)(in, out, n_pairs);
}

/// Viterbi over d_pairs.
void soft_resolver::decode_pairs(candidate& decoded)
{
    d_viterbi.decode(d_pairs, decoded.bits, d_channel);
    const auto count = [](const std::array<std::uint64_t, 2>& bits) {
        return std::uint32_t(std::popcount(bits[0]) + std::popcount(bits[1]));
    };
    for (std::size_t w = 0; w < decoded.words.size(); ++w) {
        decoded.words[w].bits = load_big_endian(decoded.bits.data() + 8 * w);
        decoded.words[w].wrong = d_channel[w].wrong;
        decoded.words[w].compared = d_channel[w].compared;
        decoded.counts[w] = { count(d_channel[w].wrong), count(d_channel[w].compared) };
    }
}

channel_bit_count soft_resolver::count(const candidate& decoded)
{
    channel_bit_count sum;
    for (const auto& [wrong, compared] : decoded.counts) {
        sum.wrong += wrong;
        sum.compared += compared;
    }
    return sum;
}

/// True if the batch disagrees more than the right reading would from some word on, judged by the batches before.
bool soft_resolver::is_suspicious(const candidate& decoded) const
{
    const unsigned room = per_mille_of_noise - std::min(d_usual_per_mille, per_mille_of_noise);
    const std::int64_t half_way = d_usual_per_mille + std::min(per_mille_half_way_without_noise, room / 2);
    std::int64_t excess = 0; // thousandths of bits
    for (const auto& [wrong, compared] : decoded.counts) {
        excess = std::max<std::int64_t>(0, excess + 1000 * std::int64_t(wrong) - half_way * std::int64_t(compared));
        if (excess > 1000 * suspicious_excess_bits)
            return true;
    }
    return false;
}

/// True if what was chosen stands out among all readings of this batch, which must all have been decoded.
bool soft_resolver::is_trusted(const candidate& chosen) const
{
    std::uint64_t wrong_of_all = 0;
    for (std::size_t r = 0; r < d_readings.size(); ++r)
        wrong_of_all += count(d_candidates[r]).wrong;
    const std::uint64_t wrong = count(chosen).wrong;
    return 100 * wrong * d_readings.size() < trusted_percent_of_average * wrong_of_all;
}

/// Fills d_choice with the readings that disagree least, changes counted with their penalty.
void soft_resolver::choose_readings()
{
    const std::size_t n_readings = d_readings.size();
    std::vector<std::uint32_t> cost(n_readings, change_penalty);
    cost[d_current] = 0;
    for (std::size_t w = 0; w < d_choice.size(); ++w) {
        const auto best = std::size_t(std::min_element(cost.begin(), cost.end()) - cost.begin());
        const std::uint32_t change_cost = cost[best] + change_penalty;
        for (std::size_t r = 0; r < n_readings; ++r) {
            const bool is_change = change_cost < cost[r];
            d_came_from[w * n_readings + r] = std::uint8_t(is_change ? best : r);
            cost[r] = std::min(cost[r], change_cost) + d_candidates[r].counts[w].wrong;
        }
    }
    const auto best = std::size_t(std::min_element(cost.begin(), cost.end()) - cost.begin());
    std::size_t reading = cost[d_current] <= cost[best] ? d_current : best;
    for (std::size_t w = d_choice.size(); w-- > 0;) {
        d_choice[w] = std::uint8_t(reading);
        reading = d_came_from[w * n_readings + reading];
    }
}

} // namespace xband::core
