// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/stages.h"
#include "stream_adapter.h"

#include <gnuradio/gr_complex.h>
#include <gnuradio/io_signature.h>
#include <gnuradio/xband/matched_filter_cc.h>

namespace gr::xband {

namespace {

struct matched_filter_config {
    double samples_per_symbol = 0.0;
    double rolloff = 0.0;
};

struct matched_filter : core::matched_filter_stage {
    explicit matched_filter(const matched_filter_config& config)
        : matched_filter_stage(config.samples_per_symbol, config.rolloff)
    {
    }
};

class matched_filter_cc_impl
    : public stream_adapter<matched_filter_cc, matched_filter, matched_filter_config, gr_complex, gr_complex>
{
public:
    explicit matched_filter_cc_impl(const matched_filter_config& config)
        : gr::block("matched_filter_cc",
                    gr::io_signature::make(1, 1, sizeof(gr_complex)),
                    gr::io_signature::make(1, 1, sizeof(gr_complex))),
          stream_adapter(config)
    {
        // The n-th sample out is the n-th sample in, so tags keep their places.
        set_tag_propagation_policy(TPP_ALL_TO_ALL);
    }
};

} // namespace

matched_filter_cc::sptr matched_filter_cc::make(double samples_per_symbol, double rolloff)
{
    return gnuradio::make_block_sptr<matched_filter_cc_impl>(matched_filter_config{ samples_per_symbol, rolloff });
}

} // namespace gr::xband
