// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <cstddef>
#include <cstdint>

namespace gr::xband {

/*!
 * \brief Finds CADUs in decoded bits by their sync marker, for flowgraphs that decode step by step.
 * \ingroup xband
 *
 * Input:  octets, 8 bits each, most significant first; a CADU may begin at any bit.
 * Output: octets, code blocks as received (still randomised, not corrected) one after the other, or whole CADUs, their
 *         marker mended, with \p keep_marker.
 *
 * Lock: three markers one CADU apart, at most 9 wrong bits in all; frames before them are given out too. Markers that are
 * missing are bridged over 8 frames, and a marker a few bits beside its place is followed.
 *
 * A chain of single steps cannot resolve what frame_decoder resolves:
 * - Phase: of the four upright positions of QPSK, two are 90 degrees off; the Viterbi decoder makes noise of them.
 *   Multiply the symbols by 1j. viterbi_decoder tells by channel_bit_errors() over channel_bits(): a few percent, or a
 *   seventh. The two positions 180 degrees apart differ in the sign of all bits, which NRZ-M or \p inverted_too resolves.
 * - Swapped rails (mirrored spectrum): the same, with the other sense of G2.
 * - BPSK: channel bits may begin in the middle of a pair; then skip one soft bit.
 * - A phase slip in mid-stream, after which the frames stay away.
 * - It does not look at contents: a chance pattern in steady data may pass for a marker, where frame_decoder asks
 *   Reed-Solomon, header and counters.
 * Standard: CCSDS 131.0-B-5, 9.3.
 */
class XBAND_API frame_sync : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<frame_sync>;
    /*!
     * \param code_block_len_bytes  a CADU without its marker, 8 to 16384
     * \param sync_marker           32 bits
     * \param inverted_too          finds inverted CADUs and turns them round; not needed behind NRZ-M
     * \param keep_marker           puts the marker out as well
     * \throws std::invalid_argument if the length is out of range.
     */
    static sptr make(std::size_t code_block_len_bytes = 1020,
                     std::uint32_t sync_marker = 0x1ACFFC1D,
                     bool inverted_too = false,
                     bool keep_marker = false);

    /// Callable from any thread.
    virtual std::uint64_t frames() const = 0;
    virtual std::uint64_t sync_losses() const = 0;
    virtual bool is_locked() const = 0;
};

} // namespace gr::xband
