// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"

#include <gnuradio/xband/agc_cc.h>
#include <gnuradio/xband/carrier_recovery_cc.h>
#include <gnuradio/xband/matched_filter_cc.h>
#include <gnuradio/xband/soft_demapper_cb.h>
#include <gnuradio/xband/symbol_timing_cc.h>

namespace py = pybind11;
using namespace gr::xband;

void bind_stages(py::module_& m)
{
    py::class_<agc_cc, gr::block, gr::basic_block, agc_cc::sptr>(m, "agc_cc", "Levels a signal to unit mean power.")
        .def(py::init(&agc_cc::make));

    py::class_<matched_filter_cc, gr::block, gr::basic_block, matched_filter_cc::sptr>(
        m, "matched_filter_cc", "Root-raised-cosine filter matched to the pulse, without delay.")
        .def(py::init(&matched_filter_cc::make), py::arg("samples_per_symbol"), py::arg("rolloff") = 0.5);

    py::class_<symbol_timing_cc, gr::block, gr::basic_block, symbol_timing_cc::sptr>(
        m, "symbol_timing_cc", "Finds carrier offset and symbol clock, filters, and gives two samples a symbol.")
        .def(py::init(&symbol_timing_cc::make),
             py::arg("modulation"),
             py::arg("samples_per_symbol"),
             py::arg("rolloff") = 0.5)
        .def("is_locked", &symbol_timing_cc::is_locked);

    py::class_<carrier_recovery_cc, gr::block, gr::basic_block, carrier_recovery_cc::sptr>(
        m, "carrier_recovery_cc", "Turns symbols upright by a phase estimate that looks both ways in time.")
        .def(py::init(&carrier_recovery_cc::make), py::arg("modulation"), py::arg("rolloff") = 0.5)
        .def("coherence", &carrier_recovery_cc::coherence);

    py::class_<soft_demapper_cb, gr::block, gr::basic_block, soft_demapper_cb::sptr>(
        m, "soft_demapper_cb", "Upright symbols to soft bits.")
        .def(py::init(&soft_demapper_cb::make), py::arg("modulation"))
        .def("es_n0_db", &soft_demapper_cb::es_n0_db);
}
