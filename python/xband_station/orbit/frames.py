# SPDX-License-Identifier: GPL-3.0-or-later
"""Time scales and reference frames, all through skyfield: from where an orbit is given to the turning Earth."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from skyfield import framelib
from skyfield.api import load
from skyfield.sgp4lib import theta_GMST1982
from skyfield.timelib import Time, Timescale

FloatArray = npt.NDArray[np.float64]
SECONDS_PER_DAY = 86400.0
# Frame names of CCSDS messages (SANA registry "Celestial Body Reference Frames") that we can turn to Earth-fixed axes.
_EARTH_FIXED = ("ITRF", "ITRF93", "ITRF97", "ITRF2000", "ITRF2005", "ITRF2008", "ITRF2014", "ITRF2020", "WGS84")
_CELESTIAL = ("EME2000", "J2000", "ICRF", "GCRF")
_TEME = ("TEME", "TEMEOFDATE")
FRAMES = (*_EARTH_FIXED, *_CELESTIAL, *_TEME)


@dataclass(frozen=True)
class States:
    """Positions in km and velocities in km/s, each of shape (3, n)."""

    position_km: FloatArray
    velocity_km_s: FloatArray


@functools.cache
def timescale() -> Timescale:
    """The tables that skyfield ships: no network, UT1 predicted well enough (0.1 s is 0.05 km on the ground)."""
    return load.timescale(builtin=True)


def to_earth_fixed(states: States, frame: str, base_utc: datetime, offsets_s: FloatArray) -> States:
    """Turns states of shape (3, n) at these times out of one of FRAMES. The ITRFs differ by centimetres: all one."""
    if frame in _EARTH_FIXED:
        return states
    if frame in _CELESTIAL:
        return celestial_to_earth_fixed(states, base_utc, offsets_s)
    return teme_to_earth_fixed(states, base_utc, offsets_s)


def teme_to_earth_fixed(teme: States, base_utc: datetime, offsets_s: FloatArray) -> States:
    """One turn about the pole by Greenwich mean sidereal time of UT1 (polar motion, left out, is 10 m)."""
    base = timescale().from_datetime(base_utc)
    theta_rad, theta_dot_rad_day = theta_GMST1982(base.whole, base.ut1_fraction + offsets_s / SECONDS_PER_DAY)
    position_km, velocity_km_s = _turn(teme.position_km, theta_rad), _turn(teme.velocity_km_s, theta_rad)
    earth_rate_rad_s = theta_dot_rad_day / SECONDS_PER_DAY
    velocity_km_s[0] += earth_rate_rad_s * position_km[1]
    velocity_km_s[1] -= earth_rate_rad_s * position_km[0]
    return States(position_km, velocity_km_s)


def celestial_to_earth_fixed(celestial: States, base_utc: datetime, offsets_s: FloatArray) -> States:
    """GCRF axes to Earth-fixed ones: precession, nutation and the Earth's turn.

    EME2000 is taken for GCRF: they differ by 0.02 arcseconds, 0.7 m in a low orbit.
    """
    times = times_at(base_utc, offsets_s)
    turn = framelib.itrs.rotation_at(times)
    position_km = np.einsum("ijn,jn->in", turn, celestial.position_km)
    velocity_km_s = np.einsum("ijn,jn->in", turn, celestial.velocity_km_s)
    velocity_km_s += framelib.itrs._dRdt_times_RT_at(times) @ position_km / SECONDS_PER_DAY
    return States(position_km, velocity_km_s)


def times_at(base_utc: datetime, offsets_s: FloatArray) -> Time:
    """skyfield's times of ``base_utc`` plus each offset in SI seconds."""
    base = timescale().from_datetime(base_utc)
    return timescale().tt_jd(base.whole, base.tt_fraction + offsets_s / SECONDS_PER_DAY)


def _turn(vectors: FloatArray, angle_rad: FloatArray) -> FloatArray:
    """Components of vectors (shape (3, n)) on axes turned by the angle about the third."""
    sin, cos = np.sin(angle_rad), np.cos(angle_rad)
    return np.array([cos * vectors[0] + sin * vectors[1], cos * vectors[1] - sin * vectors[0], vectors[2]])
