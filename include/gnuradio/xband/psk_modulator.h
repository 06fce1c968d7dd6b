// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/block.h>
#include <gnuradio/xband/api.h>

#include <string>

namespace gr::xband {

/*!
 * \brief Channel bits to root-raised-cosine shaped BPSK, QPSK or OQPSK at any ratio of sample rate to symbol rate.
 * \ingroup xband
 *
 * Input:  octets, one channel bit (0 or 1) each; QPSK and OQPSK: I, Q, I, Q... A 0 is the positive level.
 * Output: complex float samples of mean power 1 for random data.
 */
class XBAND_API psk_modulator : virtual public gr::block
{
public:
    using sptr = std::shared_ptr<psk_modulator>;
    /*!
     * \param modulation          bpsk, qpsk, oqpsk
     * \param samples_per_symbol  any real number from 1.2 to 64
     * \param rolloff             of the root-raised-cosine pulse, 0.05 to 1
     * \param clock_error_ppm     the symbol rate is higher than nominal by this
     * \throws std::invalid_argument naming the value and its limit.
     */
    static sptr
    make(const std::string& modulation, double samples_per_symbol, double rolloff = 0.5, double clock_error_ppm = 0.0);
};

} // namespace gr::xband
