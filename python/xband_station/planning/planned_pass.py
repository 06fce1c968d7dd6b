# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass as the station receives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from xband_station.orbit.geometry import Trajectory
from xband_station.orbit.passes import Pass
from xband_station.station_config import MissionChoice


@dataclass(frozen=True)
class PlannedPass:
    """A pass with what is to be received. aos, los: the part that is taken; orbit_reason: why this orbit data."""

    geometry: Pass
    elements: Trajectory
    choice: MissionChoice
    aos: datetime
    los: datetime
    antenna: str = ""
    orbit_reason: str = ""

    @property
    def pass_id(self) -> str:
        """Unique per satellite and rise: ``20260722T211753-suomi-npp``."""
        return f"{self.geometry.aos or self.aos:%Y%m%dT%H%M%S}-{self.choice.mission.name}"
