// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "dsp/channel_filter.h"
#include "dsp/channel_model.h"
#include "dsp/psk_modulator.h"

#include <algorithm>
#include <array>

namespace xband::core {

/// Modulator and channel in one: channel bits in, samples as a receiver's converter gives them out.
/// Works in pieces that stay in the cache; a piece's size has no influence on the samples.
class signal_simulator
{
public:
    /// \param path impulse response between them, see channel_filter
    signal_simulator(const psk_modulator_config& modulator,
                     const channel_model_config& channel,
                     const std::vector<std::complex<double>>& path = {})
        : d_modulator(modulator),
          d_path(path),
          d_look_ahead(d_path.look_ahead()),
          d_channel(channel),
          d_sample_len_bytes(core::sample_len_bytes(channel.format))
    {
    }

    void push(std::span<const std::uint8_t> bits) { d_modulator.push(bits); }
    std::size_t available() const
    {
        const std::size_t made = d_modulator.available();
        return made > d_look_ahead ? made - d_look_ahead : 0;
    }
    void push_silence(std::size_t n_symbols) { d_modulator.push_silence(n_symbols); }
    void flush() { d_modulator.flush(); }
    std::size_t sample_len_bytes() const { return d_sample_len_bytes; }
    double symbol_time(std::uint64_t sample) const { return d_modulator.symbol_time(sample); }

    /// Writes up to out.size() / sample_len_bytes() samples. \return how many.
    std::size_t pull(std::span<std::byte> out)
    {
        while (d_look_ahead > 0) { // the path's first samples are before the first symbol: a delay less
            const std::size_t n = d_modulator.pull({ d_shaped.data(), std::min(d_shaped.size(), d_look_ahead) });
            if (n == 0)
                return 0;
            d_path.process({ d_shaped.data(), n }, { d_shaped.data(), n });
            d_look_ahead -= n;
        }
        std::size_t done = 0;
        while (out.size() >= d_sample_len_bytes) {
            const std::size_t wanted = std::min(d_shaped.size(), out.size() / d_sample_len_bytes);
            const std::size_t n = d_modulator.pull({ d_shaped.data(), wanted });
            if (!d_path.is_flat())
                d_path.process({ d_shaped.data(), n }, { d_shaped.data(), n });
            d_channel.process({ d_shaped.data(), n }, out);
            out = out.subspan(n * d_sample_len_bytes);
            done += n;
            if (n < wanted)
                break;
        }
        return done;
    }

private:
    psk_modulator d_modulator;
    channel_filter d_path;
    std::size_t d_look_ahead; ///< samples that the path has yet to take before its first output counts
    channel_model d_channel;
    std::size_t d_sample_len_bytes;
    std::array<std::complex<float>, 4096> d_shaped{}; ///< 32 KiB
};

} // namespace xband::core
