// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "config_names.h"

#include <gnuradio/xband/framing_parameters.h>

namespace gr::xband {

/// The kernels' form of the parameters. \throws std::invalid_argument naming field, value and limit.
inline core::framing_config to_config(const framing_parameters& parameters)
{
    core::framing_config config{
        .modulation = from_name(modulation_names, "modulation", parameters.modulation),
        .inner_code = from_name(inner_code_names, "inner_code", parameters.inner_code),
        .rail_mapping = from_name(rail_mapping_names, "rail_mapping", parameters.rail_mapping),
        .differential = from_name(differential_names, "differential", parameters.differential),
        .randomized = parameters.randomized,
        .sync_marker = parameters.sync_marker,
        .has_rs = parameters.has_rs,
        .rs = { .parity = parameters.rs_parity,
                .dual_basis = parameters.rs_dual_basis,
                .interleave = parameters.rs_interleave,
                .virtual_fill = parameters.rs_virtual_fill },
        .frame_len_bytes = parameters.frame_len_bytes,
        .has_fecf = parameters.has_fecf,
        .frame_kind = from_name(frame_kind_names, "frame_kind", parameters.frame_kind),
        .is_contiguous = parameters.is_contiguous,
        .scid = parameters.scid,
        .segment_bits = parameters.segment_bits,
    };
    config.validate();
    return config;
}

} // namespace gr::xband
