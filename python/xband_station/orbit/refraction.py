# SPDX-License-Identifier: GPL-3.0-or-later
"""Bending of radio waves in the atmosphere: an antenna must point a little above where the satellite is.

Source: T. Saemundsson, Sky and Telescope 72 (1986), as given by J. Meeus, Astronomical Algorithms, 2nd ed., equation
16.4. It holds for light; radio waves bend more in moist air, in the ratio of the refractivities (ITU-R P.453-14,
equations 1 and 2). It is used at every elevation: above 15 degrees it is below 0.1 degrees, but without a step.
Standard atmosphere: ISO 2533 for pressure and temperature, ITU-R P.835-6 for water vapour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xband_station.orbit.frames import FloatArray

_KELVIN = 273.15
# Air for which the formula is made: 1010 hPa, 10 degrees Celsius, and light does not feel its moisture.
_FORMULA_REFRACTIVITY = 77.6 * 1010.0 / (10.0 + _KELVIN)
# The formula loses its meaning under the horizon; one degree below it is more than a station on a hill sees.
_LOWEST_DEG = -1.0
_ARC_MINUTES_PER_DEG = 60.0
# The bending changes by at most a quarter of a change in elevation: 0.25^20 of a degree is nothing.
_INVERSIONS = 20


@dataclass(frozen=True)
class Atmosphere:
    """Air at the station. water_vapour_hpa: partial pressure."""

    pressure_hpa: float
    temperature_c: float
    water_vapour_hpa: float

    @classmethod
    def standard(cls, altitude_m: float) -> Atmosphere:
        """The standard atmosphere at this altitude."""
        temperature_c = 15.0 - 0.0065 * altitude_m
        pressure_hpa = 1013.25 * (1.0 - 2.25577e-5 * altitude_m) ** 5.25588
        vapour_g_m3 = 7.5 * math.exp(-altitude_m / 2000.0)
        return cls(pressure_hpa, temperature_c, vapour_g_m3 * (temperature_c + _KELVIN) / 216.7)

    @property
    def refractivity(self) -> float:
        """(n - 1) times a million, for radio waves."""
        temperature_k = self.temperature_c + _KELVIN
        return 77.6 / temperature_k * (self.pressure_hpa + 4810.0 * self.water_vapour_hpa / temperature_k)

    def apparent_deg(self, geometric_deg: FloatArray) -> FloatArray:
        """Elevation to point at, from the geometric one. NaN stays NaN."""
        return np.asarray(geometric_deg + self._bending_deg(geometric_deg))

    def geometric_deg(self, apparent_deg: FloatArray) -> FloatArray:
        """Elevation of the satellite, from the one that is pointed at: the inverse. NaN stays NaN."""
        geometric_deg = apparent_deg
        for _ in range(_INVERSIONS):
            geometric_deg = np.asarray(apparent_deg - self._bending_deg(geometric_deg))
        return geometric_deg

    def _bending_deg(self, geometric_deg: FloatArray) -> FloatArray:
        elevation = np.maximum(geometric_deg, _LOWEST_DEG)
        arc_minutes = 1.02 / np.tan(np.radians(elevation + 10.3 / (elevation + 5.11)))
        # At the zenith the formula comes out a hair below zero.
        light_deg = np.maximum(arc_minutes, 0.0) / _ARC_MINUTES_PER_DEG
        return np.asarray(light_deg * self.refractivity / _FORMULA_REFRACTIVITY)
