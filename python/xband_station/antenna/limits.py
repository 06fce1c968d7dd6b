# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion of one axis that misses its reference least within rate, acceleration and position limits.

A linear programme over the whole pass: control points of a quadratic B-spline as variables, the limits as rows, errors
as cost. An error on the sky costs little as long as the signal is there, and ten times as much for what goes beyond.
Absolute errors make the answer sparse: on the reference wherever that can be, within the beam where that helps, and
what is lost in one piece. How that piece is split before and after the keyhole, the caller's costs say.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, diags, hstack, identity

from xband_station.antenna.curve import NODE_WEIGHTS, control_through
from xband_station.antenna.mount import Axis, FloatArray

# The solver meets its rows within 1e-7; the limits that it is given are smaller by this share.
_RESERVE = 1e-6
# What an error within the beam costs, of one outside.
_CHEAP = 0.1


def is_within_limits(control_deg: FloatArray, axis: Axis, step_s: float) -> bool:
    """Whether the curve of these control points never breaks a limit."""
    steps, bends = np.abs(np.diff(control_deg)), np.abs(np.diff(control_deg, 2))
    return bool(
        control_deg.min() >= axis.low_deg
        and control_deg.max() <= axis.high_deg
        and steps.max() <= axis.max_rate_deg_s * step_s
        and bends.max() <= axis.max_acceleration_deg_s2 * step_s**2
    )


def follow_within_limits(
    reference_deg: FloatArray, weight: FloatArray, cost: FloatArray, axis: Axis, step_s: float, near_deg: float
) -> FloatArray:
    """Control points (n + 2,) of the best motion along a reference (n,) with ``step_s`` between its points.

    weight (n,): degrees on the sky that a degree of this axis is; cost (n,): what a degree on the sky costs; near_deg:
    error on the sky up to which the signal is there. The reference itself is the answer if it keeps the limits.
    """
    control_deg = control_through(reference_deg)
    if is_within_limits(control_deg, axis, step_s):
        return control_deg
    return _least_error(reference_deg, near_deg / (weight + 1e-6), weight * cost, axis, step_s)


def _nodes(n: int) -> csr_matrix:
    """The curve's values at its nodes from n control points."""
    return diags(NODE_WEIGHTS, [0, 1, 2], shape=(n - 2, n), format="csr")


def _least_error(
    reference_deg: FloatArray, near_deg: FloatArray, cost: FloatArray, axis: Axis, step_s: float
) -> FloatArray:
    """Control points with the least sum of cost times absolute error, of which the part up to ``near_deg`` (of this
    axis) is cheap. There always is a solution: standing still."""
    nodes = len(reference_deg)
    n = nodes + 2
    # Variables: n control points; errors above and below the reference, none negative: two cheap ones, two dear ones.
    one, errors = identity(nodes), csr_matrix((n, 4 * nodes))
    error = hstack([_nodes(n), -one, one, -one, one])
    rate = hstack([diags([-1.0, 1.0], [0, 1], shape=(n - 1, n)), errors[: n - 1]])
    bend = hstack([diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(n - 2, n)), errors[: n - 2]])
    max_step_deg = axis.max_rate_deg_s * step_s * (1.0 - _RESERVE)
    max_bend_deg = axis.max_acceleration_deg_s2 * step_s**2 * (1.0 - _RESERVE)
    result = milp(
        np.concatenate([np.zeros(n), _CHEAP * cost, _CHEAP * cost, cost, cost]),
        bounds=Bounds(
            np.concatenate([np.full(n, axis.low_deg), np.zeros(4 * nodes)]),
            np.concatenate([np.full(n, axis.high_deg), near_deg, near_deg, np.full(2 * nodes, np.inf)]),
        ),
        constraints=[
            LinearConstraint(error, reference_deg, reference_deg),
            LinearConstraint(rate, -max_step_deg, max_step_deg),
            LinearConstraint(bend, -max_bend_deg, max_bend_deg),
        ],
    )
    if result.x is None:
        raise ArithmeticError(f"no motion of the axis found: {result.message}")
    # The solver may be a rounding beyond a position limit.
    return axis.clip(np.asarray(result.x[:n]))
