// SPDX-License-Identifier: GPL-3.0-or-later
// One bind_* function per folder of lib/core; each lives in its own file beside this one.
#pragma once
#include <pybind11/pybind11.h>

void bind_base(pybind11::module_& m);
void bind_fec(pybind11::module_& m);
void bind_framing(pybind11::module_& m);
void bind_dsp(pybind11::module_& m);
void bind_modulator(pybind11::module_& m);
void bind_timing(pybind11::module_& m);
