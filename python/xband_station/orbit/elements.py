# SPDX-License-Identifier: GPL-3.0-or-later
"""One set of SGP4 mean elements, whichever file format it came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from sgp4.api import SGP4_ERRORS, WGS72, Satrec, jday

from xband_station.orbit.errors import OrbitError
from xband_station.orbit.frames import SECONDS_PER_DAY, FloatArray, States, teme_to_earth_fixed
from xband_station.orbit.geometry import Look, LookFunction, Site, look_at
from xband_station.orbit.identifiers import ALLOWED, normal_identifier

# SGP4's own zero of time.
_SGP4_EPOCH = datetime(1949, 12, 31, tzinfo=UTC)
_RAD_PER_DEG = math.pi / 180.0
_MINUTES_PER_DAY = 1440.0
# WGS72, the constants that SGP4 elements are made for.
_GM_KM3_S2 = 398600.8
_EARTH_RADIUS_KM = 6378.135
# Samples per revolution for a pass search; at the perigee of an eccentric orbit they lie closer, see search_step_s.
_SAMPLES_PER_REVOLUTION = 60


@dataclass(frozen=True)
class ElementSet:
    """Mean elements in the TEME frame for SGP4 (CCSDS 502.0-B-3, 4.2.4; Spacetrack Report No. 3).

    norad_cat_id: as normal_identifier writes it; sgp4 2.27 refuses numbers above 339999 while catalogues have them.
    mean_motion_dot_rev_day2, mean_motion_ddot_rev_day3: as TLE and CelesTrak write them (half and a sixth of the
    derivatives). SGP4 uses neither.
    source: "file:line" or "file: entry n", for messages.
    """

    name: str
    norad_cat_id: str
    international_designator: str
    epoch_utc: datetime
    mean_motion_rev_day: float
    eccentricity: float
    inclination_deg: float
    raan_deg: float
    argument_of_perigee_deg: float
    mean_anomaly_deg: float
    bstar_per_earth_radius: float
    mean_motion_dot_rev_day2: float
    mean_motion_ddot_rev_day3: float
    source: str

    def __post_init__(self) -> None:
        """Checks ranges. Raises OrbitError naming the source and the field."""
        if normal_identifier(self.norad_cat_id) != self.norad_cat_id:
            raise OrbitError(self.source, "norad_cat_id", f"{self.norad_cat_id!r} is not {ALLOWED}")
        # 17.5 rev/day would be inside the Earth's atmosphere; 0.05 rev/day lies beyond the Moon.
        self._check("mean_motion_rev_day", self.mean_motion_rev_day, 0.05, 17.5)
        self._check("eccentricity", self.eccentricity, 0.0, 0.999)
        self._check("inclination_deg", self.inclination_deg, 0.0, 180.0)
        for field in ("raan_deg", "argument_of_perigee_deg", "mean_anomaly_deg"):
            self._check(field, getattr(self, field), -360.0, 360.0)
        for field in ("bstar_per_earth_radius", "mean_motion_dot_rev_day2", "mean_motion_ddot_rev_day3"):
            self._check(field, getattr(self, field), -10.0, 10.0)
        # SGP4 itself does not mind an orbit through the Earth.
        semi_major_axis_km = (_GM_KM3_S2 * (self.period_s / (2.0 * math.pi)) ** 2) ** (1.0 / 3.0)
        perigee_altitude_km = semi_major_axis_km * (1.0 - self.eccentricity) - _EARTH_RADIUS_KM
        if perigee_altitude_km < 0.0:
            raise OrbitError(
                self.source, "eccentricity", f"perigee would lie {-perigee_altitude_km:.0f} km underground"
            )
        self.satrec()

    def _check(self, field: str, value: float, low: float, high: float) -> None:
        # Written so that NaN fails too.
        if not low <= value <= high:
            raise OrbitError(self.source, field, f"{value:g} is not within {low:g} to {high:g}")

    @property
    def period_s(self) -> float:
        """Time of one revolution in seconds."""
        return SECONDS_PER_DAY / self.mean_motion_rev_day

    # What follows makes an ElementSet a Trajectory (geometry.py).
    valid_from = None
    valid_until = None
    has_range = True

    @property
    def revolution_s(self) -> float:
        return self.period_s

    @property
    def search_step_s(self) -> float:
        """A fixed part of a circular revolution with the angular rate that the orbit has at perigee."""
        perigee_speedup = (1.0 + self.eccentricity) ** 2 / math.pow(1.0 - self.eccentricity**2, 1.5)
        return self.period_s / _SAMPLES_PER_REVOLUTION / perigee_speedup

    def identified(self, norad_cat_id: str, name: str) -> ElementSet:
        return replace(self, norad_cat_id=norad_cat_id, name=name)

    def seen_from(self, site: Site) -> LookFunction:
        """SGP4, turned to Earth-fixed axes."""
        satrec = self.satrec()

        def look(base_utc: datetime, offsets_s: FloatArray) -> Look:
            teme = _propagate(satrec, base_utc, offsets_s)
            return look_at(teme_to_earth_fixed(teme, base_utc, offsets_s), site)

        return look

    def age_s(self, at: datetime) -> float:
        """Seconds from the elements' epoch to ``at``; negative before the epoch."""
        return (at - self.epoch_utc).total_seconds()

    def satrec(self) -> Satrec:
        """The elements as sgp4's propagator. Raises OrbitError if SGP4 cannot start from them."""
        satrec = Satrec()
        satrec.sgp4init(
            WGS72,
            "i",  # improved mode, as all current catalogues assume
            0,  # surrogate: the true catalogue number may be too large, and the propagator does not need it
            (self.epoch_utc - _SGP4_EPOCH).total_seconds() / 86400.0,
            self.bstar_per_earth_radius,
            self.mean_motion_dot_rev_day2 * 2.0 * math.pi / _MINUTES_PER_DAY**2,
            self.mean_motion_ddot_rev_day3 * 2.0 * math.pi / _MINUTES_PER_DAY**3,
            self.eccentricity,
            self.argument_of_perigee_deg * _RAD_PER_DEG,
            self.inclination_deg * _RAD_PER_DEG,
            self.mean_anomaly_deg * _RAD_PER_DEG,
            self.mean_motion_rev_day * 2.0 * math.pi / _MINUTES_PER_DAY,
            self.raan_deg * _RAD_PER_DEG,
        )
        error, _, _ = satrec.sgp4_tsince(0.0)
        if satrec.error or error:
            raise OrbitError(self.source, "elements", f"SGP4 refuses them: {SGP4_ERRORS[satrec.error or error]}")
        return satrec


def _propagate(satrec: Satrec, base_utc: datetime, offsets_s: FloatArray) -> States:
    """TEME states; NaN where SGP4 reports an error."""
    seconds = base_utc.second + base_utc.microsecond * 1e-6
    whole, fraction = jday(base_utc.year, base_utc.month, base_utc.day, base_utc.hour, base_utc.minute, seconds)
    offsets_days = offsets_s / SECONDS_PER_DAY
    error, position, velocity = satrec.sgp4_array(np.full_like(offsets_days, whole), fraction + offsets_days)
    position[error != 0] = np.nan
    return States(position.T, velocity.T)
