// SPDX-License-Identifier: GPL-3.0-or-later
// One bind_* function per block family; each lives in its own file beside this one.
#pragma once
#include <pybind11/pybind11.h>

void bind_sources(pybind11::module_& m);
void bind_coding(pybind11::module_& m);
void bind_waveform(pybind11::module_& m);
void bind_stages(pybind11::module_& m);
void bind_framing(pybind11::module_& m);
