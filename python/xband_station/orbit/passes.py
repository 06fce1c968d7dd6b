# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes of satellites over the station.

An own search instead of skyfield's ``find_events``, which returns nothing when the search starts inside a pass
(skyfielders/python-skyfield#550, #856, #996). Here a pass belongs to the window when any part of it does, and its
rise and set are given in full even if they lie outside.

The search knows two limits: the operational floor, one elevation all around, and the horizon mask, which depends on
azimuth. First the times above the lowest of both are found, then what the mask cuts out of each.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from xband_station.orbit.frames import FloatArray
from xband_station.orbit.geometry import Site, Tracker, Trajectory
from xband_station.orbit.horizon import OPEN_HORIZON, HorizonMask
from xband_station.orbit.refraction import Atmosphere

logger = logging.getLogger(__name__)

# How far outside the window rise and set are looked for: beyond a day a satellite counts as always up.
_MAX_REACH_S = 86400.0
# Bisection of a bracket of at most 30 minutes to below a microsecond.
_BISECTIONS = 32
# The mask is looked at in steps of a hundredth of the search's: 1 s in low orbits, where the satellite moves less than
# a degree. A gap or a ridge that lasts shorter may be missed; no reception could use it.
_MASK_STEPS = 100


@dataclass(frozen=True)
class Pass:
    """One stretch of time in which the satellite stands above mask and floor.

    aos, los: the elevation crosses the limit; None when that lies more than a day outside the search window
    (a satellite that is always up). tca: time of the highest elevation, inside the window if aos or los is None.
    part, parts: where a ridge cuts a pass, number of this stretch and how many there are; 1 of 1 otherwise.
    element_age_s: age of the orbit data at tca.
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
    part: int = 1
    parts: int = 1


@dataclass(frozen=True)
class _Stretch:
    """Rise, highest point and set in seconds after the window's start; infinite where there is no rise or set."""

    rise_s: float
    top_s: float
    set_s: float
    part: int = 1
    parts: int = 1


def find_passes(
    trajectory: Trajectory,
    site: Site,
    start: datetime,
    end: datetime,
    min_elevation_deg: float = 5.0,
    mask: HorizonMask = OPEN_HORIZON,
    atmosphere: Atmosphere | None = None,
) -> list[Pass]:
    """All passes that have a part within ``start`` to ``end`` (aware UTC datetimes), in order of time.

    min_elevation_deg: the operational floor. A pass needs both: at least the floor and at least the mask.
    atmosphere: with it, elevations are refracted ones (also in the result); without, geometric.
    """
    tracker = Tracker(trajectory, site, atmosphere)
    return _PassSearch(tracker, start, (end - start).total_seconds(), min_elevation_deg, mask).run()


class _PassSearch:
    """Offsets are seconds after ``start``."""

    def __init__(self, tracker: Tracker, start: datetime, window_s: float, floor_deg: float, mask: HorizonMask) -> None:
        self._tracker = tracker
        self._trajectory = tracker.trajectory
        self._start = start
        self._window_s = window_s
        self._floor_deg = floor_deg
        self._mask = mask
        self._lowest_deg = max(floor_deg, mask.lowest_deg)

    def run(self) -> list[Pass]:
        # One revolution more on both sides shows nearly every rise and set that belongs to the window.
        step_s = self._trajectory.search_step_s
        reach_s = min(self._trajectory.revolution_s, _MAX_REACH_S)
        grid_s = self._valid(np.arange(-reach_s, self._window_s + reach_s + step_s, step_s))
        if not grid_s.size:
            return []
        elevation_deg = self._elevation(grid_s)
        if np.isnan(elevation_deg).any() and self._trajectory.valid_until is None:
            logger.warning("%s: SGP4 fails for part of the time (decayed?)", self._trajectory.name)
        stretches = self._stretches_above(grid_s, np.nan_to_num(elevation_deg, nan=-90.0))
        if self._mask.lowest_deg < max(self._mask.elevations_deg) > self._floor_deg:
            stretches = self._cut_by_mask(stretches)
        return [self._describe(stretch) for stretch in stretches if self._is_in_window(stretch)]

    def _valid(self, grid_s: FloatArray) -> FloatArray:
        """The grid cut to the time for which there are data, with both of its ends."""
        first_s, last_s = float(grid_s[0]), float(grid_s[-1])
        if self._trajectory.valid_from:
            first_s = max(first_s, (self._trajectory.valid_from - self._start).total_seconds())
        if self._trajectory.valid_until:
            last_s = min(last_s, (self._trajectory.valid_until - self._start).total_seconds())
        if first_s >= last_s:
            return np.empty(0)
        inside = grid_s[(grid_s > first_s) & (grid_s < last_s)]
        return np.concatenate([[first_s], inside, [last_s]])

    def _is_in_window(self, stretch: _Stretch) -> bool:
        return stretch.rise_s < self._window_s and stretch.set_s > 0.0

    def _elevation(self, offsets_s: FloatArray) -> FloatArray:
        return self._tracker.look(self._start, offsets_s).elevation_deg

    def _above_lowest_deg(self, offsets_s: FloatArray) -> FloatArray:
        return self._elevation(offsets_s) - self._lowest_deg

    def _heights_deg(self, offsets_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Elevation, and how far it is above what limits it in that direction."""
        look = self._tracker.look(self._start, offsets_s)
        limit_deg = np.maximum(self._floor_deg, self._mask.elevation_deg(look.azimuth_deg))
        return look.elevation_deg, np.asarray(look.elevation_deg - limit_deg)

    def _clearance_deg(self, offsets_s: FloatArray) -> FloatArray:
        return self._heights_deg(offsets_s)[1]

    def _stretches_above(self, grid_s: FloatArray, elevation_deg: FloatArray) -> list[_Stretch]:
        """Each stretch above the lowest limit.

        A pass may lie wholly between two samples, so its top is found first and put into the grid.
        """
        tops_s = self._refine_tops(grid_s, elevation_deg)
        times_s = np.concatenate([grid_s, tops_s])
        values_deg = np.concatenate([elevation_deg, np.nan_to_num(self._elevation(tops_s), nan=-90.0)])
        order = np.argsort(times_s, kind="stable")
        times_s, values_deg = times_s[order], values_deg[order]
        above = values_deg >= self._lowest_deg
        rises = np.flatnonzero(~above[:-1] & above[1:])
        sets = np.flatnonzero(above[:-1] & ~above[1:])
        rises_s = _bisect(self._above_lowest_deg, times_s[rises], times_s[rises + 1], is_rise=True)
        sets_s = _bisect(self._above_lowest_deg, times_s[sets], times_s[sets + 1], is_rise=False)
        if above[0]:
            rises_s = np.concatenate([[self._rise_before(times_s[0])], rises_s])
        if above[-1]:
            sets_s = np.concatenate([sets_s, [self._set_after(times_s[-1])]])
        stretches = []
        for rise_s, set_s in zip(rises_s.tolist(), sets_s.tolist(), strict=True):
            # Of an endless pass only the window counts for its highest elevation.
            first_s = rise_s if np.isfinite(rise_s) else 0.0
            last_s = set_s if np.isfinite(set_s) else self._window_s
            inside = np.flatnonzero((times_s >= first_s) & (times_s <= last_s))
            top_s = times_s[inside[np.argmax(values_deg[inside])]] if inside.size else (first_s + last_s) / 2
            stretches.append(_Stretch(rise_s, float(top_s), set_s))
        return stretches

    def _cut_by_mask(self, stretches: list[_Stretch]) -> list[_Stretch]:
        """The parts of each stretch that stand above the mask; of an endless one, those near the window."""
        if not stretches:
            return []
        grids = [self._mask_grid(stretch) for stretch in stretches]
        owner = np.repeat(np.arange(len(grids)), [len(grid) for grid in grids])
        times_s = np.concatenate(grids)
        elevation_deg, clearance_deg = self._heights_deg(times_s)
        above, is_same = clearance_deg >= 0.0, owner[:-1] == owner[1:]
        rises = np.flatnonzero(~above[:-1] & above[1:] & is_same)
        sets = np.flatnonzero(above[:-1] & ~above[1:] & is_same)
        rises_s = _bisect(self._clearance_deg, times_s[rises], times_s[rises + 1], is_rise=True)
        sets_s = _bisect(self._clearance_deg, times_s[sets], times_s[sets + 1], is_rise=False)
        cut: list[_Stretch] = []
        for number, stretch in enumerate(stretches):
            here = np.flatnonzero(owner == number)
            starts = [stretch.rise_s] if above[here[0]] else []
            ends = [stretch.set_s] if above[here[-1]] else []
            edges = zip(
                [*starts, *rises_s[owner[rises] == number].tolist()],
                [*sets_s[owner[sets] == number].tolist(), *ends],
                strict=True,
            )
            parts = [
                _Stretch(rise_s, _top_s(stretch, rise_s, set_s, times_s[here], elevation_deg[here]), set_s)
                for rise_s, set_s in edges
            ]
            cut += [dataclasses.replace(one, part=index, parts=len(parts)) for index, one in enumerate(parts, 1)]
        return cut

    def _mask_grid(self, stretch: _Stretch) -> FloatArray:
        step_s = self._trajectory.search_step_s / _MASK_STEPS
        first_s = stretch.rise_s if np.isfinite(stretch.rise_s) else -_MAX_REACH_S
        last_s = stretch.set_s if np.isfinite(stretch.set_s) else self._window_s + _MAX_REACH_S
        return np.append(np.arange(first_s, last_s, step_s), last_s)

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

    def _rise_before(self, offset_s: float) -> float:
        """Rise of a pass that is already on at ``offset_s``; -inf if it is further away than a day."""
        return -self._crossing_beyond(offset_s, -1.0)

    def _set_after(self, offset_s: float) -> float:
        return self._crossing_beyond(offset_s, +1.0)

    def _crossing_beyond(self, offset_s: float, direction: float) -> float:
        """Distance on the time axis, in ``direction``, to where the elevation falls below the limit; inf if nowhere."""
        steps_s = offset_s + direction * np.arange(0.0, _MAX_REACH_S, self._trajectory.search_step_s)
        below = np.flatnonzero(~(self._elevation(steps_s) >= self._lowest_deg))
        if not below.size:
            return math.inf
        first = max(int(below[0]), 1)
        bracket = np.sort(steps_s[first - 1 : first + 1])
        crossing_s = _bisect(self._above_lowest_deg, bracket[:1], bracket[1:], is_rise=direction < 0)
        return direction * float(crossing_s[0])

    def _describe(self, stretch: _Stretch) -> Pass:
        tca = self._start + timedelta(seconds=stretch.top_s)
        aos = self._start + timedelta(seconds=stretch.rise_s) if np.isfinite(stretch.rise_s) else None
        los = self._start + timedelta(seconds=stretch.set_s) if np.isfinite(stretch.set_s) else None
        top, at_aos, at_los = (self._tracker.look(time or tca, [0.0]) for time in (tca, aos, los))
        return Pass(
            satellite=self._trajectory.name,
            norad_cat_id=self._trajectory.norad_cat_id,
            aos=aos,
            tca=tca,
            los=los,
            max_elevation_deg=float(top.elevation_deg[0]),
            aos_azimuth_deg=float(at_aos.azimuth_deg[0]) if aos else None,
            los_azimuth_deg=float(at_los.azimuth_deg[0]) if los else None,
            element_age_s=self._trajectory.age_s(tca),
            part=stretch.part,
            parts=stretch.parts,
        )


def _bisect(
    height_deg: Callable[[FloatArray], FloatArray], low_s: FloatArray, high_s: FloatArray, is_rise: bool
) -> FloatArray:
    """Times at which the height crosses zero between the brackets' ends; NaN counts as below."""
    for _ in range(_BISECTIONS):
        middle_s = (low_s + high_s) / 2.0
        is_early = (height_deg(middle_s) >= 0.0) != is_rise
        low_s, high_s = np.where(is_early, middle_s, low_s), np.where(is_early, high_s, middle_s)
    return (low_s + high_s) / 2.0


def _top_s(stretch: _Stretch, rise_s: float, set_s: float, times_s: FloatArray, elevation_deg: FloatArray) -> float:
    """When a part of a stretch is highest, from samples of the stretch: at its top, or where a ridge cuts it off."""
    if rise_s <= stretch.top_s <= set_s:
        return stretch.top_s
    inside = np.flatnonzero((times_s >= rise_s) & (times_s <= set_s))
    highest = int(inside[np.argmax(elevation_deg[inside])])
    if highest == inside[0] and np.isfinite(rise_s):
        return rise_s
    return set_s if highest == inside[-1] and np.isfinite(set_s) else float(times_s[highest])
