# SPDX-License-Identifier: GPL-3.0-or-later
"""The station file's sections about sky and orbits."""

from __future__ import annotations

import re
from pathlib import Path

from xband_core.yaml_section import Section
from xband_station.orbit.horizon import HIGHEST_DEG, LOWEST_DEG, HorizonMask, load_horizon
from xband_station.orbit.refraction import Atmosphere


def read_horizon(section: Section, folder: Path) -> HorizonMask:
    """``{file: mask.csv}``, or the points themselves: ``{0: 2.5, 90: 8.0, ...}``, azimuth to elevation in degrees.

    Raises MissionError (inline) or OrbitError (file).
    """
    if section.has("file"):
        file = section.text("file")
        section.finish()
        return load_horizon(folder / file)
    points: dict[float, float] = {}
    for key in section:
        if not re.fullmatch(r"\d{1,3}(\.\d{1,9})?", key) or not 0.0 <= float(key) < 360.0:
            section.fail(key, f"{key!r} is not an azimuth", "0 to below 360, or file")
        if points and float(key) <= max(points):
            section.fail(key, "azimuths must rise", f"above {max(points):g}")
        points[float(key)] = section.number(key, LOWEST_DEG, HIGHEST_DEG)
    if not points:
        section.fail(None, "a horizon without points", "at least one azimuth with its elevation, or file")
    return HorizonMask(tuple(points), tuple(points.values()))


def read_atmosphere(section: Section, altitude_m: float) -> Atmosphere:
    """Air at the station; what is not given is the standard atmosphere at its altitude. Raises MissionError."""
    standard = Atmosphere.standard(altitude_m)

    def value(key: str, low: float, high: float, default: float) -> float:
        return section.number(key, low, high) if section.has(key) else default

    atmosphere = Atmosphere(
        pressure_hpa=value("pressure_hpa", 300.0, 1100.0, standard.pressure_hpa),
        temperature_c=value("temperature_c", -80.0, 60.0, standard.temperature_c),
        water_vapour_hpa=value("water_vapour_hpa", 0.0, 60.0, standard.water_vapour_hpa),
    )
    section.finish()
    return atmosphere
