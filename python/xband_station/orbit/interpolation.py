# SPDX-License-Identifier: GPL-3.0-or-later
"""Polynomials through tables: Lagrange (values) and Hermite (values and their rates), both in Newton's form.

Source: CCSDS 500.0-G-4 (Navigation Data, Green Book), 4.2.2.3; divided differences with repeated nodes as in Stoer and
Bulirsch, Introduction to Numerical Analysis, 2.1.3 and 2.1.5.
"""

from __future__ import annotations

import numpy as np

from xband_station.orbit.frames import FloatArray


def interpolate(
    nodes_s: FloatArray, values: FloatArray, rates: FloatArray | None, times_s: FloatArray, degree: int
) -> tuple[FloatArray, FloatArray]:
    """Values and their rates at each time, by the polynomial of this degree through the nearest nodes.

    nodes_s: rising, shape (m,); values, rates: shape (k, m); with rates, each node counts twice (Hermite) and the
    degree is made odd. Times outside of the nodes give NaN. Returns two arrays of shape (k, n).
    """
    repeats = 1 if rates is None else 2
    window = nodes_needed(degree, rates is not None)
    result, result_rate = np.full((len(values), len(times_s)), np.nan), np.full((len(values), len(times_s)), np.nan)
    inside = np.flatnonzero((times_s >= nodes_s[0]) & (times_s <= nodes_s[-1]))
    # Windows with the asked time in their middle, pushed inwards at both ends of the table.
    after = np.searchsorted(nodes_s, times_s[inside], side="right")
    firsts = np.clip(after - (window + 1) // 2, 0, len(nodes_s) - window)
    for first in np.unique(firsts):
        chosen = inside[firsts == first]
        here = slice(first, first + window)
        # Seconds from the window's middle, over its length: the powers stay small.
        middle_s, scale_s = nodes_s[here].mean(), float(np.ptp(nodes_s[here]))
        nodes = np.repeat((nodes_s[here] - middle_s) / scale_s, repeats)
        slopes = None if rates is None else rates[:, here] * scale_s
        coefficients = _divided_differences(nodes, values[:, here], slopes)
        value, slope = _newton(nodes, coefficients, (times_s[chosen] - middle_s) / scale_s)
        result[:, chosen], result_rate[:, chosen] = value, slope / scale_s
    return result, result_rate


def nodes_needed(degree: int, has_rates: bool) -> int:
    """How many nodes a polynomial of this degree goes through; two at least, between which the time lies."""
    return max((degree + 2) // 2, 2) if has_rates else degree + 1


def _divided_differences(nodes: FloatArray, values: FloatArray, slopes: FloatArray | None) -> FloatArray:
    """Newton's coefficients, shape (k, len(nodes)). With slopes, nodes come in equal pairs."""
    count = len(nodes)
    column = np.repeat(values, count // values.shape[1], axis=1)
    coefficients = np.empty_like(column)
    coefficients[:, 0] = column[:, 0]
    for order in range(1, count):
        gaps = nodes[order:] - nodes[: count - order]
        is_pair = gaps == 0.0
        column = np.diff(column, axis=1) / np.where(is_pair, 1.0, gaps)
        if slopes is not None and order == 1:
            # The difference quotient over a pair of equal nodes is the slope there.
            column[:, is_pair] = slopes
        coefficients[:, order] = column[:, 0]
    return coefficients


def _newton(nodes: FloatArray, coefficients: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value and first derivative at each x: Horner's rule for Newton's form."""
    value = np.repeat(coefficients[:, -1:], len(x), axis=1)
    slope = np.zeros_like(value)
    for order in range(len(nodes) - 2, -1, -1):
        slope = slope * (x - nodes[order]) + value
        value = value * (x - nodes[order]) + coefficients[:, order : order + 1]
    return value, slope
