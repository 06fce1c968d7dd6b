// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock_mark.h"
#include "base/simd_target.h"
#include "bindings.h"
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace xband::core;

void bind_base(py::module_& m)
{
    PYBIND11_NUMPY_DTYPE(clock_mark,
                         first_symbol,
                         first_sample,
                         samples_per_symbol,
                         es_n0_db,
                         evm_percent,
                         carrier_offset_hz,
                         symbol_rate_error_ppm,
                         is_locked);
    m.attr("CLOCK_MARK") = py::dtype::of<clock_mark>(); // numpy's type of lib/core/base/clock_mark.h
    m.def("simd_targets",
          &supported_targets,
          "Instruction sets that the kernels can use on this CPU, best first, \"scalar\" last.");
    m.def("active_simd_target",
          &active_target,
          "The instruction set in use: the best one, or the one that XBAND_SIMD_TARGET names.\n\n"
          "Raises ValueError if that variable names no supported one.");
}
