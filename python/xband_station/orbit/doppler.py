# SPDX-License-Identifier: GPL-3.0-or-later
"""The Doppler plan of a pass: a piecewise polynomial over the sample count, without steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from xband_core.plan import DopplerSegment
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.frames import FloatArray
from xband_station.orbit.geometry import Tracker

SPEED_OF_LIGHT_KM_S = 299792.458
# Six coefficients is what lib/core/dsp/frequency_plan.h takes.
_DEGREE = 5
_FIRST_SEGMENT_S = 60.0
# A tenth of the 1 Hz that is allowed, so that rounding and the steps between segments stay far below it.
_MAX_ERROR_HZ = 0.1


def doppler_hz(range_rate_km_s: FloatArray, centre_frequency_hz: float) -> FloatArray:
    """Offset of the received carrier: positive while the satellite comes nearer. First order, no light time."""
    return -range_rate_km_s / SPEED_OF_LIGHT_KM_S * centre_frequency_hz


def doppler_plan(
    tracker: Tracker, first_sample_utc: datetime, duration_s: float, sample_rate_hz: float, centre_frequency_hz: float
) -> tuple[DopplerSegment, ...]:
    """Offset in Hz over seconds since each segment's first sample, from sample 0 to the end of the pass.

    Segments are halved until the polynomial is within 0.1 Hz of the range rate. They meet their ends exactly, so the
    frequency has no steps. Near zenith at 500 km, the worst case, segments are 15 s long.
    Raises OrbitError: the orbit data are a table of angles without ranges.
    """
    if not tracker.trajectory.has_range:
        problem = "a table of azimuth and elevation without ranges tells no Doppler shift"
        raise OrbitError(tracker.trajectory.source, "range_km", problem)

    def at(offsets_s: FloatArray) -> FloatArray:
        return doppler_hz(tracker.look(first_sample_utc, offsets_s).range_rate_km_s, centre_frequency_hz)

    segments: list[DopplerSegment] = []
    start_s = 0.0
    length_s = _FIRST_SEGMENT_S
    while start_s < duration_s:
        # Segments begin on whole samples; the polynomial's zero is exactly there.
        start_sample = round(start_s * sample_rate_hz)
        start_s = start_sample / sample_rate_hz
        coefficients, error_hz = _fit(at, start_s, length_s)
        if error_hz > _MAX_ERROR_HZ and length_s > 1.0:
            length_s /= 2.0
            continue
        segments.append(DopplerSegment(start_sample, tuple(coefficients)))
        start_s += length_s
        length_s = min(length_s * 2.0, _FIRST_SEGMENT_S)
    return tuple(segments)


def evaluate_plan(plan: Sequence[DopplerSegment], samples: FloatArray, sample_rate_hz: float) -> FloatArray:
    """Value of the plan in Hz at each sample index; 0 before the first segment."""
    starts = np.array([segment.start_sample for segment in plan])
    index = np.searchsorted(starts, samples, side="right") - 1
    result = np.zeros(len(samples))
    for number, segment in enumerate(plan):
        chosen = index == number
        seconds = (samples[chosen] - segment.start_sample) / sample_rate_hz
        result[chosen] = _polynomial(segment.coefficients_hz, seconds)
    return result


def _fit(at: Callable[[FloatArray], FloatArray], start_s: float, length_s: float) -> tuple[list[float], float]:
    """Coefficients over seconds since ``start_s`` through Chebyshev-Lobatto points, and the largest error in Hz."""
    nodes = (1.0 - np.cos(np.pi * np.arange(_DEGREE + 1) / _DEGREE)) / 2.0
    # Solved over 0 to 1 (well conditioned), then scaled to seconds.
    unit = np.linalg.solve(np.vander(nodes, increasing=True), at(start_s + nodes * length_s)).tolist()
    between = np.linspace(0.0, 1.0, 33)
    error_hz = float(np.abs(_polynomial(unit, between) - at(start_s + between * length_s)).max())
    return [value / length_s**power for power, value in enumerate(unit)], error_hz


def _polynomial(coefficients: Sequence[float], x: FloatArray) -> FloatArray:
    """Horner's rule, constant term first."""
    result = np.zeros_like(x)
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result
