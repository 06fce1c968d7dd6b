// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"

PYBIND11_MODULE(xband_python, m)
{
    m.doc() = "The C++ blocks of gnuradio.xband.";
    // Without the base classes registered the classes below could not be declared.
    pybind11::module_::import("gnuradio.gr");
    m.attr("built_with_gnuradio") = XBAND_BUILT_WITH_GNURADIO;
    bind_sources(m);
    bind_coding(m);
    bind_waveform(m);
    bind_stages(m);
    bind_framing(m);
}
