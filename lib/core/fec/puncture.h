// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/soft_bit.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xband::core {

/// Rates of the K=7 code: r12 sends all symbols, the others are punctured (CCSDS 131.0-B-5, 3.3 and 3.4).
enum class code_rate { r12, r23, r34, r56, r78 };

/// In which order the symbols that are kept of a period are sent.
enum class kept_order {
    serial, ///< as they come: c1, c2 of the first bit, then of the second (CCSDS 131.0-B-5, 3.4)
    c1_c2, ///< kept c1 and kept c2 in turn, so that QPSK has c1 on I and c2 on Q (MetOp). Not for rates 2/3 and 7/8, which
           ///< keep unlike numbers of both.
};

/// Which symbols of a period are sent, and when.
struct puncture_pattern {
    static constexpr std::size_t max_sent = 8;     ///< of the rate-7/8 code
    static constexpr std::size_t max_symbols = 14; ///< of the same before puncturing

    unsigned n_bits = 1;                             ///< information bits in a period
    unsigned n_sent = 2;                             ///< symbols sent in a period
    std::array<std::uint8_t, max_sent> sent{ 0, 1 }; ///< for each of them its place in c1, c2, c1, ...

    std::size_t n_symbols() const { return std::size_t{ 2 } * n_bits; }
    /// Index of the first symbol sent of an information bit, both counted from the beginning of a period on.
    std::int64_t first_sent(std::int64_t bit) const;
    /// The same as one period of twice the length.
    puncture_pattern doubled() const;
};

/// Throws std::invalid_argument if the order does not go with the rate.
puncture_pattern pattern_of(code_rate rate, kept_order order);

/// Leaves out what a pattern does not send. Works period by period: the output of an incomplete one waits for its rest.
class puncturer
{
public:
    explicit puncturer(const puncture_pattern& pattern) : d_pattern(pattern) {}

    /// Symbols that the next n_symbols give.
    std::size_t n_sent(std::size_t n_symbols) const
    {
        return (d_period.size() + n_symbols) / d_pattern.n_symbols() * d_pattern.n_sent;
    }

    /// \param symbols  c1, c2, c1, ... goes on where the last call ended.
    /// \param sent     out: exactly n_sent(symbols.size()), else std::invalid_argument.
    void push(std::span<const std::uint8_t> symbols, std::span<std::uint8_t> sent);

    void reset() { d_period.clear(); }

private:
    puncture_pattern d_pattern;
    std::vector<std::uint8_t> d_period; ///< symbols of the period that is not complete yet
};

/// How sent symbols are to be read, beside the pattern.
struct symbol_reading {
    bool is_swapped = false;         ///< the two symbols of each pair sent change places
    bool is_second_inverted = false; ///< every second symbol sent, after the swap
    bool is_g2_inverted = false;     ///< every c2
};

/// Puts erasures where a punctured code sent nothing: soft bits as sent to pairs c1, c2, as viterbi_batch reads them.
class depuncturer
{
public:
    /// \param pattern  with an even n_sent if the reading swaps or inverts every second symbol (std::invalid_argument).
    explicit depuncturer(const puncture_pattern& pattern, const symbol_reading& reading = {});

    /// \param sent   whole periods from the beginning of one on.
    /// \param pairs  out: n_symbols for each period. Other lengths throw std::invalid_argument.
    void expand(std::span<const soft_bit> sent, std::span<soft_bit> pairs) const;

    /// For each symbol of a period, not 0 if its sign is changed.
    std::span<const std::uint8_t> is_inverted() const { return d_is_inverted; }

private:
    puncture_pattern d_pattern;
    std::vector<std::uint8_t> d_source; ///< for each symbol of a period: the soft bit that tells it, or `erased`
    std::vector<std::uint8_t> d_is_inverted;
};

} // namespace xband::core
