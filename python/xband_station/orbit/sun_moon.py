# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Sun and Moon stand, to 0.02 degrees, without an ephemeris file.

Source: Sun: The Astronomical Almanac, "Low precision formulas for the Sun's coordinates" (1950 to 2050). Moon:
J. Meeus, Astronomical Algorithms, 2nd ed., chapter 47, the terms of more than 0.002 degrees. Both are of the mean
equinox of date and turn with Greenwich mean sidereal time; what nutation does to either cancels.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import numpy as np
from skyfield.sgp4lib import theta_GMST1982

from xband_station.orbit.frames import FloatArray, States, times_at
from xband_station.orbit.geometry import Look, Site, look_at

_J2000 = 2451545.0
_DAYS_PER_CENTURY = 36525.0
_AU_KM = 149597870.7


class Body(Enum):
    SUN = "Sun"
    MOON = "Moon"


# Multiples of D, M, M' and F; longitude in 1e-6 degrees; distance in metres (Meeus, table 47.A).
_LONGITUDE_DISTANCE = np.array(
    [
        (0, 0, 1, 0, 6288774, -20905355),
        (2, 0, -1, 0, 1274027, -3699111),
        (2, 0, 0, 0, 658314, -2955968),
        (0, 0, 2, 0, 213618, -569925),
        (0, 1, 0, 0, -185116, 48888),
        (0, 0, 0, 2, -114332, -3149),
        (2, 0, -2, 0, 58793, 246158),
        (2, -1, -1, 0, 57066, -152138),
        (2, 0, 1, 0, 53322, -170733),
        (2, -1, 0, 0, 45758, -204586),
        (0, 1, -1, 0, -40923, -129620),
        (1, 0, 0, 0, -34720, 108743),
        (0, 1, 1, 0, -30383, 104755),
        (2, 0, 0, -2, 15327, 10321),
        (0, 0, 1, 2, -12528, 0),
        (0, 0, 1, -2, 10980, 79661),
        (4, 0, -1, 0, 10675, -34782),
        (0, 0, 3, 0, 10034, -23210),
        (4, 0, -2, 0, 8548, -21636),
        (2, 1, -1, 0, -7888, 24208),
        (2, 1, 0, 0, -6766, 30824),
        (1, 0, -1, 0, -5163, -8379),
        (1, 1, 0, 0, 4987, -16675),
        (2, -1, 1, 0, 4036, -12831),
        (2, 0, 2, 0, 3994, -10445),
        (4, 0, 0, 0, 3861, -11650),
        (2, 0, -3, 0, 3665, 14403),
        (0, 1, -2, 0, -2689, -7003),
        (2, 0, -1, 2, -2602, 0),
        (2, -1, -2, 0, 2390, 10056),
        (1, 0, 1, 0, -2348, 6322),
        (2, -2, 0, 0, 2236, -9884),
    ]
)
# Multiples of D, M, M' and F; latitude in 1e-6 degrees (Meeus, table 47.B).
_LATITUDE = np.array(
    [
        (0, 0, 0, 1, 5128122),
        (0, 0, 1, 1, 280602),
        (0, 0, 1, -1, 277693),
        (2, 0, 0, -1, 173237),
        (2, 0, -1, 1, 55413),
        (2, 0, -1, -1, 46271),
        (2, 0, 0, 1, 32573),
        (0, 0, 2, 1, 17198),
        (2, 0, 1, -1, 9266),
        (0, 0, 2, -1, 8822),
        (2, -1, 0, -1, 8216),
        (2, 0, -2, -1, 4324),
        (2, 0, 1, 1, 4200),
        (2, 1, 0, -1, -3359),
        (2, -1, -1, 1, 2463),
        (2, -1, 0, 1, 2211),
        (2, -1, -1, -1, 2065),
    ]
)
_MEAN_DISTANCE_KM = 385000.56


def look_at_body(body: Body, site: Site, base_utc: datetime, offsets_s: FloatArray) -> Look:
    """Geometric angles from the site at ``base_utc`` plus each offset (SI seconds). The range rate is not given (0)."""
    times = times_at(base_utc, offsets_s)
    days = (times.whole - _J2000) + times.tt_fraction
    direction = _sun(days) if body is Body.SUN else _moon(days)
    sidereal_rad, _ = theta_GMST1982(times.whole, times.ut1_fraction)
    sin, cos = np.sin(sidereal_rad), np.cos(sidereal_rad)
    x, y, z = direction
    fixed_km = np.array([cos * x + sin * y, cos * y - sin * x, z])
    return look_at(States(fixed_km, np.zeros_like(fixed_km)), site)


def _sun(days: FloatArray) -> FloatArray:
    """Equatorial position of date in km, shape (3, n); days of terrestrial time since J2000."""
    mean_longitude_deg = 280.460 + 0.9856474 * days
    anomaly_rad = np.radians(357.528 + 0.9856003 * days)
    longitude_deg = mean_longitude_deg + 1.915 * np.sin(anomaly_rad) + 0.020 * np.sin(2.0 * anomaly_rad)
    distance_km = _AU_KM * (1.00014 - 0.01671 * np.cos(anomaly_rad) - 0.00014 * np.cos(2.0 * anomaly_rad))
    return _equatorial(days, longitude_deg, np.zeros_like(days), distance_km)


def _moon(days: FloatArray) -> FloatArray:
    """Equatorial position of date in km, shape (3, n); days of terrestrial time since J2000."""
    t = days / _DAYS_PER_CENTURY
    mean_longitude_deg = 218.3164477 + 481267.88123421 * t - 0.0015786 * t**2
    elongation = 297.8501921 + 445267.1114034 * t - 0.0018819 * t**2
    sun_anomaly = 357.5291092 + 35999.0502909 * t - 0.0001536 * t**2
    moon_anomaly = 134.9633964 + 477198.8675055 * t + 0.0087414 * t**2
    node_distance = 93.2720950 + 483202.0175233 * t - 0.0036539 * t**2
    arguments = np.radians(np.array([elongation, sun_anomaly, moon_anomaly, node_distance]))
    # The Earth's orbit grows rounder: terms with the Sun's anomaly shrink (Meeus, 47.6).
    roundness = 1.0 - 0.002516 * t - 0.0000074 * t**2
    sine_terms = _LONGITUDE_DISTANCE[:, :4] @ arguments
    weights = roundness ** np.abs(_LONGITUDE_DISTANCE[:, 1:2])
    longitude_deg = mean_longitude_deg + 1e-6 * (_LONGITUDE_DISTANCE[:, 4] @ (weights * np.sin(sine_terms)))
    distance_km = _MEAN_DISTANCE_KM + 1e-3 * (_LONGITUDE_DISTANCE[:, 5] @ (weights * np.cos(sine_terms)))
    latitude_weights = roundness ** np.abs(_LATITUDE[:, 1:2])
    latitude_deg = 1e-6 * (_LATITUDE[:, 4] @ (latitude_weights * np.sin(_LATITUDE[:, :4] @ arguments)))
    return _equatorial(days, longitude_deg, latitude_deg, distance_km)


def _equatorial(
    days: FloatArray, longitude_deg: FloatArray, latitude_deg: FloatArray, distance_km: FloatArray
) -> FloatArray:
    """From ecliptic to equator, both of date."""
    obliquity_rad = np.radians(23.439 - 0.0000004 * days)
    longitude, latitude = np.radians(longitude_deg), np.radians(latitude_deg)
    x, y, z = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)
    sin, cos = np.sin(obliquity_rad), np.cos(obliquity_rad)
    return np.array([x, cos * y - sin * z, sin * y + cos * z]) * distance_km
