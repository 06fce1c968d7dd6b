// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/puncture.h"
#include "fec/puncture_kernels.h"
#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

namespace xband::core {
namespace {

/// 1 for each symbol sent; the rows of CCSDS 131.0-B-5, table 3-1.
struct kept_symbols {
    std::string_view c1, c2;
};

kept_symbols kept_of(code_rate rate)
{
    switch (rate) {
    case code_rate::r12:
        break;
    case code_rate::r23:
        return { "10", "11" };
    case code_rate::r34:
        return { "101", "110" };
    case code_rate::r56:
        return { "10101", "11010" };
    case code_rate::r78:
        return { "1000101", "1111010" };
    }
    return { "1", "1" };
}

} // namespace

puncture_pattern pattern_of(code_rate rate, kept_order order)
{
    const kept_symbols kept = kept_of(rate);
    std::vector<std::uint8_t> serial, c1, c2;
    for (std::size_t bit = 0; bit < kept.c1.size(); ++bit) {
        const auto place = static_cast<std::uint8_t>(2 * bit);
        if (kept.c1[bit] == '1') {
            serial.push_back(place);
            c1.push_back(place);
        }
        if (kept.c2[bit] == '1') {
            serial.push_back(place + 1);
            c2.push_back(place + 1);
        }
    }
    puncture_pattern pattern{ static_cast<unsigned>(kept.c1.size()), static_cast<unsigned>(serial.size()), {} };
    if (order == kept_order::serial) {
        std::copy(serial.begin(), serial.end(), pattern.sent.begin());
        return pattern;
    }
    if (c1.size() != c2.size())
        throw std::invalid_argument("puncture_pattern: c1 and c2 cannot take turns, " + std::to_string(c1.size()) +
                                    " of one are kept and " + std::to_string(c2.size()) + " of the other");
    for (std::size_t i = 0; i < c1.size(); ++i) {
        pattern.sent[2 * i] = c1[i];
        pattern.sent[2 * i + 1] = c2[i];
    }
    return pattern;
}

puncture_pattern puncture_pattern::doubled() const
{
    if (2 * n_sent > max_sent)
        throw std::invalid_argument("puncture_pattern: no room for twice " + std::to_string(n_sent) + " symbols");
    puncture_pattern twice{ 2 * n_bits, 2 * n_sent, sent };
    for (unsigned i = 0; i < n_sent; ++i)
        twice.sent[n_sent + i] = static_cast<std::uint8_t>(sent[i] + n_symbols());
    return twice;
}

std::int64_t puncture_pattern::first_sent(std::int64_t bit) const
{
    const auto period_bits = std::int64_t(n_bits);
    const std::int64_t period = bit >= 0 ? bit / period_bits : -((period_bits - 1 - bit) / period_bits);
    const auto place = static_cast<unsigned>(bit - period * period_bits);
    const auto* const first =
        std::find_if(sent.begin(), sent.begin() + n_sent, [place](std::uint8_t s) { return s / 2U == place; });
    return period * std::int64_t(n_sent) + (first - sent.begin());
}

void puncturer::push(std::span<const std::uint8_t> symbols, std::span<std::uint8_t> sent)
{
    if (sent.size() != n_sent(symbols.size()))
        throw std::invalid_argument("puncturer: room for " + std::to_string(sent.size()) + " symbols, need " +
                                    std::to_string(n_sent(symbols.size())));
    auto out = sent.begin();
    for (const std::uint8_t symbol : symbols) {
        d_period.push_back(symbol);
        if (d_period.size() < d_pattern.n_symbols())
            continue;
        for (unsigned i = 0; i < d_pattern.n_sent; ++i)
            *out++ = d_period[d_pattern.sent[i]];
        d_period.clear();
    }
}

depuncturer::depuncturer(const puncture_pattern& pattern, const symbol_reading& reading)
    : d_pattern(pattern),
      d_source(pattern.n_symbols(), puncture::erased),
      d_is_inverted(pattern.n_symbols())
{
    if ((reading.is_swapped || reading.is_second_inverted) && pattern.n_sent % 2 != 0)
        throw std::invalid_argument("depuncturer: " + std::to_string(pattern.n_sent) +
                                    " symbols of a period are no whole pairs");
    for (unsigned i = 0; i < pattern.n_sent; ++i) {
        const std::uint8_t place = pattern.sent[i];
        d_source[place] = static_cast<std::uint8_t>(i ^ (reading.is_swapped ? 1U : 0U));
        d_is_inverted[place] = (reading.is_second_inverted && i % 2 == 1) != (reading.is_g2_inverted && place % 2 == 1);
    }
}

void depuncturer::expand(std::span<const soft_bit> sent, std::span<soft_bit> pairs) const
{
    const std::size_t n_periods = sent.size() / d_pattern.n_sent;
    if (sent.size() % d_pattern.n_sent != 0 || pairs.size() != n_periods * d_pattern.n_symbols())
        throw std::invalid_argument("depuncturer: " + std::to_string(sent.size()) + " soft bits and room for " +
                                    std::to_string(pairs.size()) + " are not whole periods of " +
                                    std::to_string(d_pattern.n_sent) + " and " + std::to_string(d_pattern.n_symbols()));
    const puncture::job work{ sent, pairs, d_pattern.n_sent, d_source, d_is_inverted };
#ifdef XBAND_SIMD
    puncture::expand_simd(work);
#else
    puncture::expand_ref(work);
#endif
}

void puncture::expand_ref(const job& work)
{
    const std::size_t n_symbols = work.source.size();
    for (std::size_t i = 0; i < work.pairs.size(); ++i) {
        const std::size_t place = i % n_symbols;
        const std::uint8_t source = work.source[place];
        const int soft = source == erased ? 0 : work.sent[i / n_symbols * work.period_sent + source];
        // -128 has no opposite; it is read as -127.
        work.pairs[i] = static_cast<soft_bit>(work.is_inverted[place] != 0 ? -std::max(soft, -127) : soft);
    }
}

} // namespace xband::core
