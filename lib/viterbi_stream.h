// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "core_namespace.h"
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
};

/// Cuts a stream of soft bits into the overlapping batches of core::viterbi_batch. The two ends of the stream are padded
/// with erasures.
class viterbi_stream
{
public:
    explicit viterbi_stream(const viterbi_stream_config& config)
        : d_g2_inverted(config.g2_inverted),
          d_batch(config.segment_bits),
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
        while (!soft.empty()) {
            const std::size_t n = std::min(soft.size(), d_batch.input_soft_bits() - d_soft.size());
            append(soft.first(n));
            soft = soft.subspan(n);
            if (d_soft.size() == d_batch.input_soft_bits())
                decode(d_batch.payload_bits());
        }
    }

    void flush()
    {
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
    void append(std::span<const core::soft_bit> soft)
    {
        for (const core::soft_bit value : soft) {
            const bool is_g2 = d_soft.size() % 2 == 1;
            // -128 has no opposite; it is read as -127.
            d_soft.push_back(is_g2 && d_g2_inverted ? static_cast<core::soft_bit>(-std::max<int>(value, -127)) : value);
        }
    }

    void decode(std::size_t n_payload_bits)
    {
        d_batch.decode(d_soft, d_bits, d_channel);
        d_out.insert(
            d_out.end(), d_bits.begin(), d_bits.begin() + static_cast<std::ptrdiff_t>((n_payload_bits + 7) / 8));
        if (n_payload_bits % 8 != 0)
            d_out.back() &= static_cast<std::uint8_t>(0xff00U >> (n_payload_bits % 8));
        d_channel_bits += 2 * n_payload_bits;
        for (const core::channel_word& word : d_channel)
            for (const std::uint64_t wrong : word.wrong)
                d_channel_bit_errors += static_cast<unsigned>(std::popcount(wrong));
        const auto used = static_cast<std::ptrdiff_t>(2 * d_batch.payload_bits());
        d_soft.erase(d_soft.begin(), d_soft.begin() + used);
    }

    bool d_g2_inverted;
    core::viterbi_batch d_batch;
    std::vector<core::soft_bit> d_soft; ///< starts the decoder's overlap before the next payload bit
    std::vector<std::uint8_t> d_bits;
    std::vector<core::channel_word> d_channel;
    std::vector<std::uint8_t> d_out;
    std::size_t d_read = 0;
    std::uint64_t d_channel_bits = 0;
    std::uint64_t d_channel_bit_errors = 0;
};

} // namespace gr::xband
