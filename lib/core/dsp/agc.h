// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>

namespace xband::core {

/// Levels blocks of complex samples to unit mean power: one gain a block, smoothed over some ten blocks, at once where the
/// level jumps by more than 6 dB, and part by part where it steps within a block. Silence keeps the gain.
class block_agc
{
public:
    void restart() { d_power = 0.0f; }
    /// \param samples interleaved, n complex samples, levelled in place
    void process(float* samples, std::size_t n);
    /// Takes the level of a block. \return the gain that levels it; a block with a step in it is levelled here
    float measure(float* samples, std::size_t n);
    /// Levels as the block before was: for the few samples of a stream's end.
    void hold(float* samples, std::size_t n) const;
    /// Smoothed mean power of the samples as they came; 0 before the first.
    float power() const { return d_power; }

private:
    float gain() const;
    void level_parts(float* samples, std::size_t n);

    float d_power = 0.0f;
};

} // namespace xband::core
