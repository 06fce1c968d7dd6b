// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/channel_readings.h"
#include "fec/conv_code.h"

#include <algorithm>
#include <optional>

namespace xband::core {

namespace {

constexpr unsigned register_bits = 7;

/// One bit for each symbol sent of a period.
using sign_mask = std::uint32_t;

sign_mask inverted_symbols(const channel_reading& reading, const puncture_pattern& pattern)
{
    sign_mask mask = 0;
    for (unsigned i = 0; i < pattern.n_sent; ++i) {
        const bool by_rail = reading.is_second_inverted && i % 2 == 1;
        const bool by_code = reading.is_g2_inverted && pattern.sent[i] % 2 == 1;
        mask |= sign_mask{ by_rail != by_code } << i;
    }
    return mask;
}

/// Symbols sent of each period of information bits that repeat themselves.
sign_mask encode_periodic(std::uint32_t bits, const puncture_pattern& pattern)
{
    sign_mask mask = 0;
    for (unsigned i = 0; i < pattern.n_sent; ++i) {
        unsigned state = 0;
        for (unsigned delay = 0; delay < register_bits; ++delay) {
            // Any multiple of the period before the bit is as good.
            const unsigned place = (pattern.sent[i] / 2 + register_bits * pattern.n_bits - delay) % pattern.n_bits;
            state |= (bits >> place & 1U) << delay;
        }
        const unsigned c1_c2 = conv_k7::symbols(state);
        mask |= sign_mask{ pattern.sent[i] % 2 == 0 ? c1_c2 >> 1 : c1_c2 & 1U } << i;
    }
    return mask;
}

/// The bits that are encoded to these symbols, if any are.
std::optional<bit_pattern> find_codeword(sign_mask symbols, const puncture_pattern& pattern)
{
    for (std::uint32_t bits = 0; bits < 1U << pattern.n_bits; ++bits)
        if (encode_periodic(bits, pattern) == symbols)
            return bit_pattern{ pattern.n_bits, bits };
    return std::nullopt;
}

std::vector<channel_reading> sign_readings(modulation kind, const puncture_pattern& pattern)
{
    std::vector<channel_reading> found;
    for (const bool is_g2_inverted : { false, true })
        for (const bool is_second_inverted : { false, true }) {
            const channel_reading reading{ 0, false, is_second_inverted, is_g2_inverted };
            const bool is_known = std::any_of(found.begin(), found.end(), [&](const channel_reading& other) {
                return inverted_symbols(other, pattern) == inverted_symbols(reading, pattern);
            });
            if (!is_known && (!is_second_inverted || kind != modulation::bpsk))
                found.push_back(reading);
        }
    return found;
}

} // namespace

bit_pattern::bit_pattern(unsigned period, std::uint32_t bits) : d_words(period)
{
    for (unsigned place = 0; place < period; ++place)
        for (unsigned i = 0; i < 64; ++i)
            d_words[place] = d_words[place] << 1 | (bits >> (place + i) % period & 1U);
}

channel_readings::channel_readings(modulation kind, const puncture_pattern& pattern)
{
    std::vector<channel_reading> signs;
    for (const channel_reading& reading : sign_readings(kind, pattern)) {
        const sign_mask mask = inverted_symbols(reading, pattern);
        if (const auto bits = find_codeword(mask, pattern)) {
            differences.push_back(*bits);
            hidden.push_back(reading);
        }
        const bool is_told = std::none_of(signs.begin(), signs.end(), [&](const channel_reading& other) {
            return find_codeword(mask ^ inverted_symbols(other, pattern), pattern).has_value();
        });
        if (is_told)
            signs.push_back(reading);
    }
    // QPSK's symbols begin at even soft bits; OQPSK's too unless Q leads.
    const unsigned step = kind == modulation::qpsk ? 2 : 1;
    for (unsigned offset = 0; offset < pattern.n_sent; offset += step)
        for (const bool is_swapped : { false, true })
            for (channel_reading reading : signs) {
                reading.offset = offset;
                reading.is_swapped = is_swapped;
                if (!is_swapped || kind != modulation::bpsk)
                    distinct.push_back(reading);
            }
}

} // namespace xband::core
