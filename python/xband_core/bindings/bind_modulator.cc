// SPDX-License-Identifier: GPL-3.0-or-later
#include "arrays.h"
#include "bindings.h"

#include "dsp/signal_simulator.h"

#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <complex>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace py = pybind11;
using namespace xband::core;

namespace {

template <typename Value>
Value choice(const std::string& name, const std::string& text, const std::map<std::string, Value>& allowed)
{
    const auto found = allowed.find(text);
    if (found != allowed.end())
        return found->second;
    std::string names;
    for (const auto& [key, value] : allowed)
        names.append(names.empty() ? "" : ", ").append(key);
    throw std::invalid_argument(name + " '" + text + "' not in " + names);
}

using plan_argument = std::vector<std::pair<std::uint64_t, std::vector<double>>>;

frequency_plan plan_of(const plan_argument& segments)
{
    frequency_plan plan;
    for (const auto& [start_sample, coefficients] : segments) {
        frequency_segment segment{ start_sample, {} };
        if (coefficients.size() > segment.coefficients.size())
            throw std::invalid_argument("frequency_plan: " + std::to_string(coefficients.size()) +
                                        " coefficients not in 0 to 6");
        if (!plan.empty() && start_sample <= plan.back().start_sample)
            throw std::invalid_argument("frequency_plan: start_sample " + std::to_string(start_sample) +
                                        " not in ascending order");
        std::copy(coefficients.begin(), coefficients.end(), segment.coefficients.begin());
        plan.push_back(segment);
    }
    return plan;
}

signal_simulator make_simulator(const std::string& kind,
                                double sample_rate_hz,
                                double symbol_rate_hz,
                                double rolloff,
                                const std::string& format,
                                double clock_error_ppm,
                                double centre_frequency_hz,
                                const plan_argument& plan,
                                double frequency_offset_hz,
                                double frequency_ramp_hz_s,
                                double phase_rad,
                                double linewidth_hz,
                                const std::vector<std::pair<double, double>>& es_n0,
                                const std::vector<std::tuple<double, double, double>>& fades,
                                bool iq_swap,
                                bool spectral_inversion,
                                double level,
                                const std::vector<std::complex<double>>& path,
                                std::uint64_t seed)
{
    const double samples_per_symbol = sample_rate_hz / symbol_rate_hz;
    psk_modulator_config modulator;
    modulator.kind = choice<modulation>(
        "modulation",
        kind,
        { { "bpsk", modulation::bpsk }, { "qpsk", modulation::qpsk }, { "oqpsk", modulation::oqpsk } });
    modulator.samples_per_symbol = samples_per_symbol;
    modulator.rolloff = rolloff;
    modulator.clock_error_ppm = clock_error_ppm;
    modulator.doppler = plan_of(plan);
    modulator.sample_rate_hz = sample_rate_hz;
    modulator.centre_frequency_hz = centre_frequency_hz;

    channel_model_config channel;
    channel.sample_rate_hz = sample_rate_hz;
    channel.samples_per_symbol = samples_per_symbol;
    channel.frequency_offset_hz = frequency_offset_hz;
    channel.frequency_ramp_hz_s = frequency_ramp_hz_s;
    channel.phase_rad = phase_rad;
    channel.doppler = modulator.doppler;
    channel.linewidth_hz = linewidth_hz;
    for (const auto& [time_s, es_n0_db] : es_n0)
        channel.es_n0.push_back({ time_s, es_n0_db });
    for (const auto& [start_s, length_s, depth_db] : fades)
        channel.fades.push_back({ start_s, length_s, depth_db });
    channel.has_iq_swap = iq_swap;
    channel.has_spectral_inversion = spectral_inversion;
    channel.format = choice<iq_format>(
        "iq_format", format, { { "cs8", iq_format::cs8 }, { "cs16", iq_format::cs16 }, { "cf32", iq_format::cf32 } });
    channel.level = level;
    channel.seed = seed;
    return { modulator, channel, path };
}

void push(signal_simulator& self, const in_array<std::uint8_t>& bits)
{
    const auto view = values(bits);
    py::gil_scoped_release unlocked;
    self.push(view);
}

in_array<std::uint8_t> pull(signal_simulator& self, std::size_t max_samples)
{
    const std::size_t n = std::min(max_samples, self.available());
    auto out = new_array<std::uint8_t>(n * self.sample_len_bytes());
    const auto view = std::as_writable_bytes(mutable_values(out));
    py::gil_scoped_release unlocked;
    self.pull(view);
    return out;
}

} // namespace

void bind_modulator(py::module_& m)
{
    py::class_<signal_simulator>(m, "SignalSimulator", R"(Channel bits to samples as a receiver's converter gives them.

modulation: bpsk, qpsk, oqpsk; iq_format: cs8, cs16, cf32. frequency_plan: [(start_sample, [c0, c1, ...])], Hz over seconds
since the segment's start, turns the carrier and (with centre_frequency_hz) stretches the symbol clock. es_n0: [(time_s, dB)],
empty for no noise. fades: [(start_s, length_s, depth_db)]. level: rms of a rail relative to full scale. path: impulse
response at the sample rate between modulator and noise, an odd number of taps, the middle one without delay; Es/N0 holds if
it leaves the signal its power.
Sample n is a function of the bits, the settings and n alone: chunk sizes do not matter.
Raises ValueError naming value and limit.)")
        .def(py::init(&make_simulator),
             py::kw_only(),
             py::arg("modulation"),
             py::arg("sample_rate_hz"),
             py::arg("symbol_rate_hz"),
             py::arg("rolloff") = 0.5,
             py::arg("iq_format") = "cs8",
             py::arg("clock_error_ppm") = 0.0,
             py::arg("centre_frequency_hz") = 0.0,
             py::arg("frequency_plan") = plan_argument{},
             py::arg("frequency_offset_hz") = 0.0,
             py::arg("frequency_ramp_hz_s") = 0.0,
             py::arg("phase_rad") = 0.0,
             py::arg("linewidth_hz") = 0.0,
             py::arg("es_n0") = std::vector<std::pair<double, double>>{},
             py::arg("fades") = std::vector<std::tuple<double, double, double>>{},
             py::arg("iq_swap") = false,
             py::arg("spectral_inversion") = false,
             py::arg("level") = 0.25,
             py::arg("path") = std::vector<std::complex<double>>{},
             py::arg("seed") = 1)
        .def("push_bits",
             &push,
             py::arg("bits").noconvert(),
             "Appends channel bits, one per byte (uint8 array); I, Q, I, Q for two rails.")
        .def("available", &signal_simulator::available, "Samples that can be pulled.")
        .def("pull",
             &pull,
             py::arg("max_samples"),
             "Up to max_samples samples as a uint8 array of raw bytes; view it as int8, int16 or complex64.")
        .def("push_silence",
             &signal_simulator::push_silence,
             py::arg("n_symbols"),
             "Appends symbols of no power: the transmitter is off; the noise stays.")
        .def("flush", &signal_simulator::flush, "End of the stream: the last pulses may fade out.")
        .def("symbol_time",
             &signal_simulator::symbol_time,
             py::arg("sample"),
             "Time of a sample in symbols: 0 at the centre of the first symbol, negative before it.")
        .def_property_readonly("sample_len_bytes", &signal_simulator::sample_len_bytes);
}
