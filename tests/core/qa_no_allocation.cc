// SPDX-License-Identifier: GPL-3.0-or-later
// Steady state takes no memory: from a live signal on, neither the demodulator nor the decoder allocates. Not in it, and
// rightly so: finding a signal, and mending frames that Reed-Solomon cannot.
#include "base/simd_target.h"
#include "dsp/psk_demodulator.h"
#include "dsp/signal_simulator.h"
#include "framing_testing.h"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> allocations{ 0 };

void* allocate(std::size_t n, std::size_t alignment)
{
    ++allocations;
    const std::size_t rounded = (n + alignment - 1) / alignment * alignment;
    void* const p = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
    if (p == nullptr)
        throw std::bad_alloc();
    return p;
}

} // namespace

// Every form that is not here calls one of these.
void* operator new(std::size_t n) { return allocate(n, alignof(std::max_align_t)); }
void* operator new(std::size_t n, std::align_val_t alignment) { return allocate(n, std::size_t(alignment)); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

using namespace framing_testing;

namespace {

constexpr double symbol_rate_hz = 15e6, sample_rate_hz = 33e6;
// Until then buffers grow: the history of bits, most of all, to what the synchroniser may want to go back to.
constexpr double warm_share = 0.7;
constexpr std::size_t n_frames = 600;
// What is pushed at a time, as a flowgraph does it: about 1 ms of signal.
constexpr std::size_t piece_len = 65536;

framing_config snpp()
{
    framing_config config;
    config.rs.interleave = 4;
    config.scid = 157;
    return config;
}

psk_demodulator_config waveform()
{
    psk_demodulator_config config;
    config.sample_rate_hz = sample_rate_hz;
    config.symbol_rate_hz = symbol_rate_hz;
    return config;
}

std::vector<std::byte> make_samples(const framing_config& config)
{
    const octets frames = make_frames(config, n_frames);
    cadu_encoder encoder(config);
    octets bits(encoder.channel_bits(n_frames));
    encoder.encode(frames, bits);
    channel_model_config channel;
    channel.sample_rate_hz = sample_rate_hz;
    channel.samples_per_symbol = sample_rate_hz / symbol_rate_hz;
    channel.frequency_offset_hz = 20e3;
    channel.linewidth_hz = 100;
    channel.es_n0 = { { 0.0, 3.0 } };
    psk_modulator_config modulator;
    modulator.samples_per_symbol = channel.samples_per_symbol;
    signal_simulator simulator(modulator, channel, {});
    simulator.push(bits);
    simulator.flush();
    std::vector<std::byte> samples(simulator.available() * simulator.sample_len_bytes());
    simulator.pull(samples);
    return samples;
}

/// Soft bits and marks of one piece, in memory that is there already.
struct piece_of_soft {
    explicit piece_of_soft(std::size_t n) : soft(n), marks(64) {}
    std::vector<soft_bit> soft;
    std::vector<clock_mark> marks;
    std::size_t n_soft = 0, n_marks = 0;
};

std::span<const std::byte> piece(const std::vector<std::byte>& samples, std::size_t i)
{
    const std::size_t at = i * piece_len;
    return std::span(samples).subspan(at, std::min(piece_len, samples.size() - at));
}

void demodulate(psk_demodulator& demodulator, std::span<const std::byte> iq, piece_of_soft& out)
{
    demodulator.push(iq);
    out.n_soft = demodulator.pull(out.soft);
    out.n_marks = 0;
    while (out.n_marks < out.marks.size() && demodulator.pull_mark(out.marks[out.n_marks]))
        ++out.n_marks;
}

std::size_t decode(frame_decoder& decoder, const piece_of_soft& in, octets& records)
{
    for (std::size_t i = 0; i < in.n_marks; ++i)
        decoder.mark(in.marks[i]);
    decoder.push(std::span(in.soft).first(in.n_soft));
    return decoder.pull(records);
}

} // namespace

BOOST_AUTO_TEST_CASE(steady_state_takes_no_memory)
{
    const framing_config config = snpp();
    const std::vector<std::byte> samples = make_samples(config);
    psk_demodulator demodulator(waveform());
    frame_decoder decoder(config);
    octets records(64 * decoder.record_stride());
    piece_of_soft soft(1 << 20);

    const std::size_t n_pieces = samples.size() / piece_len;
    std::size_t n_records = 0, of_demodulator = 0, of_decoder = 0;
    for (std::size_t i = 0; i < n_pieces; ++i) {
        const bool is_warm = double(i) >= warm_share * double(n_pieces);
        const std::size_t before = allocations;
        demodulate(demodulator, piece(samples, i), soft);
        const std::size_t between = allocations;
        n_records += decode(decoder, soft, records);
        if (is_warm) {
            of_demodulator += between - before;
            of_decoder += allocations - between;
        }
    }
    BOOST_TEST(demodulator.stats().is_locked);
    BOOST_TEST(n_records > n_frames * 8 / 10);
    BOOST_TEST(of_demodulator == 0u);
    if (active_target() != scalar_target) // the Viterbi decoder's reference is written to be read
        BOOST_TEST(of_decoder == 0u);
}
