# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions of the axes over time as uniform quadratic B-splines.

Such a curve is steered by one control point a step. Its rate runs straight between the differences of neighbouring
control points, and its acceleration is their second difference: limits on the control points are limits on the curve,
at every time and not only on a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_banded

from xband_station.antenna.mount import FloatArray

# Value of the curve at a node from the control points before, at and after it.
NODE_WEIGHTS = (1.0 / 8.0, 6.0 / 8.0, 1.0 / 8.0)


@dataclass(frozen=True)
class Curve:
    """n nodes from start_s on, step_s apart. control_deg (n + 2, axes): one point more at either end."""

    start_s: float
    step_s: float
    control_deg: FloatArray

    @property
    def stop_s(self) -> float:
        """Time of the last node."""
        return self.start_s + (len(self.control_deg) - 3) * self.step_s

    def at(self, offsets_s: FloatArray) -> FloatArray:
        """Positions (k, axes); before the start and after the stop the curve stands still at its ends."""
        index, u = self._place(np.clip(offsets_s, self.start_s, self.stop_s))
        before, here, after = (self.control_deg[index + shift] for shift in range(3))
        result: FloatArray = 0.5 * (0.5 - u) ** 2 * before + (0.75 - u**2) * here + 0.5 * (0.5 + u) ** 2 * after
        return result

    def rate_at(self, offsets_s: FloatArray) -> FloatArray:
        """Rates (k, axes) in degrees a second; 0 outside."""
        index, u = self._place(np.clip(offsets_s, self.start_s, self.stop_s))
        before, here, after = (self.control_deg[index + shift] for shift in range(3))
        rate = ((0.5 + u) * (after - here) + (0.5 - u) * (here - before)) / self.step_s
        is_inside = (offsets_s >= self.start_s) & (offsets_s <= self.stop_s)
        return np.where(is_inside[:, None], rate, 0.0)

    @property
    def peak_rate_deg_s(self) -> FloatArray:
        """Highest rate of each axis anywhere, shape (axes,)."""
        result: FloatArray = np.abs(np.diff(self.control_deg, axis=0)).max(axis=0) / self.step_s
        return result

    @property
    def peak_acceleration_deg_s2(self) -> FloatArray:
        """Highest acceleration of each axis anywhere, shape (axes,)."""
        result: FloatArray = np.abs(np.diff(self.control_deg, 2, axis=0)).max(axis=0) / self.step_s**2
        return result

    def _place(self, offsets_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Nearest node of each time, and the way from it in steps, -1/2 to 1/2, shape (k, 1)."""
        steps = (offsets_s - self.start_s) / self.step_s
        index = np.rint(steps).astype(np.intp)
        return index, (steps - index)[:, None]


def values_at_nodes(control_deg: FloatArray) -> FloatArray:
    """Values (n, ...) of a curve at its nodes from its control points (n + 2, ...)."""
    before, here, after = NODE_WEIGHTS
    result: FloatArray = before * control_deg[:-2] + here * control_deg[1:-1] + after * control_deg[2:]
    return result


def control_through(values_deg: FloatArray) -> FloatArray:
    """Control points (n + 2,) of the curve through values (n,) at the nodes, straight at its ends."""
    n = len(values_deg)
    bands = np.zeros((3, n + 2))
    bands[0, 2:], bands[1, 1:-1], bands[2, :-2] = (np.full(n, weight) for weight in NODE_WEIGHTS)
    # At the ends the second difference is that of a straight line; written with two points it stays tridiagonal.
    bands[1, 0], bands[0, 1] = 1.0, -1.0
    bands[1, -1], bands[2, -2] = 1.0, -1.0
    first, last = values_deg[0] - values_deg[1], values_deg[-1] - values_deg[-2]
    return np.asarray(solve_banded((1, 1), bands, np.concatenate([[first], values_deg, [last]])))
