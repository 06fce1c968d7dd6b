# SPDX-License-Identifier: GPL-3.0-or-later
"""The horizon mask: how high hills, trees and buildings stand around the antenna."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xband_station.orbit.errors import OrbitError
from xband_station.orbit.frames import FloatArray

# A station on a mountain looks below the horizontal.
LOWEST_DEG = -10.0
HIGHEST_DEG = 89.0


@dataclass(frozen=True)
class HorizonMask:
    """Elevation of the skyline over azimuth, straight lines between the points and across north.

    azimuths_deg: rising, 0 to below 360, at least one; elevations_deg: as many.
    """

    azimuths_deg: tuple[float, ...]
    elevations_deg: tuple[float, ...]

    @classmethod
    def flat(cls, elevation_deg: float) -> HorizonMask:
        """The same elevation all around."""
        return cls((0.0,), (elevation_deg,))

    @property
    def is_flat(self) -> bool:
        return self.lowest_deg == max(self.elevations_deg)

    @property
    def lowest_deg(self) -> float:
        return min(self.elevations_deg)

    def elevation_deg(self, azimuth_deg: npt.ArrayLike) -> FloatArray:
        """Elevation of the skyline at each azimuth (any multiple turn); the same shape."""
        azimuth = np.asarray(azimuth_deg, dtype=np.float64)
        return np.asarray(np.interp(azimuth, self.azimuths_deg, self.elevations_deg, period=360.0))


# No obstacle at all: what is seen is decided by the operational floor alone.
OPEN_HORIZON = HorizonMask.flat(-90.0)


def load_horizon(path: Path) -> HorizonMask:
    """Reads a mask from a CSV file: azimuth and elevation in degrees on each line, in order of azimuth.

    A first line without numbers is a heading; empty lines and lines after ``#`` do not count. A last line for 360
    degrees may repeat the first. Raises OrbitError naming file, line and field.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise OrbitError(str(path), "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise OrbitError(str(path), "", f"is not text (octet {error.start} is not UTF-8)") from None
    points: list[tuple[float, float]] = []
    is_heading_allowed = True
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#")[0].strip()
        where = f"{path}:{number}"
        if not line:
            continue
        if is_heading_allowed and not re.search(r"\d", line):
            is_heading_allowed = False
            continue
        is_heading_allowed = False
        fields = [field.strip() for field in re.split(r"[,;\t]", line)]
        if len(fields) != 2:
            raise OrbitError(where, "", f"{line[:40]!r} is not azimuth, elevation")
        azimuth_deg = _number(where, "azimuth", fields[0], 0.0, 360.0)
        elevation_deg = _number(where, "elevation", fields[1], LOWEST_DEG, HIGHEST_DEG)
        if azimuth_deg == 360.0 and points and points[0] == (0.0, elevation_deg):
            continue
        if azimuth_deg == 360.0:
            raise OrbitError(where, "azimuth", "360 is north: it must repeat the elevation of a first line for 0")
        if points and azimuth_deg <= points[-1][0]:
            raise OrbitError(where, "azimuth", f"{azimuth_deg:g} is not above the line before ({points[-1][0]:g})")
        points.append((azimuth_deg, elevation_deg))
    if not points:
        raise OrbitError(str(path), "", "no point of a horizon in this file")
    return HorizonMask(tuple(point[0] for point in points), tuple(point[1] for point in points))


def _number(where: str, field: str, raw: str, low: float, high: float) -> float:
    value = float(raw) if re.fullmatch(r"[-+]?(\d{1,9}\.?\d{0,20}|\.\d{1,20})", raw) else math.nan
    # Written so that NaN fails too.
    if not low <= value <= high:
        raise OrbitError(where, field, f"{raw[:40]!r} is not a number within {low:g} to {high:g}")
    return value
