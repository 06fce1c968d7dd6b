# SPDX-License-Identifier: GPL-3.0-or-later
"""One set of SGP4 mean elements, whichever file format it came from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from sgp4.api import SGP4_ERRORS, WGS72, Satrec

from xband_core.errors import XbandError

# SGP4's own zero of time.
_SGP4_EPOCH = datetime(1949, 12, 31, tzinfo=UTC)
_RAD_PER_DEG = math.pi / 180.0
_MINUTES_PER_DAY = 1440.0
# WGS72, the constants that SGP4 elements are made for.
_GM_KM3_S2 = 398600.8
_EARTH_RADIUS_KM = 6378.135


class OrbitError(XbandError):
    """Orbit data that cannot be used: file, line or entry, field, value and limit are in the text."""

    def __init__(self, where: str, field: str, problem: str) -> None:
        super().__init__(f"{where}: {field}: {problem}" if field else f"{where}: {problem}")
        self.where = where
        self.field = field
        self.problem = problem


@dataclass(frozen=True)
class ElementSet:
    """Mean elements in the TEME frame for SGP4 (CCSDS 502.0-B-3, 4.2.4; Spacetrack Report No. 3).

    norad_cat_id: decimal digits as a string, because sgp4 2.27 refuses numbers above 339999 while catalogues have them.
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
        if not (self.norad_cat_id.isascii() and self.norad_cat_id.isdigit() and len(self.norad_cat_id) <= 9):
            raise OrbitError(self.source, "norad_cat_id", f"{self.norad_cat_id!r} is not a number of 1 to 9 digits")
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
        return 86400.0 / self.mean_motion_rev_day

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
