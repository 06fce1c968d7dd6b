# SPDX-License-Identifier: GPL-3.0-or-later
"""The station file: where the station is, what it receives, from what, and where results go.

Every key is explained in ``data/almaty.yml``. The loader is as strict as the one for missions: unknown
keys, wrong types and values out of range are errors that name file, line, field and what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xband_core.errors import XbandError
from xband_core.mission import Mission, load_mission
from xband_core.plan import IQ_FORMATS
from xband_core.yaml_section import Section, read_section
from xband_station.antenna.config import AntennaConfig, read_antennas
from xband_station.antenna.safety import SafetyEnvelope
from xband_station.orbit.catalogue import Catalogue
from xband_station.orbit.config import read_atmosphere, read_feeds, read_horizon
from xband_station.orbit.feeds import OrbitFeed, load_catalogue
from xband_station.orbit.geometry import Site
from xband_station.orbit.horizon import OPEN_HORIZON, HorizonMask
from xband_station.orbit.refraction import Atmosphere
from xband_station.planning.config import PlanningConfig, read_planning

SCHEMA = 2
DATA_DIR = Path(__file__).parent / "data"
DEFAULT_STATION_FILE = DATA_DIR / "almaty.yml"
CLOCK_QUALITIES = ("gnss", "ntp", "free", "simulated")


@dataclass(frozen=True)
class Receiver:
    """The samples: where from and what they are."""

    source: str
    format: str
    sample_rate_hz: float
    clock_quality: str


@dataclass(frozen=True)
class Watch:
    """When a receiver counts as broken, and what is done about it.

    silence_s: no heartbeat; stall_s: heartbeats, but no new sample; start_s: time from launch to the first heartbeat;
    restarts: at most so many in one pass; ladder_s: wait after SIGINT and again after SIGTERM.
    """

    silence_s: float = 3.0
    stall_s: float = 5.0
    start_s: float = 20.0
    restarts: int = 10
    ladder_s: float = 5.0


@dataclass(frozen=True)
class MissionChoice:
    """A mission that this station receives. reference: what load_mission takes (name or path)."""

    mission: Mission
    reference: str
    priority: int


@dataclass(frozen=True)
class StationConfig:
    """One station, as the file says; paths are absolute.

    min_elevation_deg: the operational floor; horizon: the skyline, which limits too.
    """

    name: str
    site: Site
    min_elevation_deg: float
    horizon: HorizonMask
    atmosphere: Atmosphere
    antennas: tuple[AntennaConfig, ...]
    orbit_feeds: tuple[OrbitFeed, ...]
    orbit_cache: Path
    missions: tuple[MissionChoice, ...]
    receiver: Receiver
    output_dir: Path
    publish: str
    lead_time_s: float
    watch: Watch = field(default_factory=Watch)
    planning: PlanningConfig = field(default_factory=PlanningConfig)

    @property
    def main_antenna(self) -> AntennaConfig:
        """The first antenna of the file."""
        return self.antennas[0]

    def catalogue(self) -> Catalogue:
        """The satellites of the orbit feeds, as they are on this machine now. Raises OrbitError."""
        return load_catalogue(self.orbit_feeds, self.orbit_cache)


def load_station(file: Path = DEFAULT_STATION_FILE) -> StationConfig:
    """Reads a station file and the missions it names.

    Raises XbandError (MissionError with its file, line and field) for anything that is not as documented.
    """
    top = read_section(file)
    folder = file.resolve().parent
    _check_schema(top)
    site = Site(
        top.number("latitude_deg", -90.0, 90.0),
        top.number("longitude_deg", -180.0, 360.0),
        top.number("altitude_m", -500.0, 9000.0),
    )
    missions = _read_missions(top.section("missions"), folder)
    station = StationConfig(
        name=top.text("name", pattern=r"[a-z0-9]+(-[a-z0-9]+)*", allowed="lower-case words and digits joined by '-'"),
        site=site,
        min_elevation_deg=top.number("min_elevation_deg", -5.0, 89.0),
        horizon=read_horizon(top.section("horizon"), folder) if top.has("horizon") else OPEN_HORIZON,
        atmosphere=_read_atmosphere(top, site),
        antennas=read_antennas(top.section("antennas"), folder),
        orbit_feeds=read_feeds(top, folder),
        orbit_cache=folder / top.text("orbit_cache", "orbit-cache"),
        missions=missions,
        receiver=_read_receiver(top.section("receiver")),
        output_dir=folder / top.text("output_dir"),
        publish=top.text("publish", pattern=r"(tcp|ipc)://.+", allowed="tcp://host:port or ipc:///path"),
        lead_time_s=top.number("lead_time_s", 0.0, 600.0),
        watch=_read_watch(top.section("watch")) if top.has("watch") else Watch(),
        planning=_read_planning(top, missions),
    )
    top.finish()
    for antenna in station.antennas:
        try:
            SafetyEnvelope(antenna.mount, station.horizon)
        except XbandError as error:
            top.section("antennas").fail(antenna.name, str(error), "positions above the horizon")
    return station


def _check_schema(top: Section) -> None:
    schema = top.integer("schema", 1, 1_000_000)
    if schema == 1:
        top.fail("schema", "schema 1 had `antenna: {...}`; write `antennas: {main: {...}}` and schema: 2", str(SCHEMA))
    if schema != SCHEMA:
        top.fail("schema", "this version of gr-xband reads another schema", str(SCHEMA))


def _read_atmosphere(top: Section, site: Site) -> Atmosphere:
    if top.has("atmosphere"):
        return read_atmosphere(top.section("atmosphere"), site.altitude_m)
    return Atmosphere.standard(site.altitude_m)


def _read_planning(top: Section, missions: tuple[MissionChoice, ...]) -> PlanningConfig:
    if not top.has("planning"):
        return PlanningConfig()
    return read_planning(top.section("planning"), [choice.mission.name for choice in missions])


def _read_missions(table: Section, folder: Path) -> tuple[MissionChoice, ...]:
    choices = []
    for name, section in table.sections():
        reference = str(folder / section.text("file")) if section.has("file") else name
        mission = load_mission(reference)
        if mission.name != name:
            table.fail(name, f"the mission file names itself {mission.name!r}", f"{mission.name} as the key here")
        choices.append(MissionChoice(mission, reference, section.integer("priority", 0, 1000, default=0)))
        section.finish()
    if not choices:
        table.fail(None, "no mission to receive", "at least one")
    return tuple(choices)


def _read_receiver(section: Section) -> Receiver:
    receiver = Receiver(
        source=section.text(
            "source", pattern=r"(tcp://|file:|soapy:).+", allowed="tcp://host:port, file:/path, soapy:..."
        ),
        format=section.choice("format", IQ_FORMATS),
        sample_rate_hz=section.number("sample_rate_hz", 1.0, 1e9),
        clock_quality=section.choice("clock_quality", CLOCK_QUALITIES),
    )
    section.finish()
    return receiver


def _read_watch(section: Section) -> Watch:
    watch = Watch(
        silence_s=section.number("silence_s", 0.2, 60.0),
        stall_s=section.number("stall_s", 0.2, 60.0),
        start_s=section.number("start_s", 0.2, 300.0),
        restarts=section.integer("restarts", 0, 1000),
        ladder_s=section.number("ladder_s", 0.1, 60.0),
    )
    section.finish()
    return watch
