# SPDX-License-Identifier: GPL-3.0-or-later
"""The mount: two axes with limits, rates and accelerations, and the directions they stand for.

Both kinds are the same machine turned: a first axis that is fixed to the ground, a second one upon it, the beam at
right angles to the second. Along the first axis lies the mount's pole, where it is blind: the zenith of an az-el mount,
the horizon at both ends of the X axis of an X-Y mount. The first axis counts as a longitude around that pole, the
second as a latitude, so one set of formulas serves both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from xband_core.errors import XbandError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SPEED_OF_LIGHT_M_S = 299792458.0
# Half-power beamwidth of a dish whose edge is lit 10 to 12 dB below its centre: 70 wavelengths over diameters, degrees.
_BEAMWIDTH_FACTOR_DEG = 70.0
# The Gaussian beam is the main lobe; what lies beyond counts as lost, however far.
_GAUSS_DB = 12.0
LOSS_CAP_DB = 30.0


class MountKind(Enum):
    """az-el: first axis azimuth, second elevation. x-y: first axis X, horizontal; second Y, at right angles upon it."""

    AZ_EL = "az-el"
    X_Y = "x-y"


@dataclass(frozen=True)
class Axis:
    """One axis. Positions are unwrapped: an azimuth of 370 is one turn and 10 degrees, if the cable allows it."""

    low_deg: float
    high_deg: float
    max_rate_deg_s: float
    max_acceleration_deg_s2: float

    def __post_init__(self) -> None:
        if not self.low_deg < self.high_deg:
            raise XbandError(
                f"axis limits {self.low_deg:g} to {self.high_deg:g}: the low one is not below the high one"
            )
        if not (self.max_rate_deg_s > 0.0 and self.max_acceleration_deg_s2 > 0.0):
            raise XbandError("an axis needs a rate and an acceleration above 0")

    def clip(self, position_deg: FloatArray) -> FloatArray:
        """The nearest positions within the limits."""
        return np.clip(position_deg, self.low_deg, self.high_deg)

    def contains(self, position_deg: float) -> bool:
        return self.low_deg <= position_deg <= self.high_deg

    def move_s(self, distance_deg: float) -> float:
        """Time of a move from rest to rest: up to the full rate and down again, or a triangle if it is short."""
        distance_deg = abs(distance_deg)
        ramps_deg = self.max_rate_deg_s**2 / self.max_acceleration_deg_s2
        if distance_deg <= ramps_deg:
            return 2.0 * math.sqrt(distance_deg / self.max_acceleration_deg_s2)
        return distance_deg / self.max_rate_deg_s + self.max_rate_deg_s / self.max_acceleration_deg_s2


@dataclass(frozen=True)
class Pose:
    """Positions of both axes, degrees, unwrapped."""

    first_deg: float
    second_deg: float

    def as_array(self) -> FloatArray:
        return np.array([self.first_deg, self.second_deg])

    @classmethod
    def of(cls, axes_deg: FloatArray) -> Pose:
        """From an array of shape (2,)."""
        return cls(float(axes_deg[0]), float(axes_deg[1]))


@dataclass(frozen=True)
class Mount:
    """kind; the axes (azimuth, elevation or X, Y); x_axis_azimuth_deg: where the X axis of an X-Y mount points;
    park: where it waits between passes; stow: where it stands in a storm."""

    kind: MountKind
    first: Axis
    second: Axis
    park: Pose
    stow: Pose
    x_axis_azimuth_deg: float = 0.0

    def __post_init__(self) -> None:
        for name, pose in (("park", self.park), ("stow", self.stow)):
            if not self.reaches(pose):
                raise XbandError(f"{name} position {pose.first_deg:g}, {pose.second_deg:g} is outside the axis limits")

    @property
    def low_deg(self) -> FloatArray:
        """Lower limits of both axes, shape (2,); the three others are of the same shape."""
        return np.array([self.first.low_deg, self.second.low_deg])

    @property
    def high_deg(self) -> FloatArray:
        return np.array([self.first.high_deg, self.second.high_deg])

    @property
    def max_rate_deg_s(self) -> FloatArray:
        return np.array([self.first.max_rate_deg_s, self.second.max_rate_deg_s])

    @property
    def max_acceleration_deg_s2(self) -> FloatArray:
        return np.array([self.first.max_acceleration_deg_s2, self.second.max_acceleration_deg_s2])

    @property
    def axis_names(self) -> tuple[str, str]:
        return ("azimuth", "elevation") if self.kind is MountKind.AZ_EL else ("X", "Y")

    def reaches(self, pose: Pose) -> bool:
        return self.first.contains(pose.first_deg) and self.second.contains(pose.second_deg)

    def slew_s(self, start: Pose, end: Pose) -> float:
        """Time from rest to rest, both axes moving at once."""
        return max(
            self.first.move_s(end.first_deg - start.first_deg), self.second.move_s(end.second_deg - start.second_deg)
        )

    def to_axes(self, azimuth_deg: npt.ArrayLike, elevation_deg: npt.ArrayLike) -> FloatArray:
        """Axis positions of directions: (..., 2), the first axis within -180 to 180, the second within -90 to 90.

        The same direction is also (first + 360 n, second), and (first + 180, 180 - second) over the top.
        """
        return self.vector_to_axes(direction_vector(azimuth_deg, elevation_deg))

    def vector_to_axes(self, vector: FloatArray) -> FloatArray:
        """As to_axes, for unit vectors east, north, up of shape (..., 3)."""
        along, across, pole = np.moveaxis(vector @ self._frame.T, -1, 0)
        return np.stack(
            [np.degrees(np.arctan2(across, along)), np.degrees(np.arcsin(np.clip(pole, -1.0, 1.0)))], axis=-1
        )

    def axes_to_vector(self, axes_deg: FloatArray) -> FloatArray:
        """Unit vectors east, north, up, (..., 3), of axis positions (..., 2), over the top included."""
        first, second = np.radians(axes_deg[..., 0]), np.radians(axes_deg[..., 1])
        local = np.stack([np.cos(second) * np.cos(first), np.cos(second) * np.sin(first), np.sin(second)], axis=-1)
        result: FloatArray = local @ self._frame
        return result

    def to_sky(self, axes_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Azimuth (0 to 360) and elevation of axis positions (..., 2)."""
        return vector_direction(self.axes_to_vector(axes_deg))

    @property
    def _frame(self) -> FloatArray:
        """Rows: where longitude 0, longitude 90 and the pole of the first axis point, in east, north, up."""
        if self.kind is MountKind.AZ_EL:
            return np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        azimuth = math.radians(self.x_axis_azimuth_deg)
        pole = [math.sin(azimuth), math.cos(azimuth), 0.0]
        # X = 0 is the zenith; X grows towards the right of the axis' direction (east for an axis to the north).
        return np.array([[0.0, 0.0, 1.0], [math.cos(azimuth), -math.sin(azimuth), 0.0], pole])


def direction_vector(azimuth_deg: npt.ArrayLike, elevation_deg: npt.ArrayLike) -> FloatArray:
    """Unit vectors east, north, up, shape (..., 3)."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    east, north = np.cos(elevation) * np.sin(azimuth), np.cos(elevation) * np.cos(azimuth)
    return np.stack(np.broadcast_arrays(east, north, np.sin(elevation)), axis=-1)


def vector_direction(vector: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Azimuth (0 to 360) and elevation in degrees of vectors of shape (..., 3)."""
    east, north, up = np.moveaxis(vector, -1, 0)
    return np.degrees(np.arctan2(east, north)) % 360.0, np.degrees(np.arctan2(up, np.hypot(east, north)))


def separation_deg(one: FloatArray, other: FloatArray) -> FloatArray:
    """Angle between unit vectors (..., 3); exact for small angles as well."""
    half = np.linalg.norm(one - other, axis=-1) / 2.0
    result: FloatArray = np.degrees(2.0 * np.arcsin(np.clip(half, 0.0, 1.0)))
    return result


def beamwidth_deg(diameter_m: float, frequency_hz: float) -> float:
    """Half-power beamwidth of a dish: 0.69 degrees for 3.7 m at 8.2 GHz."""
    return _BEAMWIDTH_FACTOR_DEG * _SPEED_OF_LIGHT_M_S / frequency_hz / diameter_m


def pointing_loss_db(error_deg: FloatArray, beamwidth: float) -> FloatArray:
    """Loss of a Gaussian beam, 12 (error / half-power beamwidth)^2 dB, at most 30 dB: the rest is side lobes."""
    return np.minimum(_GAUSS_DB * (error_deg / beamwidth) ** 2, LOSS_CAP_DB)
