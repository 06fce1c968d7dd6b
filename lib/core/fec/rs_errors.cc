// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/rs_errors.h"
#include <algorithm>

namespace xband::core {
namespace {

using gf256::multiply;

constexpr unsigned max_parity = 2 * rs_errors::max_errors;
/// A polynomial over the field, coefficient of z^i at [i].
using polynomial = std::array<std::uint8_t, max_parity + 1>;

/// Received polynomial at each root of the generator.
polynomial find_syndromes(std::span<const std::uint8_t> remainder)
{
    polynomial syndromes{};
    const auto parity = static_cast<unsigned>(remainder.size());
    for (unsigned j = 0; j < parity; ++j) {
        const std::uint8_t root = gf256::power(rs_locator_exponent * (rs_first_root(parity) + j));
        std::uint8_t sum = 0;
        for (const std::uint8_t symbol : remainder) // Horner's rule
            sum = multiply(sum, root) ^ symbol;
        syndromes[j] = sum;
    }
    return syndromes;
}

struct locator_polynomial {
    polynomial connection{}; ///< connection[0] = 1
    unsigned length = 0;     ///< number of errors it stands for
};

/// Product of (1 - X z) over the locators X of the erased symbols.
locator_polynomial locate_erasures(std::span<const std::uint8_t> erased)
{
    locator_polynomial product;
    product.connection[0] = 1;
    for (const std::uint8_t symbol : erased) {
        const std::uint8_t locator = gf256::power(rs_locator_exponent * (rs_codeword_len - 1U - symbol));
        for (unsigned i = ++product.length; i > 0; --i)
            product.connection[i] ^= multiply(locator, product.connection[i - 1]);
    }
    return product;
}

polynomial product_of(const polynomial& a, const polynomial& b, unsigned n_terms)
{
    polynomial product{};
    for (unsigned i = 0; i < n_terms; ++i)
        for (unsigned k = 0; k <= i; ++k)
            product[i] ^= multiply(a[i - k], b[k]);
    return product;
}

/// Berlekamp and Massey's shortest shift register that produces the syndromes: the error locator polynomial.
locator_polynomial find_locator(const polynomial& syndromes, unsigned parity)
{
    locator_polynomial current;
    current.connection[0] = 1;
    polynomial shorter{ 1 };              // the register before the last change of length,
    std::uint8_t shorter_discrepancy = 1; // where it went wrong,
    unsigned steps_since = 1;             // and how long ago
    for (unsigned n = 0; n < parity; ++n, ++steps_since) {
        std::uint8_t discrepancy = syndromes[n];
        for (unsigned i = 1; i <= current.length; ++i)
            discrepancy ^= multiply(current.connection[i], syndromes[n - i]);
        if (discrepancy == 0)
            continue;
        const polynomial before = current.connection;
        const std::uint8_t factor = gf256::divide(discrepancy, shorter_discrepancy);
        for (unsigned i = steps_since; i <= parity; ++i)
            current.connection[i] ^= multiply(factor, shorter[i - steps_since]);
        if (2 * current.length <= n) {
            current.length = n + 1 - current.length;
            shorter = before;
            shorter_discrepancy = discrepancy;
            steps_since = 0;
        }
    }
    return current;
}

std::uint8_t evaluate(const polynomial& p, unsigned n_terms, std::uint8_t at)
{
    std::uint8_t sum = 0;
    for (unsigned i = n_terms; i-- > 0;)
        sum = multiply(sum, at) ^ p[i];
    return sum;
}

/// Exponents e of the locators' inverses x^-(11 e) that are roots of the locator polynomial: e is the power of the wrong
/// symbol. Chien's search: each term is multiplied by its own constant from one candidate to the next.
/// \returns how many there are; `powers` gets the first max_located.
unsigned find_roots(const locator_polynomial& locator, std::array<std::uint8_t, rs_errors::max_located>& powers)
{
    std::array<unsigned, rs_errors::max_located> term_log;
    std::array<unsigned, rs_errors::max_located> term_step;
    unsigned n_terms = 0;
    for (unsigned i = 1; i <= locator.length; ++i) {
        if (locator.connection[i] == 0)
            continue;
        term_log[n_terms] = gf256::tables.log[locator.connection[i]];
        term_step[n_terms++] = gf256::order - rs_locator_exponent * i % gf256::order;
    }
    unsigned n_roots = 0;
    for (unsigned power = 0; power < rs_codeword_len && n_roots < locator.length; ++power) {
        std::uint8_t sum = 1;
        for (unsigned term = 0; term < n_terms; ++term) {
            sum ^= gf256::tables.power[term_log[term]];
            term_log[term] += term_step[term];
            if (term_log[term] >= gf256::order)
                term_log[term] -= gf256::order;
        }
        if (sum == 0)
            powers[n_roots++] = static_cast<std::uint8_t>(power);
    }
    return n_roots;
}

} // namespace

rs_errors
find_rs_errors(std::span<const std::uint8_t> remainder, unsigned virtual_fill, std::span<const std::uint8_t> erased)
{
    const auto parity = static_cast<unsigned>(remainder.size());
    const auto n_erased = static_cast<unsigned>(erased.size());
    const polynomial syndromes = find_syndromes(remainder);

    // The syndromes times the erasures' locator obey, from term n_erased on, the recursion of the other errors alone.
    const locator_polynomial erasures = locate_erasures(erased);
    const polynomial weighted = product_of(syndromes, erasures.connection, parity);
    polynomial of_errors{};
    std::copy(weighted.begin() + n_erased, weighted.begin() + parity, of_errors.begin());
    const locator_polynomial errors_alone = find_locator(of_errors, parity - n_erased);
    rs_errors errors{ .count = rs_errors::too_many };
    if (errors_alone.length > (parity - n_erased) / 2)
        return errors;

    // As many distinct roots as the register is long, and not more than half the syndromes: then one error pattern of that
    // weight exists and the corrected word is a codeword.
    const locator_polynomial locator{ product_of(errors_alone.connection, erasures.connection, parity),
                                      errors_alone.length + n_erased };
    std::array<std::uint8_t, rs_errors::max_located> powers;
    if (find_roots(locator, powers) != locator.length)
        return errors;

    // Key equation: evaluator = syndromes * locator modulo z^parity; only `length` terms are not zero.
    const polynomial evaluator = product_of(syndromes, locator.connection, locator.length);
    // Formal derivative: in characteristic 2 only the odd powers stay.
    polynomial derivative{};
    for (unsigned i = 1; i <= locator.length; i += 2)
        derivative[i - 1] = locator.connection[i];

    unsigned count = 0;
    for (unsigned i = 0; i < locator.length; ++i) {
        const unsigned log_x = rs_locator_exponent * powers[i]; // of the locator X
        const std::uint8_t inverse_x = gf256::power(gf256::order - log_x % gf256::order);
        // Forney: X^(1 - first root) * evaluator(1/X) / derivative(1/X).
        const std::uint8_t scale = gf256::power(log_x * (gf256::order + 1 - rs_first_root(parity)));
        const std::uint8_t ratio = gf256::divide(evaluate(evaluator, locator.length, inverse_x),
                                                 evaluate(derivative, locator.length, inverse_x));
        if (ratio == 0)
            continue; // an erased symbol that was right
        errors.position[count] = static_cast<std::uint8_t>(rs_codeword_len - 1 - powers[i]);
        errors.value[count] = multiply(scale, ratio);
        if (errors.position[count] < virtual_fill)
            return errors;
        ++count;
    }
    errors.count = count;
    return errors;
}

} // namespace xband::core
