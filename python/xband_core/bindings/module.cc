// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"

PYBIND11_MODULE(_core, m)
{
    m.doc() = "The kernels of lib/core for Python: no GNU Radio needed.";
    bind_base(m);
    bind_fec(m);
    bind_framing(m);
    bind_dsp(m);
    bind_modulator(m);
    bind_timing(m);
}
