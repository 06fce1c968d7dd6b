// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/error_free.h"
#include "fec/conv_code.h"
#include "fec/viterbi_kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace xband::core::viterbi {
namespace {

constexpr std::ptrdiff_t memory_bits = 6;

// Lengths of guards to try, in branches: steps of as many soft bits as count_below() takes at once.
constexpr std::ptrdiff_t shortest_guard = 64, guard_step = 16, n_guards = 5;

/// Least number of symbols in which a path that is off another for the length of each guard differs from it: w(n).
constexpr auto guard_weights = [] {
    constexpr unsigned none = 1000;
    std::array<unsigned, n_guards> weights{};
    std::array<unsigned, conv_k7::n_states> weight{};
    weight[0] = none;
    for (std::ptrdiff_t n = 1; n <= shortest_guard + (n_guards - 1) * guard_step; ++n) {
        std::array<unsigned, conv_k7::n_states> next{};
        for (unsigned& sum : next)
            sum = none;
        for (unsigned from = 1; from < conv_k7::n_states; ++from)
            for (unsigned bit = 0; bit < 2; ++bit) {
                const unsigned reg = from << 1 | bit, symbols = conv_k7::symbols(reg);
                const unsigned sum = weight[from] + (symbols >> 1) + (symbols & 1);
                unsigned& to = next[reg % conv_k7::n_states];
                to = sum < to ? sum : to;
            }
        next[0] = none;
        weight = next;
        if (n >= shortest_guard && (n - shortest_guard) % guard_step == 0)
            weights[static_cast<std::size_t>((n - shortest_guard) / guard_step)] =
                *std::min_element(weight.begin(), weight.end());
    }
    return weights;
}();
static_assert(guard_weights[0] == 19);

/// What any path off H costs at least where so many symbols have levels below 1, 2, ...: bound 3.
unsigned least_cost(unsigned weight, const level_counts& below)
{
    unsigned bound = 0;
    for (const unsigned count : below)
        bound += count < weight ? weight - count : 0;
    return bound;
}

/// Sum of levels: what joining H costs at most over these branches, or leaving it.
unsigned sum_of_levels(std::span<const soft_bit> soft)
{
    unsigned sum = 0;
    for (const soft_bit value : soft)
        sum += static_cast<unsigned>(level(value));
    return sum;
}

constexpr std::ptrdiff_t far = std::numeric_limits<std::ptrdiff_t>::max() / 4;

/// Length of the guard at the beginning or the end of an error-free stretch; `far` if there is none.
template <bool is_at_end>
std::ptrdiff_t guard_length(std::span<const soft_bit> stretch)
{
    // The soft bits of branches n to n + count - 1, counted from the edge.
    const auto branches = [&](std::ptrdiff_t n, std::ptrdiff_t count) {
        const auto size = static_cast<std::size_t>(2 * count), before = static_cast<std::size_t>(2 * n);
        return is_at_end ? stretch.last(before + size).first(size) : stretch.subspan(before, size);
    };
    if (std::ssize(stretch) < 2 * shortest_guard)
        return far;
    const unsigned limit = sum_of_levels(branches(0, memory_bits));
    level_counts below{};
    count_below(branches(0, shortest_guard), below);
    std::ptrdiff_t length = shortest_guard;
    for (const unsigned weight : guard_weights) {
        if (least_cost(weight, below) > limit)
            return length;
        if (2 * (length + guard_step) > std::ssize(stretch))
            break;
        count_below(branches(length, guard_step), below);
        length += guard_step;
    }
    return far;
}

std::uint64_t syndrome(const hard_word& word, const hard_word& before)
{
    return sum_of_delays<conv_k7::g2_taps>(word.ones[0], before.ones[0]) ^
           sum_of_delays<conv_k7::g1_taps>(word.ones[1], before.ones[1]);
}

/// Erasures only: what is taken to stand before the first word.
constexpr hard_word nothing_received{ {}, {}, ~std::uint64_t{ 0 } };

/// Branches with an error, or that cannot be told to be without: 0 over branches a + 6 to b - 1 means that a to b - 1 are
/// free of errors and have weight.
std::uint64_t doubts(const hard_word& word, const hard_word& before)
{
    return syndrome(word, before) | word.blank | word.blank >> memory_bits | before.blank << (word_bits - memory_bits);
}

/// Takes the places of doubts in ascending order and gives the stretches between the proven ones.
class stretch_finder
{
public:
    stretch_finder(std::span<const soft_bit> soft, std::ptrdiff_t soft_begin, std::vector<doubtful_stretch>& found)
        : d_soft(soft),
          d_first(soft_begin),
          d_doubts_end(soft_begin + memory_bits),
          d_found(found)
    {
    }

    /// The conditions `begin` to `end` - 1 are doubtful.
    void add(std::ptrdiff_t begin, std::ptrdiff_t end)
    {
        error_free(begin, false);
        d_doubts_end = end;
    }

    /// \param last end of the input.
    void finish(std::ptrdiff_t last)
    {
        if (!error_free(last, true))
            d_found.push_back({ d_stretch_begin, far });
    }

private:
    /// Sees if something can be proven between the doubts so far and b. Nothing has to be at the ends of the input, where
    /// windows may end, but none can come from beyond.
    bool error_free(std::ptrdiff_t b, bool is_at_last)
    {
        const std::ptrdiff_t a = d_doubts_end - memory_bits;
        if (b <= a)
            return false;
        const auto stretch =
            d_soft.subspan(static_cast<std::size_t>(2 * (a - d_first)), static_cast<std::size_t>(2 * (b - a)));
        const std::ptrdiff_t c = a == d_first ? a : a + guard_length<false>(stretch);
        if (c > b)
            return false;
        const std::ptrdiff_t d = is_at_last ? b : b - guard_length<true>(stretch);
        if (c > d)
            return false;
        d_found.push_back({ d_stretch_begin, c });
        d_stretch_begin = d;
        return true;
    }

    std::span<const soft_bit> d_soft;
    std::ptrdiff_t d_first;
    std::ptrdiff_t d_doubts_end;
    std::ptrdiff_t d_stretch_begin = -far;
    std::vector<doubtful_stretch>& d_found;
};

/// The syndrome's generators swap places in it. The inverse has no delay: x^0 to x^4 times G1 plus x^2 and x^4 times G2 is 1.
constexpr unsigned inverse_of_g1 = 0b11111, inverse_of_g2 = 0b10100;
constexpr unsigned product(unsigned p, unsigned q)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 8; ++i)
        sum ^= q >> i & 1U ? p << i : 0;
    return sum;
}
static_assert((product(inverse_of_g1, conv_k7::g1_taps) ^ product(inverse_of_g2, conv_k7::g2_taps)) == 1);

} // namespace

bool has_few_errors(std::span<const hard_word> words)
{
    constexpr std::size_t step = 16;
    std::size_t doubtful = 0, seen = 0;
    for (std::size_t i = step / 2; i < words.size(); i += step, ++seen)
        doubtful += doubts(words[i], words[i - 1]) != 0;
    return 6 * doubtful <= seen;
}

void find_doubtful_stretches(std::span<const hard_word> words,
                             std::ptrdiff_t words_begin,
                             std::span<const soft_bit> soft,
                             std::ptrdiff_t soft_begin,
                             std::vector<doubtful_stretch>& found)
{
    found.clear();
    const std::ptrdiff_t soft_end = soft_begin + std::ssize(soft) / 2;
    stretch_finder finder(soft, soft_begin, found);
    hard_word before = nothing_received;
    std::ptrdiff_t at = words_begin;
    for (const hard_word& word : words) {
        if (const std::uint64_t places = doubts(word, before); places != 0) {
            // Conditions that need what came before the input say nothing, and there are none beyond its end. Too little
            // lies between two doubts of one word to prove anything.
            const std::ptrdiff_t begin = std::max(at + std::countl_zero(places), soft_begin + memory_bits);
            const std::ptrdiff_t end =
                std::min<std::ptrdiff_t>(at + std::ptrdiff_t{ word_bits } - std::countr_zero(places), soft_end);
            if (begin < end)
                finder.add(begin, end);
        }
        before = word;
        at += word_bits;
    }
    finder.finish(soft_end);
}

void invert_encoder(std::span<const hard_word> words, const hard_word& before, std::span<std::uint8_t> bits)
{
    const hard_word* previous = &before;
    std::uint8_t* out = bits.data();
    for (const hard_word& word : words) {
        const std::uint64_t inverse = sum_of_delays<inverse_of_g1>(word.ones[0], previous->ones[0]) ^
                                      sum_of_delays<inverse_of_g2>(word.ones[1], previous->ones[1]);
        for (unsigned i = 0; i < 8; ++i)
            *out++ = static_cast<std::uint8_t>(inverse >> (56 - 8 * i));
        previous = &word;
    }
}

} // namespace xband::core::viterbi
