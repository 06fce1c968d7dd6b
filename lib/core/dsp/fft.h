// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <complex>
#include <cstddef>
#include <memory>
#include <span>

namespace xband::core {

/// Forward complex transform of a fixed length, in place, unnormalised (FFTW, planned by estimate so that the result is the
/// same in every run). Construction may be done from any thread.
class fft
{
public:
    explicit fft(std::size_t length);
    ~fft();
    fft(const fft&) = delete;
    fft& operator=(const fft&) = delete;

    std::size_t length() const { return d_length; }
    std::span<std::complex<float>> data() { return { d_data, d_length }; }
    void execute();

private:
    std::size_t d_length;
    std::complex<float>* d_data;
    void* d_plan;
};

} // namespace xband::core
