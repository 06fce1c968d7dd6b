// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"
#include "framing_arguments.h"

#include <gnuradio/xband/cadu_encoder.h>
#include <gnuradio/xband/frame_decoder.h>
#include <gnuradio/xband/frame_sync.h>

namespace py = pybind11;
using gr::xband::frame_decoder;
using gr::xband::frame_decoder_counters;

namespace {

void bind_frame_decoder(py::module_& m)
{
    def_fields(py::class_<frame_decoder_counters>(m, "frame_decoder_counters", "Counters since the flowgraph started."),
               gr::xband::frame_decoder_counters_fields);

    auto cls = py::class_<frame_decoder, gr::block, gr::basic_block, frame_decoder::sptr>(
        m,
        "frame_decoder",
        "Soft bits to transfer frames: phase ambiguity, Viterbi, NRZ-M, frame sync, derandomiser, Reed-Solomon.");
    def_framing_init(cls, [](const gr::xband::framing_parameters& p) { return frame_decoder::make(p); });
    cls.def("record_stride", &frame_decoder::record_stride, "Octets of one output item.")
        .def("counters", &frame_decoder::counters);
}

void bind_cadu_encoder(py::module_& m)
{
    using gr::xband::cadu_encoder;
    auto cls = py::class_<cadu_encoder, gr::block, gr::basic_block, cadu_encoder::sptr>(
        m,
        "cadu_encoder",
        "Transfer frames to channel bits: Reed-Solomon, randomiser, sync marker, NRZ-M, convolutional code.");
    def_framing_init<bool>(
        cls,
        [](const gr::xband::framing_parameters& p, bool g2_inverted) { return cadu_encoder::make(p, g2_inverted); },
        py::arg("g2_inverted") = true);
}

void bind_frame_sync(py::module_& m)
{
    using gr::xband::frame_sync;
    py::class_<frame_sync, gr::block, gr::basic_block, frame_sync::sptr>(
        m, "frame_sync", "Finds CADUs in decoded bits by their sync marker, for flowgraphs that decode step by step.")
        .def(py::init(&frame_sync::make),
             py::arg("code_block_len_bytes") = 1020,
             py::arg("sync_marker") = 0x1ACFFC1D,
             py::arg("inverted_too") = false,
             py::arg("keep_marker") = false)
        .def("frames", &frame_sync::frames)
        .def("sync_losses", &frame_sync::sync_losses)
        .def("is_locked", &frame_sync::is_locked);
}

} // namespace

void bind_framing(py::module_& m)
{
    bind_frame_decoder(m);
    bind_cadu_encoder(m);
    bind_frame_sync(m);
}
