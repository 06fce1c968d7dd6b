// SPDX-License-Identifier: GPL-3.0-or-later
// The demodulator's stages one by one, for flowgraphs that show or replace a part of it. psk_demodulator does the same in one
// piece, faster, and steers the first stages by what the last ones find.
#pragma once
#include "base/fifo.h"
#include "base/modulation.h"
#include "base/soft_bit.h"
#include "dsp/acquisition.h"
#include "dsp/agc.h"
#include "dsp/carrier_tracker.h"
#include "dsp/iq_front_end.h"
#include "dsp/soft_demapper.h"
#include "dsp/symbol_meter.h"
#include "dsp/symbol_sampler.h"

#include <complex>
#include <cstdint>
#include <span>

namespace xband::core {

using complexf = std::complex<float>;

/// Levels a stream to unit mean power in blocks of 4096 samples. Input, output: samples, one for one.
class agc_stage
{
public:
    void push(std::span<const complexf> in);
    void flush();
    std::size_t available() const { return d_out.size(); }
    std::size_t pull(std::span<complexf> out) { return d_out.pull(out); }

private:
    void level(std::size_t n);

    fifo<complexf> d_in, d_out;
    block_agc d_agc;
};

/// Root-raised-cosine matched filter at the input rate, delay taken out. Input, output: samples, one for one.
class matched_filter_stage
{
public:
    /// \throws std::invalid_argument as symbol_sampler does.
    matched_filter_stage(double samples_per_symbol, double rolloff);
    void push(std::span<const complexf> in);
    void flush();
    std::size_t available() const { return d_out.size(); }
    std::size_t pull(std::span<complexf> out) { return d_out.pull(out); }

private:
    void filter(std::size_t n);

    symbol_sampler d_filter;
    fifo<complexf> d_in, d_out;
    std::vector<float> d_re, d_im;
};

/// Takes a predicted frequency (Doppler plan) and a fixed offset out of a stream, phase-continuous, and converts it to
/// complex float of full scale 1. Input: octets of IQ in `format`. Output: samples, one for one.
class frequency_correction_stage
{
public:
    /// \throws std::invalid_argument as iq_front_end does.
    frequency_correction_stage(iq_format format, double sample_rate_hz, double offset_hz, frequency_plan plan);
    void push(std::span<const std::byte> in);
    void flush();
    std::size_t available() const { return d_out.size(); }
    std::size_t pull(std::span<complexf> out) { return d_out.pull(out); }

private:
    void correct(std::size_t n);

    std::size_t d_sample_len_bytes;
    iq_front_end d_front_end;
    fifo<std::byte> d_in;
    fifo<complexf> d_out;
};

/// Finds carrier offset and symbol clock of BPSK or QPSK, filters, and gives two samples a symbol: at its instant and half a
/// symbol later. Input: samples, levelled. Output: pairs. Timing follows by Gardner's detector, once every 4096 symbols.
class symbol_timing_stage
{
public:
    /// \throws std::invalid_argument for OQPSK, whose timing needs the carrier phase: use psk_demodulator.
    symbol_timing_stage(modulation kind, double samples_per_symbol, double rolloff);
    void push(std::span<const complexf> in);
    void flush();
    std::size_t available() const { return d_out.size(); }
    std::size_t pull(std::span<complexf> out) { return d_out.pull(out); }
    bool is_locked() const { return d_is_tracking; }

private:
    void acquire(bool is_last);
    void run(bool is_last);
    void steer(std::size_t n);

    modulation d_kind;
    double d_nominal_sps;
    std::size_t d_window_len;
    float d_timing_slope;
    acquisition d_acquisition;
    symbol_sampler d_sampler;
    iq_front_end d_rotator;
    bool d_is_tracking = false;
    fifo<complexf> d_in, d_out;
    std::vector<float> d_samples; ///< interleaved, offset taken out
    double d_next = 0.0;          ///< next symbol, position in d_samples
    double d_step = 0.0;
    symbol_buffer d_symbols;
};

/// Turns symbols upright (two-sided phase estimate). Input and output: pairs as symbol_timing_stage gives them.
class carrier_recovery_stage
{
public:
    carrier_recovery_stage(modulation kind, double rolloff);
    void push(std::span<const complexf> in);
    void flush();
    std::size_t available() const { return d_out.size(); }
    std::size_t pull(std::span<complexf> out) { return d_out.pull(out); }
    float coherence() const { return d_coherence; }

private:
    void turn(std::size_t n, std::size_t n_real);

    carrier_tracker d_tracker;
    symbol_buffer d_symbols;
    fifo<complexf> d_in, d_out;
    float d_coherence = 0.0f;
};

/// Upright pairs to soft bits, scaled by the rails' level over 4096 symbols.
class soft_demapper_stage
{
public:
    explicit soft_demapper_stage(modulation kind) : d_kind(kind), d_meter(kind) {}
    void push(std::span<const complexf> in);
    void flush();
    std::size_t available() const { return d_out.size(); }
    std::size_t pull(std::span<soft_bit> out) { return d_out.pull(out); }
    float es_n0_db() const { return d_meter.es_n0_db(); }

private:
    void map(std::size_t n);

    modulation d_kind;
    symbol_meter d_meter;
    fifo<complexf> d_in;
    fifo<soft_bit> d_out;
    std::vector<float> d_i, d_q, d_across;
};

} // namespace xband::core
