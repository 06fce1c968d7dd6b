// SPDX-License-Identifier: GPL-3.0-or-later
// Where the demodulator's time goes: each of its stages by itself, on data of the size it gets in there.
#include "bindings.h"
#include "dsp/agc.h"
#include "dsp/carrier_tracker.h"
#include "dsp/iq_front_end.h"
#include "dsp/soft_demapper.h"
#include "dsp/symbol_meter.h"
#include "dsp/symbol_sampler.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <pybind11/stl.h>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace py = pybind11;
using namespace xband::core;

namespace {

constexpr unsigned rounds = 40;
constexpr std::size_t block_samples = 4096, block_symbols = 512;
constexpr std::size_t stretch = carrier_tracker::stretch_symbols, look_ahead = carrier_tracker::look_ahead_symbols;

double thread_cpu_s()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// CPU seconds of one call: best of several series, each long enough for the clock.
template <class Work>
double seconds_of(Work&& work)
{
    constexpr unsigned calls = 16;
    double best = std::numeric_limits<double>::infinity();
    for (unsigned round = 0; round < rounds; ++round) {
        const double begin = thread_cpu_s();
        for (unsigned call = 0; call < calls; ++call)
            work();
        best = std::min(best, (thread_cpu_s() - begin) / calls);
    }
    return best;
}

/// Cycles in a second now: additions that wait for each other take one each.
double core_clock_hz()
{
    constexpr unsigned additions = 1 << 16;
    return additions / seconds_of([] {
               std::uint64_t sum = 1;
               for (unsigned i = 0; i < additions; ++i)
                   asm volatile("" : "+r"(sum = sum + sum)); // the compiler must not see through it
           });
}

symbol_buffer upright_symbols(modulation kind)
{
    std::mt19937 random(1);
    std::normal_distribution<float> noise(0.0f, 0.28f); // Es/N0 8 dB
    symbol_buffer symbols;
    symbols.resize(stretch + look_ahead);
    const float level = kind == modulation::bpsk ? 1.0f : std::sqrt(0.5f);
    for (auto* rail : { &symbols.on_re, &symbols.on_im, &symbols.half_re, &symbols.half_im })
        for (auto& value : *rail)
            value = (random() >> 31 ? level : -level) + noise(random);
    return symbols;
}

using stage_times = std::vector<std::pair<std::string, double>>;

stage_times demodulator_stages(const std::string& modulation_name, double samples_per_symbol)
{
    if (modulation_name != "qpsk" && modulation_name != "oqpsk")
        throw std::invalid_argument("modulation \"" + modulation_name + "\" not in qpsk, oqpsk");
    if (samples_per_symbol < 1.2 || samples_per_symbol > 6.0) // a block of symbols must lie in a block of samples
        throw std::invalid_argument("samples_per_symbol " + std::to_string(samples_per_symbol) + " is not in 1.2 .. 6");
    const modulation kind = modulation_name == "oqpsk" ? modulation::oqpsk : modulation::qpsk;
    const auto n_stretch = static_cast<double>(stretch);
    std::mt19937 random(1);
    std::vector<std::byte> iq(block_samples * sample_len_bytes(iq_format::cs8));
    for (auto& octet : iq)
        octet = static_cast<std::byte>(random() >> 26);
    aligned_vector<float> samples(2 * (block_samples + 1));
    iq_front_end front_end(iq_format::cs8, samples_per_symbol, {});
    front_end.restart(0, 1e-3);
    block_agc agc;
    const symbol_sampler sampler(samples_per_symbol, 0.5);
    carrier_tracker tracker(kind, 0.5);
    symbol_buffer symbols = upright_symbols(kind);
    symbol_meter meter(kind);
    std::vector<soft_bit> soft(2 * stretch);
    // The half-symbol instants: all of them, or as many as the timing needs.
    const double filters = kind == modulation::oqpsk ? 2.0 : 1.0 + carrier_tracker::timing_symbols / n_stretch;
    const auto first = static_cast<double>(sampler.reach()) + 0.3;

    const double of_sample = samples_per_symbol / static_cast<double>(block_samples);
    stage_times times;
    times.emplace_back("front end", of_sample * seconds_of([&] { front_end.process(iq, samples.data()); }));
    times.emplace_back("level", of_sample * seconds_of([&] { agc.process(samples.data(), block_samples); }));
    times.emplace_back("filter and timing", filters / block_symbols * seconds_of([&] {
                                                sampler.sample(samples.data(),
                                                               first,
                                                               samples_per_symbol,
                                                               block_symbols,
                                                               symbols.half_re.data(),
                                                               symbols.half_im.data());
                                            }));
    symbols = upright_symbols(kind);
    times.emplace_back("carrier phase", seconds_of([&] { tracker.process(symbols, stretch, false); }) / n_stretch);
    symbols = upright_symbols(kind);
    const auto& second = kind == modulation::oqpsk ? symbols.half_im : symbols.on_im;
    times.emplace_back("quality", seconds_of([&] {
                                      meter.add(symbols.on_re.data(), second.data(), symbols.on_im.data(), stretch);
                                  }) / n_stretch);
    times.emplace_back("soft bits", seconds_of([&] {
                                        demap(kind, symbols.on_re.data(), second.data(), stretch, 40.0f, soft.data());
                                    }) / n_stretch);
    return times;
}

} // namespace

void bind_timing(py::module_& m)
{
    m.def("core_clock_hz",
          &core_clock_hz,
          py::call_guard<py::gil_scoped_release>(),
          "Cycles a second of the core, measured now.");
    m.def("demodulator_stages",
          &demodulator_stages,
          py::arg("modulation"),
          py::arg("samples_per_symbol"),
          py::call_guard<py::gil_scoped_release>(),
          "CPU seconds per symbol of the demodulator's stages: [(name, seconds)], in the order of the signal; cs8.\n\n"
          "modulation: qpsk or oqpsk; samples_per_symbol: 1.2 to 6 (else ValueError).");
}
