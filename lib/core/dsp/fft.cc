// SPDX-License-Identifier: GPL-3.0-or-later
#include "dsp/fft.h"

#include <fftw3.h>
#include <mutex>

namespace xband::core {

namespace {
// FFTW's planner is not re-entrant; this makes it so for every user in the process, GNU Radio included.
void make_planner_safe()
{
    static std::once_flag once;
    std::call_once(once, [] { fftwf_make_planner_thread_safe(); });
}
} // namespace

fft::fft(std::size_t length) : d_length(length)
{
    make_planner_safe();
    d_data = reinterpret_cast<std::complex<float>*>(fftwf_alloc_complex(length));
    auto* raw = reinterpret_cast<fftwf_complex*>(d_data);
    d_plan = fftwf_plan_dft_1d(static_cast<int>(length), raw, raw, FFTW_FORWARD, FFTW_ESTIMATE);
}

fft::~fft()
{
    fftwf_destroy_plan(static_cast<fftwf_plan>(d_plan));
    fftwf_free(d_data);
}

void fft::execute() { fftwf_execute(static_cast<fftwf_plan>(d_plan)); }

} // namespace xband::core
