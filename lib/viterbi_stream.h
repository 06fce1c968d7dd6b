// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core_namespace.h"
#include "fec/puncture.h"
#include "fec/viterbi.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gr::xband {

struct viterbi_stream_config {
    bool g2_inverted = true;
    std::size_t segment_bits = 1024;
    core::puncture_pattern pattern{}; ///< a period begins with the stream
};

/// Cuts a stream of soft bits into the overlapping batches of core::viterbi_batch. The two ends of the stream are padded
/// with erasures.
class viterbi_stream
{
public:
    explicit viterbi_stream(const viterbi_stream_config& config)
        : d_pattern(config.pattern),
          d_depuncturer(config.pattern, { .is_g2_inverted = config.g2_inverted }),
          d_batch(config.segment_bits,
                  core::viterbi_batch::overlap_bits_for(config.pattern.n_bits, config.pattern.n_sent)),
          d_soft(2 * d_batch.overlap_bits(), 0)
    {
        d_soft.reserve(d_batch.input_soft_bits());
        d_bits.resize(d_batch.payload_bits() / 8);
        d_channel.resize(d_batch.payload_bits() / 64);
    }

    void push(std::span<const core::soft_bit> soft)
    {
        // Output of a whole push is kept until it is pulled: a stream block pushes at most what fits into its buffer.
        d_out.erase(d_out.begin(), d_out.begin() + static_cast<std::ptrdiff_t>(d_read));
        d_read = 0;
        d_sent.insert(d_sent.end(), soft.begin(), soft.end());
        append_periods();
    }

    void flush()
    {
        d_sent.resize((d_sent.size() + d_pattern.n_sent - 1) / d_pattern.n_sent * d_pattern.n_sent, 0);
        append_periods();
        const std::size_t n_pairs = d_soft.size() / 2;
        if (n_pairs <= d_batch.overlap_bits())
            return;
        std::size_t n_payload_bits = n_pairs - d_batch.overlap_bits();
        d_soft.resize(d_batch.input_soft_bits(), 0);
        // A batch is decoded only when its tail is complete, so up to one payload and one tail may be left.
        if (n_payload_bits > d_batch.payload_bits()) {
            decode(d_batch.payload_bits());
            n_payload_bits -= d_batch.payload_bits();
            d_soft.resize(d_batch.input_soft_bits(), 0);
        }
        decode(n_payload_bits);
    }

    std::size_t available() const { return d_out.size() - d_read; }

    std::size_t pull(std::span<std::uint8_t> bits)
    {
        const std::size_t n = std::min(bits.size(), available());
        std::copy_n(d_out.begin() + static_cast<std::ptrdiff_t>(d_read), n, bits.begin());
        d_read += n;
        return n;
    }

    std::uint64_t channel_bits() const { return d_channel_bits; }
    std::uint64_t channel_bit_errors() const { return d_channel_bit_errors; }

private:
    /// What has been sent as pairs, decoded as far as it fills batches.
    void append_periods()
    {
        const std::size_t n_periods = d_sent.size() / d_pattern.n_sent;
        d_pairs.resize(n_periods * d_pattern.n_symbols());
        d_depuncturer.expand(std::span(d_sent).first(n_periods * d_pattern.n_sent), d_pairs);
        d_sent.erase(d_sent.begin(), d_sent.begin() + static_cast<std::ptrdiff_t>(n_periods * d_pattern.n_sent));
        for (std::span<const core::soft_bit> pairs = d_pairs; !pairs.empty();) {
            const std::size_t n = std::min(pairs.size(), d_batch.input_soft_bits() - d_soft.size());
            d_soft.insert(d_soft.end(), pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(n));
            pairs = pairs.subspan(n);
            if (d_soft.size() == d_batch.input_soft_bits())
                decode(d_batch.payload_bits());
        }
    }

    void decode(std::size_t n_payload_bits)
    {
        d_batch.decode(d_soft, d_bits, d_channel);
        d_out.insert(
            d_out.end(), d_bits.begin(), d_bits.begin() + static_cast<std::ptrdiff_t>((n_payload_bits + 7) / 8));
        if (n_payload_bits % 8 != 0)
            d_out.back() &= static_cast<std::uint8_t>(0xff00U >> (n_payload_bits % 8));
        for (const core::channel_word& word : d_channel)
            for (const std::size_t symbol : { 0U, 1U }) {
                d_channel_bits += static_cast<unsigned>(std::popcount(word.compared[symbol]));
                d_channel_bit_errors += static_cast<unsigned>(std::popcount(word.wrong[symbol]));
            }
        const auto used = static_cast<std::ptrdiff_t>(2 * d_batch.payload_bits());
        d_soft.erase(d_soft.begin(), d_soft.begin() + used);
    }

    core::puncture_pattern d_pattern;
    core::depuncturer d_depuncturer;
    core::viterbi_batch d_batch;
    std::vector<core::soft_bit> d_sent;  ///< the period that is not complete yet
    std::vector<core::soft_bit> d_pairs; ///< of one push
    std::vector<core::soft_bit> d_soft;  ///< starts the decoder's overlap before the next payload bit
    std::vector<std::uint8_t> d_bits;
    std::vector<core::channel_word> d_channel;
    std::vector<std::uint8_t> d_out;
    std::size_t d_read = 0;
    std::uint64_t d_channel_bits = 0;
    std::uint64_t d_channel_bit_errors = 0;
};

} // namespace gr::xband
