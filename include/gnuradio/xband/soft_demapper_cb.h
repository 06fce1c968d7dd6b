// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <string>

namespace gr::xband {

/*!
 * \brief Upright symbols to soft bits.
 * \ingroup xband
 *
 * Input:  complex float in pairs, as carrier_recovery_cc gives them.
 * Output: int8 soft bits, +127 = surely 0, -127 = surely 1, scaled by the level over 4096 symbols. QPSK and OQPSK: I, Q,
 *         I, Q...; BPSK: one a symbol.
 */
class XBAND_API soft_demapper_cb : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<soft_demapper_cb>;
    /*!
     * \param modulation  bpsk, qpsk or oqpsk
     * \throws std::invalid_argument if the modulation is unknown.
     */
    static sptr make(const std::string& modulation);

    /// Signal-to-noise ratio of the latest symbols, NaN while unknown. Callable from any thread.
    virtual float es_n0_db() const = 0;
};

} // namespace gr::xband
