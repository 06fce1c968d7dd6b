// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>

namespace gr::xband {

/*!
 * \brief Appends Reed-Solomon check symbols to frames.
 * \ingroup xband
 *
 * Input:  octets, data parts of interleave * (255 - parity - virtual_fill) octets one after the other.
 * Output: octets, code blocks of interleave * (255 - virtual_fill) octets.
 * Standard: CCSDS 131.0-B-5, section 4.
 */
class XBAND_API reed_solomon_encoder : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<reed_solomon_encoder>;
    /*!
     * \param parity        check symbols a codeword: 32 for RS(255,223), 16 for RS(255,239)
     * \param dual_basis    symbols in Berlekamp's dual basis, as the standard has it; false: conventional
     * \param interleave    codewords a code block, 1 to 8
     * \param virtual_fill  octets a codeword that are zero and not transmitted
     * \throws std::invalid_argument naming the value and its limit.
     */
    static sptr make(unsigned parity = 32, bool dual_basis = true, unsigned interleave = 4, unsigned virtual_fill = 0);

    virtual std::size_t data_len_bytes() const = 0;
    virtual std::size_t code_block_len_bytes() const = 0;
};

} // namespace gr::xband
