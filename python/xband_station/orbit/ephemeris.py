# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of positions and velocities, as operators send it for their own satellites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from xband_station.orbit.ccsds_time import to_utc, utc_atomic_s
from xband_station.orbit.frames import SECONDS_PER_DAY, FloatArray, States, to_earth_fixed
from xband_station.orbit.geometry import Look, LookFunction, Site, look_at
from xband_station.orbit.interpolation import interpolate

# Samples per revolution for a pass search, counted at the fastest place of the orbit.
_SAMPLES_PER_REVOLUTION = 60
# A satellite that hardly moves against the ground (geostationary) is looked at this often.
_LONGEST_STEP_S = 1800.0


@dataclass(frozen=True, eq=False)
class EphemerisSegment:
    """States of one stretch without a manoeuvre. Times are seconds of TAI (ccsds_time.py).

    start_s, stop_s: the useable span; nodes_s: times of the states, shape (n,); position_km, velocity_km_s: (3, n).
    """

    frame: str
    start_s: float
    stop_s: float
    nodes_s: FloatArray
    position_km: FloatArray
    velocity_km_s: FloatArray
    is_hermite: bool
    degree: int

    def states(self, times_s: FloatArray) -> States:
        """Interpolated states, shape (3, n) each, in the segment's frame; NaN outside of the nodes."""
        if self.is_hermite:
            return States(*interpolate(self.nodes_s, self.position_km, self.velocity_km_s, times_s, self.degree))
        both = np.concatenate([self.position_km, self.velocity_km_s])
        values, _ = interpolate(self.nodes_s, both, None, times_s, self.degree)
        return States(values[:3], values[3:])


@dataclass(frozen=True, eq=False)
class Ephemeris:
    """All segments of one satellite, in order of time; a Trajectory (geometry.py).

    epoch_utc: when the message was made, which is what its predictions age from.
    """

    name: str
    norad_cat_id: str
    international_designator: str
    epoch_utc: datetime
    source: str
    segments: tuple[EphemerisSegment, ...]

    has_range = True

    @property
    def valid_from(self) -> datetime:
        return to_utc(min(segment.start_s for segment in self.segments))

    @property
    def valid_until(self) -> datetime:
        return to_utc(max(segment.stop_s for segment in self.segments))

    @property
    def revolution_s(self) -> float:
        return min(2.0 * np.pi / max(float(np.median(self._turn_rates())), 1e-9), SECONDS_PER_DAY)

    @property
    def search_step_s(self) -> float:
        fastest = max(float(self._turn_rates().max()), 1e-9)
        return min(2.0 * np.pi / fastest / _SAMPLES_PER_REVOLUTION, _LONGEST_STEP_S)

    def _turn_rates(self) -> FloatArray:
        """Angular rate about the Earth's centre at each state, rad/s in the frame it is given in."""
        position = np.concatenate([segment.position_km for segment in self.segments], axis=1)
        velocity = np.concatenate([segment.velocity_km_s for segment in self.segments], axis=1)
        momentum = np.linalg.norm(np.cross(position.T, velocity.T), axis=1)
        return np.asarray(momentum / np.sum(position**2, axis=0))

    def age_s(self, at: datetime) -> float:
        return (at - self.epoch_utc).total_seconds()

    def identified(self, norad_cat_id: str, name: str) -> Ephemeris:
        return replace(self, norad_cat_id=norad_cat_id, name=name)

    def seen_from(self, site: Site) -> LookFunction:
        def look(base_utc: datetime, offsets_s: FloatArray) -> Look:
            return look_at(self._earth_fixed(base_utc, offsets_s), site)

        return look

    def _earth_fixed(self, base_utc: datetime, offsets_s: FloatArray) -> States:
        times_s = utc_atomic_s(base_utc) + offsets_s
        result = States(np.full((3, len(times_s)), np.nan), np.full((3, len(times_s)), np.nan))
        for segment in self.segments:
            # At a common end of two segments the later one counts: it knows what a manoeuvre there has changed.
            inside = (times_s >= segment.start_s) & (times_s <= segment.stop_s)
            if inside.any():
                fixed = to_earth_fixed(segment.states(times_s[inside]), segment.frame, base_utc, offsets_s[inside])
                result.position_km[:, inside] = fixed.position_km
                result.velocity_km_s[:, inside] = fixed.velocity_km_s
        return result
