// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/sync_block.h>
#include <gnuradio/xband/api.h>

namespace gr::xband {

/*!
 * \brief Encodes NRZ-M: a one becomes a change of level, a zero none.
 * \ingroup xband
 *
 * Input, output: octets, 8 bits each, most significant first. The level before the first bit is 0.
 * Standard: IRIG 106, chapter 4.
 */
class XBAND_API nrzm_encoder : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<nrzm_encoder>;
    static sptr make();
};

} // namespace gr::xband
