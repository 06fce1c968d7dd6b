# SPDX-License-Identifier: GPL-3.0-or-later
"""What the age of elements costs: the expected error along the track, as time and as a share of the beam.

SGP4 elements miss the satellite mostly along its track, early or late, because the drag of the days to come is not
known. Measured on real catalogues (`xband bench orbits`, docs/orbits.md): the error that four of five sets stay below
grows as a constant, plus a linear and a square term in days, the lower the orbit the faster. Manoeuvres come on top.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from xband_station.orbit.elements import ElementSet
from xband_station.orbit.geometry import Trajectory

_GM_KM3_S2 = 398600.8
_EARTH_RADIUS_KM = 6378.135
# Mean altitude in km; error in km at once, per day, and per square day. Straight lines between them.
_GROWTH = np.array(
    [
        (400.0, 0.6, 0.0, 4.0),
        (500.0, 0.6, 0.0, 2.0),
        (600.0, 0.6, 0.6, 0.4),
        (700.0, 0.6, 0.2, 0.14),
        (825.0, 0.5, 0.2, 0.08),
        (1150.0, 0.4, 0.3, 0.15),
    ]
)
# Without knowing better: nominal up to a day, a warning after two, an alarm after three.
DEFAULT_HOURS = (24.0, 48.0, 72.0)
# Shares of a half-power beamwidth at the nearest point of an overhead pass: 0.1, 0.5 and 3 dB.
_NOMINAL_SHARE, _WARNING_SHARE, _ALARM_SHARE = 0.1, 0.2, 0.5
# However wide the beam, elements of such an age belong to a feed that has stopped; however narrow, new ones come
# a few times a day only.
_SHORTEST_HOURS = (6.0, 9.0, 12.0)
_LONGEST_HOURS = (72.0, 168.0, 336.0)


class AgeLevel(enum.Enum):
    NOMINAL = "nominal"
    AGEING = "ageing"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True)
class AgeLimits:
    """Ages at which a level ends: up to nominal_h it is nominal, from warning_h on a warning, from alarm_h an alarm."""

    nominal_h: float
    warning_h: float
    alarm_h: float

    def level(self, age_s: float) -> AgeLevel:
        """Elements from the future age as those from the past do."""
        hours = abs(age_s) / 3600.0
        if hours >= self.alarm_h:
            return AgeLevel.ALARM
        if hours >= self.warning_h:
            return AgeLevel.WARNING
        return AgeLevel.NOMINAL if hours <= self.nominal_h else AgeLevel.AGEING


@dataclass(frozen=True)
class AgeReport:
    """Age of one set and what it means. The errors are None for data that are no mean elements.

    time_error_s: early or late by this much; pointing_error_deg, beamwidth_share: where an overhead pass is nearest.
    """

    age_s: float
    level: AgeLevel
    limits: AgeLimits
    along_track_km: float | None = None
    time_error_s: float | None = None
    pointing_error_deg: float | None = None
    beamwidth_share: float | None = None

    @property
    def is_alarming(self) -> bool:
        """Whether an operator should hear of it."""
        return self.level in (AgeLevel.WARNING, AgeLevel.ALARM)

    @property
    def text(self) -> str:
        """One line for the operator."""
        limit_h = self.limits.alarm_h if self.level is AgeLevel.ALARM else self.limits.warning_h
        age_h = self.age_s / 3600.0
        text = f"{self.level.value}: orbit data are {age_h:.0f} h from this time, the limit is {limit_h:.0f} h"
        if self.beamwidth_share is None or self.time_error_s is None:
            return text
        return f"{text}; expect {self.time_error_s:.1f} s and {self.beamwidth_share:.1f} beamwidths"


def along_track_error_km(altitude_km: float, age_s: float) -> float:
    """The error that four of five sets of this age stay below, without manoeuvres."""
    days = abs(age_s) / 86400.0
    constant, linear, square = (
        float(np.interp(altitude_km, _GROWTH[:, 0], _GROWTH[:, column])) for column in (1, 2, 3)
    )
    return constant + linear * days + square * days**2


def mean_altitude_km(elements: ElementSet) -> float:
    """Of the semi-major axis."""
    return _semi_major_axis_km(elements) - _EARTH_RADIUS_KM


def age_limits(elements: ElementSet, beamwidth_deg: float) -> AgeLimits:
    """The default limits, tightened for a narrow beam and a low orbit, relaxed for a wide and a high one."""
    return _limits(mean_altitude_km(elements), math.radians(beamwidth_deg) * _perigee_altitude_km(elements))


def circular_limits(altitude_km: float, beamwidth_deg: float) -> AgeLimits:
    """The same for a circular orbit."""
    return _limits(altitude_km, math.radians(beamwidth_deg) * altitude_km)


def _limits(altitude_km: float, km_per_beamwidth: float) -> AgeLimits:
    hours = [
        min(max(_hours_until(altitude_km, share * km_per_beamwidth), shortest), longest)
        for share, shortest, longest in zip(
            (_NOMINAL_SHARE, _WARNING_SHARE, _ALARM_SHARE), _SHORTEST_HOURS, _LONGEST_HOURS, strict=True
        )
    ]
    return AgeLimits(*hours)


def assess(trajectory: Trajectory, at: datetime, beamwidth_deg: float | None = None) -> AgeReport:
    """What the age at this time means for an antenna with this beamwidth (None: not known)."""
    age_s = trajectory.age_s(at)
    limits = AgeLimits(*DEFAULT_HOURS)
    if not isinstance(trajectory, ElementSet):
        return AgeReport(age_s, limits.level(age_s), limits)
    if beamwidth_deg:
        limits = age_limits(trajectory, beamwidth_deg)
    # Nobody can be farther off than on the other side of the orbit.
    half_orbit_km = math.pi * _semi_major_axis_km(trajectory)
    error_km = min(along_track_error_km(mean_altitude_km(trajectory), age_s), half_orbit_km)
    pointing_error_deg = math.degrees(math.atan2(error_km, _perigee_altitude_km(trajectory)))
    return AgeReport(
        age_s=age_s,
        level=limits.level(age_s),
        limits=limits,
        along_track_km=error_km,
        time_error_s=error_km / math.sqrt(_GM_KM3_S2 / _semi_major_axis_km(trajectory)),
        pointing_error_deg=pointing_error_deg,
        beamwidth_share=pointing_error_deg / beamwidth_deg if beamwidth_deg else None,
    )


def _semi_major_axis_km(elements: ElementSet) -> float:
    return float((_GM_KM3_S2 * (elements.period_s / (2.0 * math.pi)) ** 2) ** (1.0 / 3.0))


def _perigee_altitude_km(elements: ElementSet) -> float:
    return _semi_major_axis_km(elements) * (1.0 - elements.eccentricity) - _EARTH_RADIUS_KM


def _hours_until(altitude_km: float, error_km: float) -> float:
    """Age at which the expected error reaches this, by bisection; 0 if it is never smaller."""
    low_h, high_h = 0.0, timedelta(days=60) / timedelta(hours=1)
    for _ in range(50):
        middle_h = (low_h + high_h) / 2.0
        if along_track_error_km(altitude_km, middle_h * 3600.0) < error_km:
            low_h = middle_h
        else:
            high_h = middle_h
    return low_h
