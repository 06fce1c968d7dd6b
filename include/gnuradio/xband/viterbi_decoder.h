// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace gr::xband {

/*!
 * \brief Soft-decision Viterbi decoder of the K=7 code, rate 1/2 or punctured, for channel bits whose phase is known.
 * \ingroup xband
 *
 * Input:  int8 soft bits, +127 = surely 0, -127 = surely 1, 0 = erasure; G1 then G2 of each information bit; of a
 *         punctured code those that were sent, from the beginning of a puncture period on.
 * Output: octets, 8 information bits each, most significant first. At the end of the stream the last, incomplete octet is
 *         filled with zeros.
 *
 * frame_decoder does the same and finds the phase, the pairs and the sense of G2 by itself.
 * Standard: CCSDS 131.0-B-5, 3.3; punctured 3.4.
 */
class XBAND_API viterbi_decoder : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<viterbi_decoder>;
    /*!
     * \param g2_inverted   the second channel bit of each pair is inverted, as the standard has it at rate 1/2
     * \param segment_bits  length of the independently decoded segments; 32 of them are one batch (delay)
     * \param rate          1/2, 2/3, 3/4, 5/6, 7/8
     * \throws std::invalid_argument if segment_bits is not a multiple of 64 of at least 128, or for any other rate.
     */
    static sptr make(bool g2_inverted = true, std::size_t segment_bits = 1024, const std::string& rate = "1/2");

    /// Channel bits compared with the re-encoded path, and how many differ. Callable from any thread.
    virtual std::uint64_t channel_bits() const = 0;
    virtual std::uint64_t channel_bit_errors() const = 0;
};

} // namespace gr::xband
