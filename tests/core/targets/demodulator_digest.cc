// SPDX-License-Identifier: GPL-3.0-or-later
// Prints a digest of what the demodulator makes of fixed signals; see compare.cmake.
#include "dsp/psk_demodulator.h"
#include "test_signal.h"

#include <cstdio>
#include <cstring>
#include <utility>

using namespace xband::core;

namespace {

bool cpu_can_run()
{
#ifdef XBAND_LEVEL
    if (std::strcmp(XBAND_LEVEL, "x86-64-v3") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (std::strcmp(XBAND_LEVEL, "x86-64-v4") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    return true;
}

} // namespace

int main()
{
    if (!cpu_can_run()) {
        std::puts("unsupported");
        return 0;
    }
    std::uint64_t digest = 14695981039346656037u; // FNV-1a
    for (const auto& [kind, sps] : { std::pair(modulation::bpsk, 2.3),
                                     std::pair(modulation::qpsk, 2.3),
                                     std::pair(modulation::oqpsk, 2.3),
                                     std::pair(modulation::qpsk, 7.1) }) {
        test_signal::recipe r;
        r.kind = kind;
        r.samples_per_symbol = sps;
        r.offset_cps = 0.003;
        r.es_n0_db = 3.0;
        r.symbols = 30000;
        r.echoes = { { 1.3, { 0.2, 0.35 } } }; // wakes the equaliser
        const auto sent = test_signal::make(r);
        psk_demodulator_config c;
        c.kind = kind;
        c.symbol_rate_hz = 1e6;
        c.sample_rate_hz = sps * 1e6;
        c.format = iq_format::cf32;
        c.plan = { { 0, { 300.0, -20.0 } } };
        psk_demodulator demodulator(c);
        demodulator.push(std::as_bytes(std::span(sent.samples)));
        demodulator.flush();
        std::vector<std::int8_t> soft(demodulator.available());
        demodulator.pull(soft);
        for (const std::int8_t bit : soft)
            digest = (digest ^ static_cast<std::uint8_t>(bit)) * 1099511628211u;
    }
    std::printf("%016llx\n", static_cast<unsigned long long>(digest));
    return 0;
}
