# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the station can do what is planned: link, pointing, feed, CPU, disk, partner link, age of orbit data.

The same checks run when the plan is made and ten minutes before AOS. Each finding names what is missing, and how much.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from xband_core.mission import Mission
from xband_station.antenna.config import AntennaConfig, Feed
from xband_station.antenna.track import Track, plan_track
from xband_station.orbit.age import assess
from xband_station.orbit.frames import FloatArray
from xband_station.orbit.geometry import Tracker
from xband_station.planning.link_margin import margin_db
from xband_station.planning.model import Demand
from xband_station.planning.planned_pass import PlannedPass
from xband_station.station_config import StationConfig

_STEP_S = 5.0
# A tenth of the disk stays free: file systems and logs need room too.
_FREE_SHARE = 0.1


@dataclass(frozen=True)
class Finding:
    """One thing that is missing. what: link, pointing, feed, cpu, disk, partner link, orbit data; is_blocking: the
    pass brings nothing as things are."""

    what: str
    message: str
    is_blocking: bool = False


@dataclass(frozen=True)
class Prospect:
    """A pass as one antenna would see it. offsets_s (n,): after the pass's AOS; margin_db: NaN where unknown."""

    offsets_s: FloatArray
    elevation_deg: FloatArray
    azimuth_deg: FloatArray
    margin_db: FloatArray
    track: Track


def look_ahead(station: StationConfig, antenna: AntennaConfig, planned: PlannedPass) -> Prospect:
    """Angles, track and link margin from AOS to LOS."""
    mission = planned.choice.mission
    length_s = (planned.los - planned.aos).total_seconds()
    offsets_s = np.linspace(0.0, length_s, max(int(length_s / _STEP_S), 2) + 1)
    look = Tracker(planned.elements, station.site, station.atmosphere).look(planned.aos, offsets_s)
    beamwidth_deg = antenna.beamwidth_deg(mission.centre_frequency_hz)
    track = plan_track(offsets_s, look.azimuth_deg, look.elevation_deg, antenna.mount, beamwidth_deg)
    margin = margin_db(
        mission,
        antenna.link,
        look.elevation_deg,
        look.range_km,
        station.planning.rain_rate_mm_h,
        station.site.altitude_m,
    )
    if margin is None:
        margin = np.full_like(offsets_s, np.nan)
    else:
        margin = margin - np.interp(offsets_s, track.offsets_s, track.loss_db)
    return Prospect(offsets_s, look.elevation_deg, look.azimuth_deg, margin, track)


def fitting_feed(antenna: AntennaConfig, mission: Mission) -> Feed | None:
    """The feed that has the mission's frequency and polarisation."""
    return next(
        (
            feed
            for feed in antenna.feeds
            if feed.low_hz <= mission.centre_frequency_hz <= feed.high_hz
            and (mission.polarisation not in ("rhcp", "lhcp") or feed.polarisation == mission.polarisation)
        ),
        None,
    )


def demands(station: StationConfig, mission: Mission) -> tuple[Demand, ...]:
    """What a contact takes: one converter and channel, CPU cores, GB on disk and Gbit to the consumers a second."""
    bits_per_s = mission.information_bit_rate_hz
    cores = station.planning.cpu_per_msymbol_s * mission.modulation.symbol_rate_hz / 1e6
    return (
        Demand("downconverters", 1.0),
        Demand("sdr channels", 1.0),
        Demand("cpu cores", cores),
        Demand("disk GB", bits_per_s / 8e9),
        Demand("link Gbit", bits_per_s / 1e9),
    )


def check_pass(
    station: StationConfig,
    planned: PlannedPass,
    free_bytes: Callable[[Path], int] | None = None,
    cores: int | None = None,
) -> list[Finding]:
    """Everything that speaks against a pass, the worst first.

    free_bytes: of the disk that holds a path, cores: of this computer; both are asked of the system unless given.
    """
    antenna = next(one for one in station.antennas if one.name == planned.antenna)
    mission = planned.choice.mission
    found: list[Finding] = []
    if fitting_feed(antenna, mission) is None:
        found.append(Finding("feed", no_feed(antenna, mission), is_blocking=True))
    found += _check_sky(station, antenna, planned)
    found += _check_host(station, planned, free_bytes or _free_bytes, cores or os.cpu_count() or 1)
    return sorted(found, key=lambda finding: not finding.is_blocking)


def no_feed(antenna: AntennaConfig, mission: Mission) -> str:
    """Why a mission cannot be received with an antenna."""
    return f"{antenna.name} has no {mission.polarisation} feed for {mission.centre_frequency_hz / 1e6:g} MHz"


def _check_sky(station: StationConfig, antenna: AntennaConfig, planned: PlannedPass) -> list[Finding]:
    prospect = look_ahead(station, antenna, planned)
    found = []
    lacking_s = _time_below(prospect, station.planning.min_margin_db)
    if planned.choice.mission.link is None:
        found.append(Finding("link", f"mission {planned.choice.mission.name} tells no EIRP: the margin is unknown"))
    elif lacking_s > 0.0:
        best_db = float(np.nanmax(prospect.margin_db))
        message = (
            f"margin below {station.planning.min_margin_db:g} dB for {lacking_s:.0f} s of the contact, "
            f"{float(np.nanmin(prospect.margin_db)):.1f} dB at worst, {best_db:.1f} dB at best"
        )
        found.append(Finding("link", message, is_blocking=best_db < station.planning.min_margin_db))
    if prospect.track.lost_s > 0.0:
        worst_db = float(prospect.track.loss_db.max())
        message = f"{antenna.name} loses the satellite for {prospect.track.lost_s:.0f} s ({worst_db:.0f} dB)"
        found.append(Finding("pointing", message))
    age = assess(planned.elements, planned.aos, antenna.beamwidth_deg(planned.choice.mission.centre_frequency_hz))
    if age.is_alarming:
        found.append(Finding("orbit data", age.text))
    return found


def _check_host(
    station: StationConfig, planned: PlannedPass, free_bytes: Callable[[Path], int], cores: int
) -> list[Finding]:
    need = {demand.resource: demand.amount for demand in demands(station, planned.choice.mission)}
    seconds = (planned.los - planned.aos).total_seconds()
    found = []
    available = min(cores, station.planning.cpu_cores or cores)
    if need["cpu cores"] > available:
        found.append(Finding("cpu", f"needs {need['cpu cores']:.2g} cores, {available:g} are there"))
    needed_gb, free_gb = need["disk GB"] * seconds, free_bytes(station.output_dir) / 1e9
    if needed_gb > free_gb:
        message = f"needs {needed_gb:.2f} GB in {station.output_dir}, {free_gb:.2f} GB are free beside the reserve"
        found.append(Finding("disk", message, is_blocking=free_gb <= 0.0))
    link_mbit_s = station.planning.link_mbit_s
    if link_mbit_s is not None and need["link Gbit"] * 1e3 > link_mbit_s:
        rate = need["link Gbit"] * 1e3
        late_s = seconds * (rate / link_mbit_s - 1.0) if link_mbit_s else float("inf")
        found.append(
            Finding("partner link", f"{rate:.1f} Mbit/s into {link_mbit_s:g} Mbit/s: done {late_s:.0f} s after LOS")
        )
    return found


def _time_below(prospect: Prospect, least_db: float) -> float:
    return float(np.sum(np.gradient(prospect.offsets_s)[prospect.margin_db < least_db]))


def _free_bytes(path: Path) -> int:
    """Free beside the reserve, on the disk that holds the path or will hold it."""
    while not path.exists() and path != path.parent:
        path = path.parent
    usage = shutil.disk_usage(path)
    return int(usage.free - _FREE_SHARE * usage.total)


def format_findings(pass_id: str, findings: list[Finding], at: datetime) -> str:
    """One line for the log."""
    told = "; ".join(f"{'BLOCKED ' if f.is_blocking else ''}{f.what}: {f.message}" for f in findings)
    return f"{pass_id}: checked {at:%H:%M:%S}: {told or 'nothing is missing'}"
