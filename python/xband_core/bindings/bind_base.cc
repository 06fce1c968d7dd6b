// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/simd_target.h"
#include "bindings.h"
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace xband::core;

void bind_base(py::module_& m)
{
    m.def("simd_targets",
          &supported_targets,
          "Instruction sets that the kernels can use on this CPU, best first, \"scalar\" last.");
    m.def("active_simd_target",
          &active_target,
          "The instruction set in use: the best one, or the one that XBAND_SIMD_TARGET names.\n\n"
          "Raises ValueError if that variable names no supported one.");
}
