# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a satellite stands as seen from the station, whatever kind of orbit data says so."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt
from skyfield.api import wgs84

from xband_core.errors import XbandError
from xband_station.orbit.frames import FloatArray, States
from xband_station.orbit.refraction import Atmosphere


@dataclass(frozen=True)
class Site:
    """A place on the WGS84 ellipsoid."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float

    def __post_init__(self) -> None:
        limits = {"latitude_deg": (-90.0, 90.0), "longitude_deg": (-180.0, 360.0), "altitude_m": (-500.0, 9000.0)}
        for field, (low, high) in limits.items():
            if not low <= getattr(self, field) <= high:
                raise XbandError(f"{field}: {getattr(self, field):g} is not within {low:g} to {high:g}")


@dataclass(frozen=True)
class Look:
    """Angles, range and range rate at each of the asked times; NaN where the orbit data have no answer.

    No answer: SGP4 says that the satellite has decayed, the time lies outside of an ephemeris or a table, or the
    table has no ranges.
    """

    elevation_deg: FloatArray
    azimuth_deg: FloatArray  # from north through east, 0 to 360
    range_km: FloatArray
    range_rate_km_s: FloatArray  # positive when receding


LookFunction = Callable[[datetime, FloatArray], Look]


class Trajectory(Protocol):
    """One set of orbit data of one satellite: mean elements, an ephemeris or a table of angles.

    norad_cat_id: identifier as text, decimal digits for a catalogue number. source: "file:line", for messages.
    epoch_utc: when the data were true, for their age. valid_from, valid_until: None where the data set no limit.
    search_step_s: a pass search with samples this far apart misses no maximum; revolution_s: time of one turn.
    has_range: False for tables of angles alone, which can point an antenna but tell no Doppler shift.
    """

    @property
    def name(self) -> str: ...
    @property
    def norad_cat_id(self) -> str: ...
    @property
    def international_designator(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def epoch_utc(self) -> datetime: ...
    @property
    def valid_from(self) -> datetime | None: ...
    @property
    def valid_until(self) -> datetime | None: ...
    @property
    def search_step_s(self) -> float: ...
    @property
    def revolution_s(self) -> float: ...
    @property
    def has_range(self) -> bool: ...

    def age_s(self, at: datetime) -> float:
        """Seconds from the data's epoch to ``at``; negative before the epoch."""
        ...

    def identified(self, norad_cat_id: str, name: str) -> Trajectory:
        """The same data under another identifier and name."""
        ...

    def seen_from(self, site: Site) -> LookFunction:
        """A function of a base (UTC) and offsets in SI seconds (shape (n,)) that gives geometric angles."""
        ...


class Tracker:
    """One satellite seen from one site. Earth-fixed throughout, so the range rate includes the Earth's rotation.

    atmosphere: None for geometric elevations, otherwise they are what an antenna must point at (refracted).
    """

    def __init__(self, trajectory: Trajectory, site: Site, atmosphere: Atmosphere | None = None) -> None:
        self.trajectory = trajectory
        self.site = site
        self.atmosphere = atmosphere
        self._look = trajectory.seen_from(site)

    def look(self, base_utc: datetime, offsets_s: npt.ArrayLike) -> Look:
        """Angles at ``base_utc`` plus each of ``offsets_s`` (shape (n,), SI seconds)."""
        look = self._look(base_utc, np.atleast_1d(np.asarray(offsets_s, dtype=np.float64)))
        if self.atmosphere is None:
            return look
        return replace(look, elevation_deg=self.atmosphere.apparent_deg(look.elevation_deg))


def look_at(states: States, site: Site) -> Look:
    """Geometric angles from the site to Earth-fixed states of shape (3, n)."""
    site_km, to_east_north_up = _station_axes(site)
    east, north, up = to_east_north_up @ (states.position_km - site_km[:, None])
    velocity = to_east_north_up @ states.velocity_km_s
    range_km = np.sqrt(east**2 + north**2 + up**2)
    return Look(
        elevation_deg=np.degrees(np.arcsin(up / range_km)),
        azimuth_deg=np.degrees(np.arctan2(east, north)) % 360.0,
        range_km=range_km,
        range_rate_km_s=(east * velocity[0] + north * velocity[1] + up * velocity[2]) / range_km,
    )


@functools.lru_cache(maxsize=16)
def _station_axes(site: Site) -> tuple[FloatArray, FloatArray]:
    """Earth-fixed position, and the rotation to the site's east, north and up (ellipsoid normal)."""
    position = wgs84.latlon(site.latitude_deg, site.longitude_deg, site.altitude_m)
    latitude, longitude = np.radians(site.latitude_deg), np.radians(site.longitude_deg)
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(latitude), np.cos(latitude), np.sin(longitude), np.cos(longitude)
    axes = np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )
    return np.asarray(position.itrs_xyz.km, dtype=np.float64), axes
