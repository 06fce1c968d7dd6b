// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/stages.h"
#include "stream_adapter.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/xband/agc_cc.h>

namespace gr::xband {

namespace {

struct agc_config {
};

struct agc : core::agc_stage {
    explicit agc(const agc_config&) {}
};

class agc_cc_impl : public stream_adapter<agc_cc, agc, agc_config, gr_complex, gr_complex>
{
public:
    explicit agc_cc_impl(const agc_config& config)
        : gr::block("agc_cc",
                    gr::io_signature::make(1, 1, sizeof(gr_complex)),
                    gr::io_signature::make(1, 1, sizeof(gr_complex))),
          stream_adapter(config)
    {
        // The n-th sample out is the n-th sample in, so tags keep their places.
        set_tag_propagation_policy(TPP_ALL_TO_ALL);
    }
};

} // namespace

agc_cc::sptr agc_cc::make() { return gnuradio::make_block_sptr<agc_cc_impl>(agc_config{}); }

} // namespace gr::xband
