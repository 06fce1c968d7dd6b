# SPDX-License-Identifier: GPL-3.0-or-later
"""Which passes the one antenna takes: higher priority first, then higher elevation; overlaps lose and are told why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from xband_station.orbit.catalogue import Catalogue
from xband_station.orbit.geometry import Trajectory
from xband_station.orbit.passes import Pass
from xband_station.orbit.prediction import predict_passes
from xband_station.station_config import MissionChoice, StationConfig
from xband_station.times import format_time


@dataclass(frozen=True)
class PlannedPass:
    """A pass with what is to be received. aos, los: cut to the window for a satellite that is always up.

    orbit_reason: why these orbit data, for the report.
    """

    geometry: Pass
    elements: Trajectory
    choice: MissionChoice
    aos: datetime
    los: datetime
    orbit_reason: str = ""

    @property
    def pass_id(self) -> str:
        """Unique per satellite and rise: ``20260722T211753-suomi-npp``."""
        return f"{self.aos:%Y%m%dT%H%M%S}-{self.choice.mission.name}"


@dataclass(frozen=True)
class Rejected:
    """A pass that is not taken. reason: for the operator."""

    planned: PlannedPass
    reason: str


@dataclass(frozen=True)
class Schedule:
    """Passes to take, in order of time, and the others."""

    accepted: tuple[PlannedPass, ...]
    rejected: tuple[Rejected, ...]


def make_schedule(station: StationConfig, catalogue: Catalogue, start: datetime, hours: float) -> Schedule:
    """Plans all missions of the station from ``start`` on. Raises UnknownSatelliteError: no elements for a mission."""
    end = start + timedelta(hours=hours)
    sky = (station.site, start, end, station.min_elevation_deg, station.horizon, station.atmosphere)
    candidates = []
    for choice in station.missions:
        for predicted in predict_passes(catalogue, choice.mission.norad_cat_id, *sky):
            geometry, orbit = predicted.geometry, predicted.choice
            aos, los = geometry.aos or start, geometry.los or end
            candidates.append(PlannedPass(geometry, orbit.trajectory, choice, aos, los, orbit.reason))
    return resolve_conflicts(candidates, timedelta(seconds=station.lead_time_s))


def resolve_conflicts(candidates: list[PlannedPass], turnaround: timedelta) -> Schedule:
    """Takes passes in order of priority, then elevation, as long as they leave ``turnaround`` to those taken before."""
    accepted: list[PlannedPass] = []
    rejected: list[Rejected] = []
    for planned in sorted(candidates, key=lambda p: (-p.choice.priority, -p.geometry.max_elevation_deg, p.aos)):
        rival = next(
            (a for a in accepted if planned.aos < a.los + turnaround and a.aos < planned.los + turnaround), None
        )
        if rival is None:
            accepted.append(planned)
            continue
        is_priority = rival.choice.priority > planned.choice.priority
        why = "has priority" if is_priority else "rises higher"
        reason = f"{rival.geometry.satellite} at {format_time(rival.aos)} {why}"
        rejected.append(Rejected(planned, reason))
    return Schedule(tuple(sorted(accepted, key=lambda p: p.aos)), tuple(rejected))
