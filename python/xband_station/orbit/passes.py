# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes of satellites over the station.

An own search instead of skyfield's ``find_events``, which returns nothing when the search starts inside a pass
(skyfielders/python-skyfield#550, #856, #996). Here a pass belongs to the window when any part of it does, and its
rise and set are given in full even if they lie outside.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from xband_station.orbit.elements import ElementSet
from xband_station.orbit.geometry import FloatArray, Site, Tracker

logger = logging.getLogger(__name__)

# Elevation samples per revolution. The shortest feature is the perigee of an eccentric orbit, see _step_s.
_SAMPLES_PER_REVOLUTION = 60
# How far outside the window rise and set are looked for: beyond a day a satellite counts as always up.
_MAX_REACH_S = 86400.0
# Bisection of a bracket of at most 30 minutes to below a microsecond.
_BISECTIONS = 32


@dataclass(frozen=True)
class Pass:
    """One stretch of time in which the satellite stands above the mask.

    aos, los: geometric elevation crosses the mask; None when that lies more than a day outside the search window
    (a satellite that is always up). tca: time of the highest elevation, inside the window if aos or los is None.
    """

    satellite: str
    norad_cat_id: str
    aos: datetime | None
    tca: datetime
    los: datetime | None
    max_elevation_deg: float
    aos_azimuth_deg: float | None
    los_azimuth_deg: float | None
    element_age_s: float


def find_passes(
    elements: ElementSet, site: Site, start: datetime, end: datetime, min_elevation_deg: float = 5.0
) -> list[Pass]:
    """All passes that have a part within ``start`` to ``end`` (aware UTC datetimes), in order of time."""
    return _PassSearch(Tracker(elements, site), start, (end - start).total_seconds(), min_elevation_deg).run()


class _PassSearch:
    """Offsets are seconds after ``start``."""

    def __init__(self, tracker: Tracker, start: datetime, window_s: float, mask_deg: float) -> None:
        self._tracker = tracker
        self._start = start
        self._window_s = window_s
        self._mask_deg = mask_deg

    def run(self) -> list[Pass]:
        # One revolution more on both sides shows nearly every rise and set that belongs to the window.
        step_s = _step_s(self._tracker.elements)
        reach_s = min(self._tracker.elements.period_s, _MAX_REACH_S)
        grid_s = np.arange(-reach_s, self._window_s + reach_s + step_s, step_s)
        elevation_deg = self._elevation(grid_s)
        if np.isnan(elevation_deg).any():
            logger.warning("%s: SGP4 fails for part of the time (decayed?)", self._tracker.elements.name)
        intervals = self._intervals_above(grid_s, np.nan_to_num(elevation_deg, nan=-90.0))
        return [self._describe(rise, top, fall) for rise, top, fall in intervals if self._is_in_window(rise, fall)]

    def _is_in_window(self, rise_s: float, set_s: float) -> bool:
        return rise_s < self._window_s and set_s > 0.0

    def _elevation(self, offsets_s: FloatArray) -> FloatArray:
        return self._tracker.look(self._start, offsets_s).elevation_deg

    def _intervals_above(self, grid_s: FloatArray, elevation_deg: FloatArray) -> list[tuple[float, float, float]]:
        """(rise, time of highest elevation, set) of each interval above the mask.

        A pass may lie wholly between two samples, so its top is found first and put into the grid.
        """
        tops_s = self._refine_tops(grid_s, elevation_deg)
        times_s = np.concatenate([grid_s, tops_s])
        values_deg = np.concatenate([elevation_deg, np.nan_to_num(self._elevation(tops_s), nan=-90.0)])
        order = np.argsort(times_s, kind="stable")
        times_s, values_deg = times_s[order], values_deg[order]
        above = values_deg >= self._mask_deg
        rises = np.flatnonzero(~above[:-1] & above[1:])
        sets = np.flatnonzero(above[:-1] & ~above[1:])
        rises_s = self._bisect(times_s[rises], times_s[rises + 1], is_rise=True)
        sets_s = self._bisect(times_s[sets], times_s[sets + 1], is_rise=False)
        if above[0]:
            rises_s = np.concatenate([[self._rise_before(times_s[0])], rises_s])
        if above[-1]:
            sets_s = np.concatenate([sets_s, [self._set_after(times_s[-1])]])
        intervals = []
        for rise_s, set_s in zip(rises_s.tolist(), sets_s.tolist(), strict=True):
            # Of an endless pass only the window counts for its highest elevation.
            first_s = rise_s if np.isfinite(rise_s) else 0.0
            last_s = set_s if np.isfinite(set_s) else self._window_s
            inside = np.flatnonzero((times_s >= first_s) & (times_s <= last_s))
            top_s = times_s[inside[np.argmax(values_deg[inside])]] if inside.size else (first_s + last_s) / 2
            intervals.append((rise_s, float(top_s), set_s))
        return intervals

    def _refine_tops(self, grid_s: FloatArray, elevation_deg: FloatArray) -> FloatArray:
        """Times of all local maxima, by golden section in the bracket of two grid steps around each."""
        middle = elevation_deg[1:-1]
        peaks = np.flatnonzero((middle > elevation_deg[:-2]) & (middle >= elevation_deg[2:])) + 1
        low_s, high_s = grid_s[peaks - 1], grid_s[peaks + 1]
        golden = (math.sqrt(5.0) - 1.0) / 2.0
        # Two evaluations a round are simpler than keeping one; the vectors are short. 0.618^40 of 10 minutes is 3 us.
        for _ in range(40):
            width_s = golden * (high_s - low_s)
            left_s, right_s = high_s - width_s, low_s + width_s
            is_left = self._elevation(left_s) > self._elevation(right_s)
            high_s, low_s = np.where(is_left, right_s, high_s), np.where(is_left, low_s, left_s)
        middle_s: FloatArray = (low_s + high_s) / 2.0
        return middle_s

    def _bisect(self, low_s: FloatArray, high_s: FloatArray, is_rise: bool) -> FloatArray:
        """Times at which the elevation crosses the mask between the brackets' ends."""
        for _ in range(_BISECTIONS):
            middle_s = (low_s + high_s) / 2.0
            is_early = (self._elevation(middle_s) >= self._mask_deg) != is_rise
            low_s, high_s = np.where(is_early, middle_s, low_s), np.where(is_early, high_s, middle_s)
        return (low_s + high_s) / 2.0

    def _rise_before(self, offset_s: float) -> float:
        """Rise of a pass that is already on at ``offset_s``; -inf if it is further away than a day."""
        return -self._crossing_beyond(offset_s, -1.0)

    def _set_after(self, offset_s: float) -> float:
        return self._crossing_beyond(offset_s, +1.0)

    def _crossing_beyond(self, offset_s: float, direction: float) -> float:
        """Distance on the time axis, in ``direction``, to where the elevation falls below the mask; inf if nowhere."""
        steps_s = offset_s + direction * np.arange(0.0, _MAX_REACH_S, _step_s(self._tracker.elements))
        below = np.flatnonzero(~(self._elevation(steps_s) >= self._mask_deg))
        if not below.size:
            return math.inf
        first = max(int(below[0]), 1)
        bracket = np.sort(steps_s[first - 1 : first + 1])
        crossing_s = self._bisect(bracket[:1], bracket[1:], is_rise=direction < 0)
        return direction * float(crossing_s[0])

    def _describe(self, rise_s: float, top_s: float, set_s: float) -> Pass:
        elements = self._tracker.elements
        tca = self._start + timedelta(seconds=top_s)
        aos = self._start + timedelta(seconds=rise_s) if np.isfinite(rise_s) else None
        los = self._start + timedelta(seconds=set_s) if np.isfinite(set_s) else None
        top, at_aos, at_los = (self._tracker.look(time or tca, [0.0]) for time in (tca, aos, los))
        return Pass(
            satellite=elements.name,
            norad_cat_id=elements.norad_cat_id,
            aos=aos,
            tca=tca,
            los=los,
            max_elevation_deg=float(top.elevation_deg[0]),
            aos_azimuth_deg=float(at_aos.azimuth_deg[0]) if aos else None,
            los_azimuth_deg=float(at_los.azimuth_deg[0]) if los else None,
            element_age_s=elements.age_s(tca),
        )


def _step_s(elements: ElementSet) -> float:
    """Sampling step: a fixed part of a circular revolution with the angular rate that the orbit has at perigee."""
    eccentricity = elements.eccentricity
    perigee_speedup = (1.0 + eccentricity) ** 2 / math.pow(1.0 - eccentricity**2, 1.5)
    return elements.period_s / _SAMPLES_PER_REVOLUTION / perigee_speedup
