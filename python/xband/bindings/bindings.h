// SPDX-License-Identifier: GPL-3.0-or-later
// One bind_* function per block family; each lives in its own file beside this one.
#pragma once
#include <pybind11/pybind11.h>

#include <tuple>

/// Read-only attributes. \param fields  tuple of pairs of a name and a pointer to a member
template <class State, class Fields>
void def_fields(pybind11::class_<State> cls, const Fields& fields)
{
    std::apply([&](const auto&... field) { (cls.def_readonly(field.first, field.second), ...); }, fields);
}

void bind_sources(pybind11::module_& m);
void bind_coding(pybind11::module_& m);
void bind_waveform(pybind11::module_& m);
void bind_stages(pybind11::module_& m);
void bind_framing(pybind11::module_& m);
