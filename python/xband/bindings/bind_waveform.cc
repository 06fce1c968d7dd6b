// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"
#include "plan_argument.h"

#include <gnuradio/xband/doppler_corrector.h>
#include <gnuradio/xband/psk_demod.h>
#include <gnuradio/xband/psk_modulator.h>

#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

namespace py = pybind11;

namespace {

using gr::xband::psk_demod;
using gr::xband::psk_demod_status;

py::array_t<gr_complex> to_array(const std::vector<gr_complex>& values)
{
    return py::array_t<gr_complex>(static_cast<py::ssize_t>(values.size()), values.data());
}

void bind_demod(py::module_& m)
{
    def_fields(py::class_<psk_demod_status>(m, "psk_demod_status", "State of a demodulator; see psk_demod."),
               gr::xband::psk_demod_status_fields);

    const gr::xband::psk_demod_parameters defaults;
    py::class_<psk_demod, gr::block, gr::basic_block, psk_demod::sptr>(
        m, "psk_demod", "Complex samples to soft bits: acquisition, Doppler, matched filter, timing, carrier, AGC.")
        .def(py::init([](const std::string& modulation,
                         double sample_rate_hz,
                         double symbol_rate_hz,
                         double rolloff,
                         const std::string& iq_format,
                         double frequency_offset_hz,
                         const plan_argument& frequency_plan,
                         const std::string& equaliser,
                         const std::string& conditioner) {
                 return psk_demod::make({ modulation,
                                          sample_rate_hz,
                                          symbol_rate_hz,
                                          rolloff,
                                          iq_format,
                                          frequency_offset_hz,
                                          to_plan(frequency_plan),
                                          equaliser,
                                          conditioner });
             }),
             py::arg("modulation"),
             py::arg("sample_rate_hz"),
             py::arg("symbol_rate_hz"),
             py::arg("rolloff") = defaults.rolloff,
             py::arg("iq_format") = defaults.iq_format,
             py::arg("frequency_offset_hz") = defaults.frequency_offset_hz,
             py::arg("frequency_plan") = plan_argument{},
             py::arg("equaliser") = defaults.equaliser,
             py::arg("conditioner") = defaults.conditioner)
        .def("status", &psk_demod::status)
        .def("recent_symbols", [](const psk_demod& self) { return to_array(self.recent_symbols()); })
        .def("recent_samples", [](const psk_demod& self) { return to_array(self.recent_samples()); })
        .def("recent_taps", [](const psk_demod& self) { return to_array(self.recent_taps()); });
}

void bind_modulator_and_doppler(py::module_& m)
{
    using gr::xband::doppler_corrector;
    using gr::xband::psk_modulator;
    py::class_<doppler_corrector, gr::block, gr::basic_block, doppler_corrector::sptr>(
        m, "doppler_corrector", "Takes a predicted frequency out of a signal, with a phase that never jumps.")
        .def(py::init([](double sample_rate_hz, const std::string& iq_format, const plan_argument& frequency_plan) {
                 return doppler_corrector::make(sample_rate_hz, iq_format, to_plan(frequency_plan));
             }),
             py::arg("sample_rate_hz"),
             py::arg("iq_format") = "cf32",
             py::arg("frequency_plan") = plan_argument{});

    py::class_<psk_modulator, gr::block, gr::basic_block, psk_modulator::sptr>(
        m, "psk_modulator", "Channel bits to root-raised-cosine shaped BPSK, QPSK or OQPSK.")
        .def(py::init(&psk_modulator::make),
             py::arg("modulation"),
             py::arg("samples_per_symbol"),
             py::arg("rolloff") = 0.5,
             py::arg("clock_error_ppm") = 0.0);
}

} // namespace

void bind_waveform(py::module_& m)
{
    bind_demod(m);
    bind_modulator_and_doppler(m);
}
