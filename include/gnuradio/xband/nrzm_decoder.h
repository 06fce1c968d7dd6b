// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/sync_block.h>
#include <gnuradio/xband/api.h>

namespace gr::xband {

/*!
 * \brief Decodes NRZ-M: a change of level is a one.
 * \ingroup xband
 *
 * Input, output: octets, 8 bits each, most significant first. The first bit is decided against level 0.
 * Standard: IRIG 106, chapter 4.
 */
class XBAND_API nrzm_decoder : virtual public gr::sync_block
{
public:
    using sptr = std::shared_ptr<nrzm_decoder>;
    static sptr make();
};

} // namespace gr::xband
