// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"

void bind_dsp(pybind11::module_&) {}
