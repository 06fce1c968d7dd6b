// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"
#include "dsp/psk_demodulator.h"

#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace xband::core;

namespace {

using plan_tuples = std::vector<std::pair<std::uint64_t, std::vector<double>>>;

modulation parse_modulation(const std::string& name)
{
    if (name == "bpsk")
        return modulation::bpsk;
    if (name == "qpsk")
        return modulation::qpsk;
    if (name == "oqpsk")
        return modulation::oqpsk;
    throw std::invalid_argument("modulation '" + name + "' is not one of bpsk, qpsk, oqpsk");
}

equaliser_mode parse_equaliser_mode(const std::string& name)
{
    if (name == "off")
        return equaliser_mode::off;
    if (name == "auto")
        return equaliser_mode::automatic;
    if (name == "on")
        return equaliser_mode::on;
    throw std::invalid_argument("equaliser '" + name + "' is not one of off, auto, on");
}

conditioner_mode parse_conditioner_mode(const std::string& name)
{
    if (name == "off")
        return conditioner_mode::off;
    if (name == "auto")
        return conditioner_mode::automatic;
    throw std::invalid_argument("conditioner '" + name + "' is not one of off, auto");
}

iq_format parse_iq_format(const std::string& name)
{
    if (name == "cs8")
        return iq_format::cs8;
    if (name == "cs16")
        return iq_format::cs16;
    if (name == "cf32")
        return iq_format::cf32;
    throw std::invalid_argument("iq_format '" + name + "' is not one of cs8, cs16, cf32");
}

frequency_plan parse_plan(const plan_tuples& tuples)
{
    frequency_plan plan;
    for (const auto& [start, coefficients] : tuples) {
        frequency_segment segment;
        segment.start_sample = start;
        if (coefficients.size() > segment.coefficients.size())
            throw std::invalid_argument("frequency_plan: " + std::to_string(coefficients.size()) +
                                        " coefficients, at most 6 are allowed");
        std::copy(coefficients.begin(), coefficients.end(), segment.coefficients.begin());
        plan.push_back(segment);
    }
    return plan;
}

py::array_t<soft_bit> pull_all(psk_demodulator& demodulator)
{
    py::array_t<soft_bit> out(static_cast<py::ssize_t>(demodulator.available()));
    demodulator.pull({ out.mutable_data(), static_cast<std::size_t>(out.size()) });
    return out;
}

py::array_t<clock_mark> pull_marks(psk_demodulator& demodulator)
{
    std::vector<clock_mark> marks;
    clock_mark m;
    while (demodulator.pull_mark(m))
        marks.push_back(m);
    return py::array_t<clock_mark>(static_cast<py::ssize_t>(marks.size()), marks.data());
}

py::dict stats(const psk_demodulator& demodulator)
{
    const auto s = demodulator.stats();
    py::dict out;
    out["samples"] = s.samples;
    out["symbols"] = s.symbols;
    out["non_finite"] = s.non_finite;
    out["acquisitions"] = s.acquisitions;
    out["band_rate_hz"] = s.band_rate_hz;
    out["skipped_samples"] = s.skipped_samples;
    out["is_locked"] = s.is_locked;
    out["es_n0_db"] = s.es_n0_db;
    out["evm_percent"] = s.evm_percent;
    out["carrier_offset_hz"] = s.carrier_offset_hz;
    out["symbol_rate_error_ppm"] = s.symbol_rate_error_ppm;
    out["coherence"] = s.coherence;
    out["dc_dbc"] = s.conditioning.dc_dbc;
    out["is_dc_removed"] = s.conditioning.is_dc_removed;
    out["iq_gain_db"] = s.conditioning.iq_gain_db;
    out["iq_phase_deg"] = s.conditioning.iq_phase_deg;
    out["iq_image_dbc"] = s.conditioning.image_dbc;
    out["is_iq_corrected"] = s.conditioning.is_iq_corrected;
    out["blanked_samples"] = s.conditioning.blanked_samples;
    out["saturated_share"] = s.conditioning.saturated_share;
    out["phase_memory_symbols"] = s.phase_memory_symbols;
    out["level_dbfs"] = s.level_dbfs;
    out["is_equaliser_active"] = s.is_equaliser_active;
    out["isi_db"] = s.isi_db;
    out["equaliser_gain_db"] = s.equaliser_gain_db;
    return out;
}

/// (offset_hz, symbol_rate_error_ppm) of the first signal in a recording, or None.
py::object find_signal(const py::buffer& iq,
                       const std::string& kind,
                       double sample_rate_hz,
                       double symbol_rate_hz,
                       double rolloff,
                       const std::string& format,
                       double frequency_offset_hz)
{
    signal_search::config c;
    c.kind = parse_modulation(kind);
    c.sample_rate_hz = sample_rate_hz;
    c.symbol_rate_hz = symbol_rate_hz;
    c.rolloff = rolloff;
    c.format = parse_iq_format(format);
    c.frequency_offset_hz = frequency_offset_hz;
    const auto info = iq.request();
    std::span bytes{ static_cast<const std::byte*>(info.ptr), static_cast<std::size_t>(info.size * info.itemsize) };
    signal_search search(c);
    std::optional<signal_search::finding> found;
    while (!found && !bytes.empty()) {
        const std::size_t n = std::min(c.block_samples * sample_len_bytes(c.format), bytes.size());
        search.keep(bytes.first(n));
        bytes = bytes.subspan(n);
        found = search.look(bytes.empty());
    }
    if (!found)
        return py::none();
    const double nominal = sample_rate_hz / symbol_rate_hz;
    return py::make_tuple(found->offset_cps * sample_rate_hz, (nominal / found->samples_per_symbol - 1.0) * 1e6);
}

} // namespace

void bind_dsp(py::module_& m)
{
    m.def("find_signal",
          &find_signal,
          py::arg("iq"),
          py::kw_only(),
          py::arg("modulation"),
          py::arg("sample_rate_hz"),
          py::arg("symbol_rate_hz"),
          py::arg("rolloff") = 0.5,
          py::arg("iq_format") = "cs8",
          py::arg("frequency_offset_hz") = 0.0,
          "What the search finds first in a recording, with no help: (offset_hz, symbol_rate_error_ppm), or None. See "
          "lib/core/dsp/signal_search.h.");
    py::class_<psk_demodulator>(m, "PskDemodulator", "IQ samples to soft bits; see lib/core/dsp/psk_demodulator.h.")
        .def(py::init([](const std::string& kind,
                         double sample_rate_hz,
                         double symbol_rate_hz,
                         double rolloff,
                         const std::string& format,
                         double frequency_offset_hz,
                         const plan_tuples& plan,
                         bool search_band,
                         const std::string& equaliser,
                         const std::string& conditioner) {
                 psk_demodulator_config c;
                 c.kind = parse_modulation(kind);
                 c.sample_rate_hz = sample_rate_hz;
                 c.symbol_rate_hz = symbol_rate_hz;
                 c.rolloff = rolloff;
                 c.format = parse_iq_format(format);
                 c.frequency_offset_hz = frequency_offset_hz;
                 c.plan = parse_plan(plan);
                 c.searches_band = search_band;
                 c.equalisation = parse_equaliser_mode(equaliser);
                 c.conditioning = parse_conditioner_mode(conditioner);
                 return std::make_unique<psk_demodulator>(c);
             }),
             py::kw_only(),
             py::arg("modulation"),
             py::arg("sample_rate_hz"),
             py::arg("symbol_rate_hz"),
             py::arg("rolloff") = 0.5,
             py::arg("iq_format") = "cs8",
             py::arg("frequency_offset_hz") = 0.0,
             py::arg("frequency_plan") = plan_tuples{},
             py::arg("search_band") = true,
             py::arg("equaliser") = "auto",
             py::arg("conditioner") = "auto")
        .def(
            "push",
            [](psk_demodulator& d, const py::buffer& iq) {
                const auto info = iq.request();
                const std::span bytes{ static_cast<const std::byte*>(info.ptr),
                                       static_cast<std::size_t>(info.size * info.itemsize) };
                py::gil_scoped_release release;
                d.push(bytes);
            },
            py::arg("iq"),
            "Take IQ bytes of any contiguous buffer; a sample may be split between calls.")
        .def("flush", &psk_demodulator::flush, py::call_guard<py::gil_scoped_release>(), "End of stream.")
        .def("pull", &pull_all, "All soft bits made so far, int8.")
        .def("pull_marks", &pull_marks, "Clock marks made so far, an array of CLOCK_MARK.")
        .def("stats", &stats)
        .def("recent_symbols", &psk_demodulator::recent_symbols)
        .def("recent_samples", &psk_demodulator::recent_samples)
        .def("recent_taps",
             &psk_demodulator::recent_taps,
             "Impulse response of the equaliser, two taps a symbol, its centre in the middle; empty while inactive.");
}
