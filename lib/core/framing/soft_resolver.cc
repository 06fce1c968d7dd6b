// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/soft_resolver.h"
#include "base/multiversion.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace xband::core {

namespace {

constexpr std::size_t word_bits = 64;

// A reading is trusted if it has less than this share of the wrong bits that all readings have on average (rate 1/2, right
// one at 1.5 dB: 77 %; noise: 99 %), and as many less as do not come together by chance in a small batch.
constexpr unsigned trusted_percent_of_average = 85;
constexpr unsigned trusted_deviations = 6;

// Wrong bits that a change of reading must save: that many come together by chance nowhere, and a slip makes up for them
// within 3 words (8 at the lowest Eb/N0).
constexpr unsigned change_penalty = 40;

std::uint64_t load_big_endian(const std::uint8_t* octets)
{
    std::uint64_t word = 0;
    for (int i = 0; i < 8; ++i)
        word = word << 8 | octets[i];
    return word;
}

std::uint32_t count_ones(const std::array<std::uint64_t, 2>& bits)
{
    return std::uint32_t(std::popcount(bits[0]) + std::popcount(bits[1]));
}

// Several versions for the sake of the population count, which x86-64 has had an instruction for since 2008 only.
XBAND_MULTIVERSION void count_channel_bits(std::span<const channel_word> channel, std::span<channel_bit_count> counts)
{
    for (std::size_t w = 0; w < channel.size(); ++w)
        counts[w] = { count_ones(channel[w].wrong), count_ones(channel[w].compared) };
}

} // namespace

// Share of hard channel bits that disagree with the best path, in per mille, measured on random data (a segment of 1024 bits,
// all readings of all modulations):
//
//   rate                     1/2   2/3   3/4   5/6   7/8
//   noise                    160   105    78    53    41
//   wrong reading, 5 dB      149    91    67    44    31
//   wrong reading, no noise  115    71    50    31    21
//   right one, 5 dB           36    18    14    10     9
//   right one, 3 dB           76    50    40    31    27
//   right one, 2 dB          101    70    56    44    35
//
// So no fixed limit tells right from wrong: what counts is a step up from the usual share. It is looked for with a cumulative
// sum of the wrong bits beyond what lies half way (Page's test), as no fixed stretch is both short enough at high Eb/N0 and
// long enough at low. At rate 1/2 a wrong reading is noticed after 3 words (6 at 2 dB), while the right one, of which a word
// scatters by 4 bits, is doubted in 1 batch of 200 at 2 dB. A punctured code has less to compare, so that it takes 20 words
// at rate 3/4 and 3 dB, 40 at 7/8 and 4 dB, where Reed-Solomon is at its limit.
//
// The end of a batch is decoded again with the next one (overlap), for a slip shows itself by what follows it. Half that time
// is enough, as what slips through between is rarely too much for Reed-Solomon.
soft_resolver::limits soft_resolver::limits_of(code_rate rate)
{
    switch (rate) {
    case code_rate::r12:
        break;
    case code_rate::r23:
        return {
            .noise_per_mille = 105, .clean_wrong_per_mille = 71, .suspicious_excess_bits = 25, .overlap_words = 8
        };
    case code_rate::r34:
        return {
            .noise_per_mille = 78, .clean_wrong_per_mille = 50, .suspicious_excess_bits = 25, .overlap_words = 10
        };
    case code_rate::r56:
        return {
            .noise_per_mille = 53, .clean_wrong_per_mille = 31, .suspicious_excess_bits = 25, .overlap_words = 15
        };
    case code_rate::r78:
        return {
            .noise_per_mille = 41, .clean_wrong_per_mille = 21, .suspicious_excess_bits = 20, .overlap_words = 20
        };
    }
    return { .noise_per_mille = 160, .clean_wrong_per_mille = 116, .suspicious_excess_bits = 20, .overlap_words = 6 };
}

soft_resolver::soft_resolver(modulation kind, code_rate rate, const puncture_pattern& pattern, std::size_t segment_bits)
    : d_viterbi(segment_bits, viterbi_batch::overlap_bits_for(pattern.n_bits, pattern.n_sent)),
      d_pattern(pattern),
      d_readings(kind, pattern),
      d_limits(limits_of(rate))
{
    for (const channel_reading& r : d_readings.distinct)
        d_depuncturers.emplace_back(pattern, r.symbols());
    const std::size_t n_words = d_viterbi.payload_bits() / word_bits;
    d_overlap_words = std::min(d_limits.overlap_words, n_words / 4);
    d_soft.reserve(needed_soft_bits());
    begin_stream();
    d_expanded.resize(n_periods() * d_pattern.n_symbols());
    d_stitched.resize(d_viterbi.input_soft_bits());
    d_channel.resize(n_words);
    d_candidates.resize(d_readings.distinct.size() + 1);
    for (auto& c : d_candidates) {
        c.bits.resize(d_viterbi.payload_bits() / 8);
        c.words.resize(n_words);
        c.counts.resize(n_words);
    }
    d_choice.resize(n_words);
    d_came_from.resize(n_words * d_readings.distinct.size());
}

/// Erasures before the first soft bit, as far as the head of the first batch reaches.
void soft_resolver::begin_stream()
{
    d_first_bit = 0;
    d_soft.assign(std::size_t(-first_period()) * d_pattern.n_sent, 0);
}

/// Puncture period in which a batch begins, overlap included; counted from the beginning of the stream.
std::int64_t soft_resolver::first_period() const
{
    const auto period_bits = std::int64_t(d_pattern.n_bits);
    const std::int64_t bit = d_first_bit - std::int64_t(d_viterbi.overlap_bits());
    return bit >= 0 ? bit / period_bits : -((period_bits - 1 - bit) / period_bits);
}

/// Bits of which at least one symbol has come, if the first period begins with the first soft bit.
std::int64_t soft_resolver::bits_begun() const
{
    const std::int64_t periods = first_period() + std::int64_t(d_soft.size() / d_pattern.n_sent);
    std::int64_t bits = 0; // of the last period
    for (std::size_t i = 0; i < d_soft.size() % d_pattern.n_sent; ++i)
        bits = std::max<std::int64_t>(bits, d_pattern.sent[i] / 2 + 1);
    return periods * d_pattern.n_bits + bits;
}

/// Periods that cover a batch wherever in a period it begins.
std::size_t soft_resolver::n_periods() const
{
    return (d_viterbi.input_soft_bits() / 2 + 2 * (d_pattern.n_bits - 1)) / d_pattern.n_bits;
}

std::size_t soft_resolver::needed_soft_bits() const
{
    return n_periods() * d_pattern.n_sent + d_readings.distinct.back().offset; // the last offset is the largest
}

void soft_resolver::push(std::span<const soft_bit> soft, std::vector<resolved_word>& out, std::vector<soft_bit>& pairs)
{
    while (!soft.empty()) {
        const std::size_t n = std::min(soft.size(), needed_soft_bits() - d_soft.size());
        d_soft.insert(d_soft.end(), soft.begin(), soft.begin() + std::ptrdiff_t(n));
        soft = soft.subspan(n);
        if (d_soft.size() == needed_soft_bits())
            decode_batch(d_choice.size() - d_overlap_words, out, pairs);
    }
}

void soft_resolver::flush(std::vector<resolved_word>& out, std::vector<soft_bit>& pairs)
{
    // A soft bit at the end still makes a pair, its partner an erasure.
    const std::int64_t end = bits_begun();
    while (d_first_bit < end) {
        d_soft.resize(needed_soft_bits(), 0);
        const auto bits_left = std::size_t(end - d_first_bit);
        const std::size_t words_left = (bits_left + word_bits - 1) / word_bits;
        const std::size_t n_words = words_left <= d_choice.size() ? words_left : d_choice.size() - d_overlap_words;
        decode_batch(n_words, out, pairs);
        if (const auto rest = unsigned(bits_left % word_bits); n_words == words_left && rest != 0) {
            out.back().n_bits = rest;
            out.back().bits &= ~(~std::uint64_t{ 0 } >> rest);
        }
    }
    begin_stream();
}

/// Decodes a batch and gives out its first n_words words, and the pairs they were read from.
void soft_resolver::decode_batch(std::size_t n_words, std::vector<resolved_word>& out, std::vector<soft_bit>& pairs)
{
    decode(d_current);
    const candidate* chosen = &d_candidates[d_current];
    if (is_suspicious(*chosen)) {
        ++d_batches_doubted;
        for (std::size_t r = 0; r < d_readings.distinct.size(); ++r) {
            if (r != d_current)
                decode(r);
        }
        choose_readings();
        const bool is_uniform =
            std::adjacent_find(d_choice.begin(), d_choice.end(), std::not_equal_to<>()) == d_choice.end();
        if (is_uniform)
            read_as(d_choice.front());
        else
            decode_stitched();
        chosen = is_uniform ? &d_candidates[d_choice.front()] : &d_candidates.back();
        d_current = d_choice[n_words - 1];
        d_is_trusted = is_trusted(*chosen);
    }
    const auto [wrong, compared] = count(*chosen);
    d_usual_per_mille = !d_is_trusted || compared == 0 ? 0 : unsigned(1000 * std::uint64_t{ wrong } / compared);
    out.insert(out.end(), chosen->words.begin(), chosen->words.begin() + std::ptrdiff_t(n_words));
    const auto payload = d_pairs.subspan(2 * d_viterbi.overlap_bits(), 2 * n_words * word_bits);
    pairs.insert(pairs.end(), payload.begin(), payload.end());
    const std::int64_t period_before = first_period();
    d_first_bit += std::int64_t(n_words * word_bits);
    d_soft.erase(d_soft.begin(), d_soft.begin() + (first_period() - period_before) * d_pattern.n_sent);
}

/// Decodes the batch as one reading sees it.
void soft_resolver::decode(std::size_t reading)
{
    candidate& decoded = d_candidates[reading];
    read_as(reading);
    for (auto& word : decoded.words)
        word.reading = d_readings.distinct[reading];
    decode_pairs(decoded);
}

/// Decodes the batch, each word as d_choice has it; the overlaps as their neighbours.
void soft_resolver::decode_stitched()
{
    candidate& decoded = d_candidates.back();
    const std::size_t n_words = d_choice.size(), overlap_bits = d_viterbi.overlap_bits();
    const auto take = [this](std::size_t first_pair, std::size_t n_pairs) {
        std::copy_n(d_pairs.begin() + 2 * first_pair, 2 * n_pairs, d_stitched.begin() + 2 * first_pair);
    };
    for (std::size_t r = 0; r < d_readings.distinct.size(); ++r) {
        if (std::find(d_choice.begin(), d_choice.end(), r) == d_choice.end())
            continue;
        read_as(r);
        if (d_choice.front() == r)
            take(0, overlap_bits);
        for (std::size_t w = 0; w < n_words; ++w) {
            if (d_choice[w] != r)
                continue;
            decoded.words[w].reading = d_readings.distinct[r];
            take(overlap_bits + w * word_bits, word_bits);
        }
        if (d_choice.back() == r)
            take(overlap_bits + n_words * word_bits, overlap_bits);
    }
    d_pairs = d_stitched;
    decode_pairs(decoded);
}

/// Sets d_pairs to the batch as pairs c1,c2, overlaps included.
void soft_resolver::read_as(std::size_t reading)
{
    const std::size_t offset = d_readings.distinct[reading].offset;
    d_depuncturers[reading].expand(std::span(d_soft).subspan(offset, n_periods() * d_pattern.n_sent), d_expanded);
    const std::int64_t first_bit = d_first_bit - std::int64_t(d_viterbi.overlap_bits());
    const std::int64_t bits_before = first_bit - first_period() * std::int64_t(d_pattern.n_bits);
    d_pairs = std::span(d_expanded).subspan(2 * std::size_t(bits_before), d_viterbi.input_soft_bits());
}

/// Viterbi over d_pairs.
void soft_resolver::decode_pairs(candidate& decoded)
{
    d_viterbi.decode(d_pairs, decoded.bits, d_channel);
    for (std::size_t w = 0; w < decoded.words.size(); ++w) {
        decoded.words[w].bits = load_big_endian(decoded.bits.data() + 8 * w);
        decoded.words[w].wrong = d_channel[w].wrong;
        decoded.words[w].compared = d_channel[w].compared;
    }
    count_channel_bits(d_channel, decoded.counts);
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
    const unsigned room = d_limits.noise_per_mille - std::min(d_usual_per_mille, d_limits.noise_per_mille);
    const std::int64_t half_way = d_usual_per_mille + std::min(d_limits.clean_wrong_per_mille, room) / 2;
    std::int64_t excess = 0; // thousandths of bits
    for (const auto& [wrong, compared] : decoded.counts) {
        excess = std::max<std::int64_t>(0, excess + 1000 * std::int64_t(wrong) - half_way * std::int64_t(compared));
        if (excess > 1000 * std::int64_t(d_limits.suspicious_excess_bits))
            return true;
    }
    return false;
}

/// True if what was chosen stands out among all readings of this batch, which must all have been decoded.
bool soft_resolver::is_trusted(const candidate& chosen) const
{
    std::uint64_t wrong_of_all = 0;
    for (std::size_t r = 0; r < d_readings.distinct.size(); ++r)
        wrong_of_all += count(d_candidates[r]).wrong;
    const std::uint64_t average = wrong_of_all / d_readings.distinct.size();
    const std::uint64_t wrong = count(chosen).wrong;
    const std::uint64_t saved = average - std::min(wrong, average);
    return 100 * wrong < trusted_percent_of_average * average &&
           saved * saved > trusted_deviations * trusted_deviations * average;
}

/// Fills d_choice with the readings that disagree least, changes counted with their penalty.
void soft_resolver::choose_readings()
{
    const std::size_t n_readings = d_readings.distinct.size();
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
