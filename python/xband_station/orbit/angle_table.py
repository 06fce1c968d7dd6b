# SPDX-License-Identifier: GPL-3.0-or-later
"""Time-tagged azimuth and elevation for one station, from somebody who knows better than any elements where to look.

The form is that of AWS Ground Station (API types AzElEphemeris, AzElSegment, TimeAzEl): JSON with segments of points at
offsets in atomic seconds from a UTC epoch, at least five in each, to be interpolated with Lagrange's polynomial of
fourth order. We ask for the satellite's name and number besides, and take ranges for Doppler when they are there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from xband_station.orbit.ccsds_time import EXAMPLE, atomic_s, to_utc, utc_atomic_s
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.frames import FloatArray
from xband_station.orbit.geometry import Look, LookFunction, Site
from xband_station.orbit.identifiers import ALLOWED, normal_identifier
from xband_station.orbit.interpolation import interpolate

_DEGREE = 4
_MIN_POINTS = _DEGREE + 1
_MAX_SEGMENTS = 100
# However dense the points are: no antenna and no pass search needs more than one a second.
_SHORTEST_STEP_S = 1.0
_UNITS_DEG = {"DEGREE_ANGLE": 1.0, "RADIAN": math.degrees(1.0)}
SEGMENTS_KEY = "azElSegmentList"
# The list may lie within these keys of a request to the service, one in the other.
_WRAPPERS = ("ephemeris", "azEl", "data", "azElData")


@dataclass(frozen=True, eq=False)
class AngleSegment:
    """Points of one stretch of time, in seconds of TAI (ccsds_time.py).

    angles_deg: azimuth (unwrapped) and elevation, shape (2, n); range_km: shape (1, n), or None.
    """

    start_s: float
    stop_s: float
    nodes_s: FloatArray
    angles_deg: FloatArray
    range_km: FloatArray | None


@dataclass(frozen=True, eq=False)
class AngleTable:
    """All segments, in order of time; a Trajectory (geometry.py). The angles are taken as geometric.

    It holds for the one station it was made for: that is the giver's business, the table itself does not tell.
    """

    name: str
    norad_cat_id: str
    epoch_utc: datetime
    source: str
    segments: tuple[AngleSegment, ...]

    international_designator = ""

    @property
    def has_range(self) -> bool:
        return all(segment.range_km is not None for segment in self.segments)

    @property
    def valid_from(self) -> datetime:
        return to_utc(self.segments[0].start_s)

    @property
    def valid_until(self) -> datetime:
        return to_utc(self.segments[-1].stop_s)

    @property
    def revolution_s(self) -> float:
        return self.segments[-1].stop_s - self.segments[0].start_s

    @property
    def search_step_s(self) -> float:
        step_s = min(float(np.median(np.diff(segment.nodes_s))) for segment in self.segments)
        return max(step_s, _SHORTEST_STEP_S)

    def age_s(self, at: datetime) -> float:
        return (at - self.epoch_utc).total_seconds()

    def identified(self, norad_cat_id: str, name: str) -> AngleTable:
        return replace(self, norad_cat_id=norad_cat_id, name=name)

    def seen_from(self, site: Site) -> LookFunction:
        return self._look

    def _look(self, base_utc: datetime, offsets_s: FloatArray) -> Look:
        times_s = utc_atomic_s(base_utc) + offsets_s
        azimuth_deg, elevation_deg, range_km, rate_km_s = (np.full(len(times_s), np.nan) for _ in range(4))
        for segment in self.segments:
            inside = (times_s >= segment.start_s) & (times_s <= segment.stop_s)
            angles_deg, _ = interpolate(segment.nodes_s, segment.angles_deg, None, times_s[inside], _DEGREE)
            azimuth_deg[inside], elevation_deg[inside] = angles_deg[0] % 360.0, np.clip(angles_deg[1], -90.0, 90.0)
            if segment.range_km is not None:
                ranges, rates = interpolate(segment.nodes_s, segment.range_km, None, times_s[inside], _DEGREE)
                range_km[inside], rate_km_s[inside] = ranges[0], rates[0]
        return Look(elevation_deg, azimuth_deg, range_km, rate_km_s)


def parse_angle_table(text: str, file: str) -> Iterator[AngleTable]:
    """Reads one table. Raises OrbitError naming file, segment, point and field."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise OrbitError(f"{file}:{error.lineno}", "", f"not valid JSON: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise OrbitError(file, "", f"not valid JSON: {error}") from None
    outer = _Entry(content, file)
    table = outer
    while SEGMENTS_KEY not in table.values and (key := next((k for k in _WRAPPERS if k in table.values), None)):
        table = _Entry(table.values[key], file)
    raw_id = outer.text("norad_cat_id")
    identifier = normal_identifier(raw_id)
    if identifier is None:
        raise OrbitError(file, "norad_cat_id", f"{raw_id[:40]!r} is not {ALLOWED}")
    unit = table.text("angleUnit")
    if unit not in _UNITS_DEG:
        raise OrbitError(file, "angleUnit", f"{unit[:40]!r} is not one of {', '.join(_UNITS_DEG)}")
    listed = table.entries(SEGMENTS_KEY, "segment")
    if not 1 <= len(listed) <= _MAX_SEGMENTS:
        raise OrbitError(file, SEGMENTS_KEY, f"{len(listed)} segments are not within 1 to {_MAX_SEGMENTS}")
    segments = tuple(_read_segment(entry, _UNITS_DEG[unit]) for entry in listed)
    for before, after, entry in zip(segments, segments[1:], listed[1:], strict=False):
        if after.start_s < before.stop_s:
            raise OrbitError(entry.where, "validTimeRange", "begins before the segment before it ends")
    created = outer.text("created") if "created" in outer.values else ""
    epoch_s = _seconds(created, file, "created") if created else segments[0].start_s
    name = outer.text("satellite") if "satellite" in outer.values else identifier
    yield AngleTable(name, identifier, to_utc(epoch_s), file, segments)


class _Entry:
    """One JSON object, with its place for messages."""

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, Mapping):
            raise OrbitError(where, "", "is not an object")
        self.values = content
        self.where = where

    def text(self, key: str) -> str:
        value = self._given(key)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise OrbitError(self.where, key, "is not a text")
        return str(value)

    def number(self, key: str, low: float, high: float) -> float:
        value = self._given(key)
        # Written so that NaN fails too.
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise OrbitError(self.where, key, f"{str(value)[:40]} is not a number within {low:g} to {high:g}")
        return float(value)

    def entries(self, key: str, kind: str) -> list[_Entry]:
        value = self._given(key)
        if not isinstance(value, list):
            raise OrbitError(self.where, key, "is not a list")
        return [_Entry(one, f"{self.where}: {kind} {number}") for number, one in enumerate(value, 1)]

    def entry(self, key: str) -> _Entry:
        return _Entry(self._given(key), f"{self.where}: {key}")

    def _given(self, key: str) -> Any:
        if key not in self.values:
            raise OrbitError(self.where, key, "is missing")
        return self.values[key]


def _read_segment(entry: _Entry, unit_deg: float) -> AngleSegment:
    epoch_s = _seconds(entry.text("referenceEpoch"), entry.where, "referenceEpoch")
    span = entry.entry("validTimeRange")
    start_s, stop_s = (_seconds(span.text(key), span.where, key) for key in ("startTime", "endTime"))
    points = entry.entries("azElList", "point")
    if len(points) < _MIN_POINTS:
        raise OrbitError(entry.where, "azElList", f"{len(points)} points, at least {_MIN_POINTS} are needed")
    nodes_s = np.array([epoch_s + point.number("dt", -1e8, 1e8) for point in points])
    not_rising = np.flatnonzero(np.diff(nodes_s) <= 0.0)
    if not_rising.size:
        raise OrbitError(points[int(not_rising[0]) + 1].where, "dt", "is not after the point before it")
    if start_s >= stop_s:
        raise OrbitError(span.where, "endTime", "is not after startTime")
    # Times are written in milliseconds, so that much may be missing.
    if start_s < nodes_s[0] - 1e-3 or stop_s > nodes_s[-1] + 1e-3:
        raise OrbitError(span.where, "", "the points do not cover it")
    azimuth = [point.number("az", -180.0 / unit_deg, 360.0 / unit_deg) for point in points]
    elevation = [point.number("el", -90.0 / unit_deg, 90.0 / unit_deg) for point in points]
    with_range = ["range_km" in point.values for point in points]
    if any(with_range) and not all(with_range):
        raise OrbitError(points[with_range.index(False)].where, "range_km", "is missing, other points have it")
    ranges = [point.number("range_km", 1.0, 1e6) for point in points] if with_range[0] else None
    return AngleSegment(
        start_s=max(start_s, float(nodes_s[0])),
        stop_s=min(stop_s, float(nodes_s[-1])),
        nodes_s=nodes_s,
        angles_deg=np.array([np.unwrap(np.array(azimuth) * unit_deg, period=360.0), np.array(elevation) * unit_deg]),
        range_km=np.array([ranges]) if ranges else None,
    )


def _seconds(raw: str, where: str, key: str) -> float:
    try:
        return atomic_s(raw)
    except (ValueError, OverflowError):
        raise OrbitError(where, key, f"{raw[:40]!r} is not a UTC time like {EXAMPLE}Z") from None
