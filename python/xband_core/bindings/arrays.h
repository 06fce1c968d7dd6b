// SPDX-License-Identifier: GPL-3.0-or-later
// numpy arrays at the border: exact dtype, C order, never converted behind the caller's back. Arguments of type in_array are
// declared with py::arg("...").noconvert(), so that a wrong dtype is a TypeError rather than a silent copy.
#pragma once
#include <cstddef>
#include <pybind11/numpy.h>
#include <span>

template <typename T>
using in_array = pybind11::array_t<T, pybind11::array::c_style>;

/// The array's values in C order, whatever its shape. Valid while the array lives.
template <typename T>
std::span<const T> values(const in_array<T>& array)
{
    return { array.data(), static_cast<std::size_t>(array.size()) };
}

/// The same, to write to. Throws ValueError if the array is read-only.
template <typename T>
std::span<T> mutable_values(in_array<T>& array)
{
    return { array.mutable_data(), static_cast<std::size_t>(array.size()) };
}

/// A new one-dimensional array, not initialised.
template <typename T>
in_array<T> new_array(std::size_t size)
{
    return in_array<T>(static_cast<pybind11::ssize_t>(size));
}
