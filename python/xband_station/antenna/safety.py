# SPDX-License-Identifier: GPL-3.0-or-later
"""The one gate through which every command to the dish passes: tracks, moves, park, stow and flip alike."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from xband_station.antenna.mount import FloatArray, Mount

BoolArray = npt.NDArray[np.bool_]


class Mask(Protocol):
    """Lowest elevation by azimuth (xband_station.orbit.horizon.HorizonMask)."""

    def elevation_deg(self, azimuth_deg: FloatArray) -> FloatArray:
        """Elevation below which the beam must not point, at each azimuth."""
        ...


class SafetyEnvelope:
    """Where the dish may point: axis limits and, with a mask, nothing below it."""

    def __init__(self, mount: Mount, mask: Mask | None = None) -> None:
        self.mount = mount
        self._mask = mask

    def is_safe(self, axes_deg: FloatArray) -> BoolArray:
        """Whether positions (..., 2) are within limits and above the mask."""
        inside: BoolArray = np.all((axes_deg >= self.mount.low_deg) & (axes_deg <= self.mount.high_deg), axis=-1)
        if self._mask is None:
            return inside
        azimuth_deg, elevation_deg = self.mount.to_sky(axes_deg)
        inside &= elevation_deg >= self._mask.elevation_deg(azimuth_deg)
        return inside
