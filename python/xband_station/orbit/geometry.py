# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a satellite stands as seen from the station: SGP4 through skyfield, geometric angles without refraction."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from sgp4.api import jday
from skyfield.api import load, wgs84
from skyfield.sgp4lib import theta_GMST1982
from skyfield.timelib import Timescale

from xband_core.errors import XbandError
from xband_station.orbit.elements import ElementSet

FloatArray = npt.NDArray[np.float64]
_SECONDS_PER_DAY = 86400.0


@functools.cache
def _timescale() -> Timescale:
    # The tables that skyfield ships: no network, UT1 predicted well enough (0.1 s is 0.05 km on the ground).
    return load.timescale(builtin=True)


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
    """Angles, range and range rate at each of the asked times; NaN where SGP4 has no answer (decayed)."""

    elevation_deg: FloatArray
    azimuth_deg: FloatArray  # from north through east, 0 to 360
    range_km: FloatArray
    range_rate_km_s: FloatArray  # positive when receding


class Tracker:
    """One satellite seen from one site. Earth-fixed throughout, so the range rate includes the Earth's rotation."""

    def __init__(self, elements: ElementSet, site: Site) -> None:
        self.elements = elements
        self.site = site
        self._satrec = elements.satrec()
        position = wgs84.latlon(site.latitude_deg, site.longitude_deg, site.altitude_m)
        self._site_km = np.asarray(position.itrs_xyz.km, dtype=np.float64)
        self._to_east_north_up = _east_north_up(site)

    def look(self, base_utc: datetime, offsets_s: npt.ArrayLike) -> Look:
        """Angles at ``base_utc`` plus each of ``offsets_s`` (shape (n,), SI seconds)."""
        offsets_days = np.atleast_1d(np.asarray(offsets_s, dtype=np.float64)) / _SECONDS_PER_DAY
        teme_km, teme_km_s = self._teme(base_utc, offsets_days)
        # TEME to Earth-fixed: one turn about the pole by Greenwich mean sidereal time of UT1 (polar motion is 10 m).
        base = _timescale().from_datetime(base_utc)
        theta_rad, theta_dot_rad_day = theta_GMST1982(base.whole, base.ut1_fraction + offsets_days)
        fixed_km, fixed_km_s = _turn(teme_km, theta_rad), _turn(teme_km_s, theta_rad)
        earth_rate_rad_s = theta_dot_rad_day / _SECONDS_PER_DAY
        fixed_km_s[0] += earth_rate_rad_s * fixed_km[1]
        fixed_km_s[1] -= earth_rate_rad_s * fixed_km[0]
        east, north, up = self._to_east_north_up @ (fixed_km - self._site_km[:, None])
        velocity = self._to_east_north_up @ fixed_km_s
        range_km = np.sqrt(east**2 + north**2 + up**2)
        return Look(
            elevation_deg=np.degrees(np.arcsin(up / range_km)),
            azimuth_deg=np.degrees(np.arctan2(east, north)) % 360.0,
            range_km=range_km,
            range_rate_km_s=(east * velocity[0] + north * velocity[1] + up * velocity[2]) / range_km,
        )

    def _teme(self, base_utc: datetime, offsets_days: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Position (km) and velocity (km/s), each of shape (3, n); NaN where SGP4 reports an error."""
        seconds = base_utc.second + base_utc.microsecond * 1e-6
        whole, fraction = jday(base_utc.year, base_utc.month, base_utc.day, base_utc.hour, base_utc.minute, seconds)
        error, position, velocity = self._satrec.sgp4_array(np.full_like(offsets_days, whole), fraction + offsets_days)
        position[error != 0] = np.nan
        return position.T, velocity.T


def _turn(vectors: FloatArray, angle_rad: FloatArray) -> FloatArray:
    """Components of vectors (shape (3, n)) on axes turned by the angle about the third."""
    sin, cos = np.sin(angle_rad), np.cos(angle_rad)
    return np.array([cos * vectors[0] + sin * vectors[1], cos * vectors[1] - sin * vectors[0], vectors[2]])


def _east_north_up(site: Site) -> FloatArray:
    """Rotation from Earth-fixed axes to the site's east, north and up (ellipsoid normal)."""
    latitude, longitude = np.radians(site.latitude_deg), np.radians(site.longitude_deg)
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(latitude), np.cos(latitude), np.sin(longitude), np.cos(longitude)
    return np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )
