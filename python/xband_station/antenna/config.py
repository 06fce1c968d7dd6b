# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``antennas:`` section of a station file: dish, mount, driver and feeds of each antenna.

``data/almaty.yml`` is the commented example. Everything but the dish itself has a default, so that a station without
a rotator stays a few lines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from xband_core.errors import XbandError
from xband_core.yaml_section import Section
from xband_station.antenna.mount import Axis, Mount, MountKind, Pose, beamwidth_deg
from xband_station.antenna.pointing import PERFECT, PointingModel
from xband_station.link import Antenna
from xband_station.orbit.interference import Beam

POLARISATIONS = ("rhcp", "lhcp")
DRIVER_KINDS = ("none", "rotctld", "program-track", "simulator")


@dataclass(frozen=True)
class Feed:
    """What hangs in the focus: a polarisation and a range of frequencies."""

    name: str
    polarisation: str
    low_hz: float
    high_hz: float


@dataclass(frozen=True)
class DriverConfig:
    """kind: none (fixed or followed by others), rotctld, program-track or simulator. address: host:port.

    latency_s: from a command to the dish being there, measured; commands are sent so much ahead of time.
    has_read_back: whether the controller tells where the dish is. step_track: whether Es/N0 is searched for the peak.
    time_offset: whether the Doppler shift corrects the satellite's time. stow_file: the dish is stowed while it exists.
    """

    kind: str = "none"
    address: str = ""
    latency_s: float = 0.0
    has_read_back: bool = True
    step_track: bool = False
    time_offset: bool = True
    stow_file: Path | None = None


@dataclass(frozen=True)
class AntennaConfig:
    """One antenna of the station. link: what the link budget needs of it."""

    name: str
    link: Antenna
    mount: Mount
    driver: DriverConfig
    feeds: tuple[Feed, ...]
    pointing: PointingModel = PERFECT

    @property
    def is_steered(self) -> bool:
        """Whether this station moves it."""
        return self.driver.kind != "none"

    def beamwidth_deg(self, frequency_hz: float) -> float:
        """Half-power beamwidth at a frequency."""
        return beamwidth_deg(self.link.diameter_m, frequency_hz)

    def beam(self, frequency_hz: float) -> Beam:
        """What Sun and Moon disturb: the beam with its gain and noise at a frequency."""
        return Beam(
            beamwidth_deg=self.beamwidth_deg(frequency_hz),
            gain_dbi=self.link.gain_over_temperature_db_k(frequency_hz)
            + 10.0 * math.log10(self.link.system_temperature_k),
            system_temperature_k=self.link.system_temperature_k,
            frequency_hz=frequency_hz,
        )


# A small az-el rotator with a turn and a half of cable; its owner states better figures.
_DEFAULT_AXES = {
    MountKind.AZ_EL: (Axis(-180.0, 540.0, 6.0, 3.0), Axis(0.0, 90.0, 3.0, 2.0)),
    MountKind.X_Y: (Axis(-90.0, 90.0, 3.0, 2.0), Axis(-90.0, 90.0, 3.0, 2.0)),
}
_DEFAULT_FEED = Feed("x-rhcp", "rhcp", 7.75e9, 8.5e9)


def default_mount(kind: MountKind = MountKind.AZ_EL) -> Mount:
    """The mount of a station file that says nothing about it."""
    first, second = _DEFAULT_AXES[kind]
    zenith = Pose(0.0, 90.0) if kind is MountKind.AZ_EL else Pose(0.0, 0.0)
    return Mount(kind, first, second, park=zenith, stow=zenith)


def read_antennas(table: Section, folder: Path) -> tuple[AntennaConfig, ...]:
    """Reads the section; paths in it are relative to ``folder``. Raises MissionError with file, line and field."""
    antennas = tuple(_read_antenna(name, section, folder) for name, section in table.sections())
    if not antennas:
        table.fail(None, "no antenna", "at least one")
    return antennas


def _read_antenna(name: str, section: Section, folder: Path) -> AntennaConfig:
    antenna = AntennaConfig(
        name=name,
        link=Antenna(
            diameter_m=section.number("diameter_m", 0.1, 100.0),
            efficiency=section.number("efficiency", 0.01, 1.0),
            system_temperature_k=section.number("system_temperature_k", 1.0, 10000.0),
            pointing_loss_db=section.number("pointing_loss_db", 0.0, 20.0),
        ),
        mount=_read_mount(section.section("mount")) if section.has("mount") else default_mount(),
        driver=_read_driver(section.section("driver"), folder) if section.has("driver") else DriverConfig(),
        feeds=_read_feeds(section.section("feeds")) if section.has("feeds") else (_DEFAULT_FEED,),
        pointing=_read_pointing(section.section("pointing")) if section.has("pointing") else PERFECT,
    )
    if antenna.driver.kind == "rotctld" and antenna.mount.kind is not MountKind.AZ_EL:
        section.section("driver").fail("kind", "rotctld speaks azimuth and elevation only", "an az-el mount")
    section.finish()
    return antenna


def _read_mount(section: Section) -> Mount:
    kind = MountKind(section.choice("kind", [kind.value for kind in MountKind], MountKind.AZ_EL.value))
    default = default_mount(kind)
    names = ("azimuth", "elevation") if kind is MountKind.AZ_EL else ("x", "y")
    first, second = (
        _read_axis(section.section(name), axis) if section.has(name) else axis
        for name, axis in zip(names, (default.first, default.second), strict=True)
    )
    azimuth_deg = section.number("x_axis_azimuth_deg", 0.0, 360.0, 0.0) if kind is MountKind.X_Y else 0.0
    poses = {
        name: _read_pose(section.section(name), names, pose) if section.has(name) else pose
        for name, pose in (("park", default.park), ("stow", default.stow))
    }
    section.finish()
    try:
        return Mount(kind, first, second, poses["park"], poses["stow"], azimuth_deg)
    except XbandError as error:
        section.fail(None, str(error), "positions within the axis limits")


def _read_axis(section: Section, default: Axis) -> Axis:
    values = (
        section.number("low_deg", -720.0, 720.0, default.low_deg),
        section.number("high_deg", -720.0, 720.0, default.high_deg),
        section.number("max_rate_deg_s", 0.01, 100.0, default.max_rate_deg_s),
        section.number("max_acceleration_deg_s2", 0.01, 100.0, default.max_acceleration_deg_s2),
    )
    section.finish()
    try:
        return Axis(*values)
    except XbandError as error:
        section.fail(None, str(error), "low_deg < high_deg")


def _read_pose(section: Section, names: tuple[str, str], default: Pose) -> Pose:
    first_deg = section.number(f"{names[0]}_deg", -720.0, 720.0, default.first_deg)
    second_deg = section.number(f"{names[1]}_deg", -720.0, 720.0, default.second_deg)
    section.finish()
    return Pose(first_deg, second_deg)


def _read_driver(section: Section, folder: Path) -> DriverConfig:
    kind = section.choice("kind", DRIVER_KINDS)
    has_address = kind in ("rotctld", "program-track")
    driver = DriverConfig(
        kind=kind,
        address=section.text("address", pattern=r"[^:\s]+:\d{1,5}", allowed="host:port") if has_address else "",
        latency_s=section.number("latency_s", 0.0, 5.0, 0.0),
        has_read_back=section.flag("read_back", True),
        step_track=section.flag("step_track", False),
        time_offset=section.flag("time_offset", True),
        stow_file=folder / section.text("stow_file") if section.has("stow_file") else None,
    )
    section.finish()
    return driver


def _read_pointing(section: Section) -> PointingModel:
    offsets = ("first_offset_deg", "second_offset_deg")
    limits = {name: 360.0 if name in offsets else 5.0 for name in PointingModel.names()}
    model = PointingModel(**{name: section.number(name, -limit, limit, 0.0) for name, limit in limits.items()})
    section.finish()
    return model


def _read_feeds(table: Section) -> tuple[Feed, ...]:
    feeds = []
    for name, section in table.sections():
        feed = Feed(
            name,
            section.choice("polarisation", POLARISATIONS),
            section.number("low_hz", 1e8, 1e11),
            section.number("high_hz", 1e8, 1e11),
        )
        if not feed.low_hz < feed.high_hz:
            section.fail("high_hz", "not above low_hz")
        section.finish()
        feeds.append(feed)
    if not feeds:
        table.fail(None, "no feed", "at least one")
    return tuple(feeds)
