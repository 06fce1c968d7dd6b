# SPDX-License-Identifier: GPL-3.0-or-later
"""The track of a pass, computed before it begins: where both axes are at each time, and what the mount loses by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xband_station.antenna.mount import (
    FloatArray,
    Mount,
    Pose,
    direction_vector,
    pointing_loss_db,
    separation_deg,
)

# Half of the half-power beamwidth: there the loss is 3 dB.
LOST_BEYOND_BEAMWIDTHS = 0.5


@dataclass(frozen=True)
class Track:
    """Axis positions over time. offsets_s (n,): seconds after the pass's base time; axes_deg (n, 2): unwrapped;
    error_deg, loss_db (n,): angle between beam and satellite, and what it costs; lost_s: time beyond the threshold."""

    offsets_s: FloatArray
    axes_deg: FloatArray
    error_deg: FloatArray
    loss_db: FloatArray
    lost_s: float

    @property
    def start(self) -> Pose:
        """Where the dish must wait before the pass."""
        return Pose.of(self.axes_deg[0])

    @property
    def end(self) -> Pose:
        return Pose.of(self.axes_deg[-1])


def plan_track(
    offsets_s: FloatArray,
    azimuth_deg: FloatArray,
    elevation_deg: FloatArray,
    mount: Mount,
    beamwidth_deg: float,
    initial: Pose | None = None,
    lost_beyond_beamwidths: float = LOST_BEYOND_BEAMWIDTHS,
) -> Track:
    """Plans the whole pass. offsets_s: equally spaced or not, growing; azimuth_deg, elevation_deg: the satellite then.

    initial: where the dish is before; of tracks that lose nothing the nearest one is taken.
    """
    axes_deg = mount.to_axes(azimuth_deg, elevation_deg)
    axes_deg[:, 0] = np.unwrap(axes_deg[:, 0], period=360.0)
    middle_deg = (mount.first.low_deg + mount.first.high_deg) / 2.0
    axes_deg[:, 0] += 360.0 * np.round((middle_deg - axes_deg[:, 0].mean()) / 360.0)
    axes_deg = np.clip(axes_deg, mount.low_deg, mount.high_deg)
    error_deg = separation_deg(mount.axes_to_vector(axes_deg), direction_vector(azimuth_deg, elevation_deg))
    lost = error_deg > lost_beyond_beamwidths * beamwidth_deg
    return Track(
        offsets_s,
        axes_deg,
        error_deg,
        pointing_loss_db(error_deg, beamwidth_deg),
        float(np.sum(np.gradient(offsets_s)[lost])),
    )
