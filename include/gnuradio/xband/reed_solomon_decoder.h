// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>
#include <cstdint>

namespace gr::xband {

/// Counters of a Reed-Solomon decoder since it was made.
struct reed_solomon_counters {
    std::uint64_t code_blocks = 0;
    std::uint64_t code_blocks_uncorrectable = 0; ///< with at least one codeword beyond repair
    std::uint64_t corrected_symbols = 0;
};

/*!
 * \brief Corrects code blocks and takes their check symbols off.
 * \ingroup xband
 *
 * Input:  octets, code blocks of interleave * (255 - virtual_fill) octets one after the other.
 * Output: octets, data parts of interleave * (255 - parity - virtual_fill) octets. An uncorrectable codeword comes out as
 *         it was received. The first octet of each part carries a stream tag "xband_rs": u8vector, symbols corrected in
 *         each codeword, 255 = uncorrectable.
 * Standard: CCSDS 131.0-B-5, section 4.
 */
class XBAND_API reed_solomon_decoder : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<reed_solomon_decoder>;
    /// Parameters as for reed_solomon_encoder. \throws std::invalid_argument naming the value and its limit.
    static sptr make(unsigned parity = 32, bool dual_basis = true, unsigned interleave = 4, unsigned virtual_fill = 0);

    virtual std::size_t data_len_bytes() const = 0;
    virtual std::size_t code_block_len_bytes() const = 0;
    /// Callable from any thread.
    virtual reed_solomon_counters counters() const = 0;
};

} // namespace gr::xband
