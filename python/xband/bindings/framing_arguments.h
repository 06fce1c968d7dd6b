// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gnuradio/xband/framing_parameters.h>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

/// Gives a block the constructor with the keyword arguments of xband_core.mission.Mission.decoder_config().
/// \tparam More  types of the block's arguments behind them
/// \param make   called with framing_parameters and those arguments
/// \param more   their py::arg
template <class... More, class Class, class Make, class... Args>
void def_framing_init(Class& cls, Make make, const Args&... more)
{
    namespace py = pybind11;
    const gr::xband::framing_parameters defaults;
    cls.def(py::init([make](const std::string& modulation,
                            const std::string& inner_code,
                            const std::string& rail_mapping,
                            const std::string& differential,
                            bool randomized,
                            std::uint32_t sync_marker,
                            bool has_rs,
                            unsigned rs_parity,
                            bool rs_dual_basis,
                            unsigned rs_interleave,
                            unsigned rs_virtual_fill,
                            std::size_t frame_len_bytes,
                            bool has_fecf,
                            const std::string& frame_kind,
                            bool is_contiguous,
                            std::optional<unsigned> scid,
                            std::size_t segment_bits,
                            More... rest) {
                return make(gr::xband::framing_parameters{ modulation,
                                                           inner_code,
                                                           rail_mapping,
                                                           differential,
                                                           randomized,
                                                           sync_marker,
                                                           has_rs,
                                                           rs_parity,
                                                           rs_dual_basis,
                                                           rs_interleave,
                                                           rs_virtual_fill,
                                                           frame_len_bytes,
                                                           has_fecf,
                                                           frame_kind,
                                                           is_contiguous,
                                                           scid,
                                                           segment_bits },
                            rest...);
            }),
            py::arg("modulation") = defaults.modulation,
            py::arg("inner_code") = defaults.inner_code,
            py::arg("rail_mapping") = defaults.rail_mapping,
            py::arg("differential") = defaults.differential,
            py::arg("randomized") = defaults.randomized,
            py::arg("sync_marker") = defaults.sync_marker,
            py::arg("has_rs") = defaults.has_rs,
            py::arg("rs_parity") = defaults.rs_parity,
            py::arg("rs_dual_basis") = defaults.rs_dual_basis,
            py::arg("rs_interleave") = defaults.rs_interleave,
            py::arg("rs_virtual_fill") = defaults.rs_virtual_fill,
            py::arg("frame_len_bytes") = defaults.frame_len_bytes,
            py::arg("has_fecf") = defaults.has_fecf,
            py::arg("frame_kind") = defaults.frame_kind,
            py::arg("is_contiguous") = defaults.is_contiguous,
            py::arg("scid") = defaults.scid,
            py::arg("segment_bits") = defaults.segment_bits,
            more...);
}
