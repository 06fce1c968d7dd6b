# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the axes must stand so that the beam is on the satellite: the errors of a real mount.

The mount is seen as a theodolite and computed exactly, not to first order, so the model holds at the zenith too. In
the order from the sky to the encoders: what the model atmosphere left of refraction lifts the satellite, gravity lowers
the beam (sag), the first axis leans (two tilts), the second is not square to it, the beam is not square to the second
(collimation), and both encoders have an offset. Terms and order: e.g. P. Wallace, TPOINT, 1994; J. Meeks et al., IEEE
Trans. AP-16, 1968. Elevations given and returned are apparent ones, refracted (orbit/refraction.py).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from xband_station.antenna.mount import FloatArray, Mount, direction_vector, vector_direction

# The cotangent law of refraction is for higher elevations; below it is held.
_MIN_ELEVATION_DEG = 3.0
# The bending terms change by a hundredth of a change in elevation.
_INVERSIONS = 4


@dataclass(frozen=True)
class PointingModel:
    """Errors of one antenna in degrees; all zero is a perfect mount.

    first_offset_deg, second_offset_deg: encoder minus true position. tilt_north_deg, tilt_east_deg: how far the top of
    the vertical leans. non_perpendicularity_deg: second axis against the first. collimation_deg: beam against the
    second axis. sag_deg: beam below where it should be, at the horizon, growing less with the elevation's cosine.
    refraction_deg: that the model atmosphere lacks, at 45 degrees, going with the cotangent of the elevation.
    """

    first_offset_deg: float = 0.0
    second_offset_deg: float = 0.0
    tilt_north_deg: float = 0.0
    tilt_east_deg: float = 0.0
    non_perpendicularity_deg: float = 0.0
    collimation_deg: float = 0.0
    sag_deg: float = 0.0
    refraction_deg: float = 0.0

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the terms, in order."""
        return tuple(field.name for field in dataclasses.fields(cls))


PERFECT = PointingModel()


class Pointing:
    """A mount with its errors: sky to axes and back. ``axes_deg`` are what the encoders say, shape (..., 2)."""

    def __init__(self, mount: Mount, model: PointingModel = PERFECT) -> None:
        self.mount = mount
        self.model = model
        self._lean = _lean(model)
        self._sin_collimation = math.sin(math.radians(model.collimation_deg))
        self._square = math.radians(model.non_perpendicularity_deg)
        self._offsets_deg = np.array([model.first_offset_deg, model.second_offset_deg])

    def aim(self, azimuth_deg: FloatArray, elevation_deg: FloatArray) -> FloatArray:
        """Unit vectors (..., 3) to where the beam must be aimed for apparent directions: sag and the like made up for.

        The vectors are seen from the leaning first axis: east, north, up of a perfect mount.
        """
        result: FloatArray = direction_vector(azimuth_deg, elevation_deg + self._raise(elevation_deg)) @ self._lean
        return result

    def _raise(self, elevation_deg: FloatArray) -> FloatArray:
        """How much higher than the apparent direction the beam must be aimed."""
        elevation = np.radians(elevation_deg)
        raised: FloatArray = self.model.sag_deg * np.cos(elevation)
        if self.model.refraction_deg:
            raised = raised + self.model.refraction_deg / np.tan(
                np.radians(np.maximum(elevation_deg, _MIN_ELEVATION_DEG))
            )
        return raised

    def to_axes(self, azimuth_deg: FloatArray, elevation_deg: FloatArray, over_the_top: bool = False) -> FloatArray:
        """Encoder positions for apparent directions, the first axis within about -180 to 180, or -360 to 0 over the
        top (there the second is beyond 90). In the mount's blind spot: as near as it gets."""
        vector = self.aim(azimuth_deg, elevation_deg)
        axes = np.radians(self.mount.vector_to_axes(vector))
        longitude, latitude = axes[..., 0], axes[..., 1]
        sine = self._sin_collimation - np.sin(latitude) * math.sin(self._square)
        turn = np.arcsin(np.clip(sine / (np.cos(latitude) * math.cos(self._square) + 1e-12), -1.0, 1.0))
        first_deg = np.degrees(longitude + turn - np.pi if over_the_top else longitude - turn)
        return np.stack([first_deg + self.model.first_offset_deg, self.best_second(first_deg, vector)], axis=-1)

    def best_second(self, true_first_deg: FloatArray, vector: FloatArray) -> FloatArray:
        """Encoder of the second axis that brings the beam nearest to the vectors, the first axis standing where it is
        (without its offset): within -180 to 180, beyond 90 over the top."""
        along, _, pole = self._seen_from_second_axis(true_first_deg, vector)
        result: FloatArray = np.degrees(np.arctan2(pole, along)) + self.model.second_offset_deg
        return result

    def to_vector(self, axes_deg: FloatArray) -> FloatArray:
        """Unit vectors (..., 3) of the beam as ``aim`` gives them for the target."""
        first, second = np.moveaxis(np.radians(axes_deg - self._offsets_deg), -1, 0)
        cos_collimation = math.sqrt(1.0 - self._sin_collimation**2)
        along, pole = cos_collimation * np.cos(second), cos_collimation * np.sin(second)
        cos, sin = math.cos(self._square), math.sin(self._square)
        across, pole = cos * self._sin_collimation - sin * pole, sin * self._sin_collimation + cos * pole
        longitude, latitude = first + np.arctan2(across, along), np.arctan2(pole, np.hypot(along, across))
        return self.mount.axes_to_vector(np.degrees(np.stack([longitude, latitude], axis=-1)))

    def to_sky(self, axes_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Apparent azimuth and elevation of what the beam sees."""
        azimuth_deg, aimed_deg = vector_direction(self.to_vector(axes_deg) @ self._lean.T)
        elevation_deg = aimed_deg
        for _ in range(_INVERSIONS):
            elevation_deg = aimed_deg - self._raise(elevation_deg)
        return azimuth_deg, elevation_deg

    def _seen_from_second_axis(
        self, true_first_deg: FloatArray, vector: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Components along the beam at latitude 0, along the second axis, and towards the pole."""
        axes = np.radians(self.mount.vector_to_axes(vector))
        longitude, latitude = axes[..., 0] - np.radians(true_first_deg), axes[..., 1]
        along, across = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
        pole = np.sin(latitude)
        cos, sin = math.cos(self._square), math.sin(self._square)
        return along, cos * across + sin * pole, cos * pole - sin * across


def _lean(model: PointingModel) -> FloatArray:
    """Columns: the leaning mount's east, north and up on the ground. A turn about the horizontal axis of the lean."""
    towards = np.radians([model.tilt_east_deg, model.tilt_north_deg])
    angle = float(np.hypot(*towards))
    if angle == 0.0:
        return np.eye(3)
    east, north = towards / angle
    # The turn carries up towards (east, north, 0): about the horizontal axis at right angles to it (Rodrigues).
    axis = np.array([-north, east, 0.0])
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    result: FloatArray = np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross
    return result
