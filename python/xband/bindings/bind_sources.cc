// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"

#include <gnuradio/xband/fd_source.h>
#include <gnuradio/xband/stream_gate.h>

namespace py = pybind11;

void bind_sources(py::module_& m)
{
    using gr::xband::fd_source;
    py::class_<fd_source, gr::sync_block, gr::block, gr::basic_block, fd_source::sptr>(
        m, "fd_source", "Reads items from a file descriptor until its end, a given item, or a request to stop.")
        .def(py::init(&fd_source::make), py::arg("fd"), py::arg("item_size_bytes"), py::arg("stop_item") = 0)
        .def("request_stop", &fd_source::request_stop, "End the stream as an end of file would; any thread.")
        .def("items_delivered", &fd_source::items_delivered)
        .def("is_finished", &fd_source::is_finished)
        .def("truncated_bytes", &fd_source::truncated_bytes, "Octets of an incomplete last item.")
        .def("error", &fd_source::error, "Why reading failed; empty if it did not.");

    using gr::xband::stream_gate;
    py::class_<stream_gate, gr::sync_block, gr::block, gr::basic_block, stream_gate::sptr>(
        m, "stream_gate", "Copies a stream until a given item or a request to stop.")
        .def(py::init(&stream_gate::make), py::arg("item_size_bytes"), py::arg("stop_item") = 0)
        .def("request_stop", &stream_gate::request_stop, "End the stream with the next items; any thread.")
        .def("items_delivered", &stream_gate::items_delivered)
        .def("is_finished", &stream_gate::is_finished)
        // A gate reads nothing itself; the same questions as to fd_source keep iq_source free of cases.
        .def("truncated_bytes", [](const stream_gate&) { return 0; })
        .def("error", [](const stream_gate&) { return ""; });
}
