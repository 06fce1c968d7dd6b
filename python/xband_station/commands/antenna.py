# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband antenna``: where the dish is, moving it, a track before it is followed, and the pointing model."""

from __future__ import annotations

import argparse
import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xband_core.errors import XbandError

if TYPE_CHECKING:
    from xband_station.antenna.config import AntennaConfig
    from xband_station.antenna.drivers import Driver
    from xband_station.antenna.mount import Pose
    from xband_station.antenna.track import Track
    from xband_station.cli import Subparsers
    from xband_station.station_config import StationConfig

DESCRIPTION = """\
Looks after the antenna of a station file. `status` tells where it is; `park`, `stow` and `goto` move it, slowly enough
and around the hills, through the same safety envelope as in a pass. `track` plans a pass without moving anything and
tells what the mount will lose. `fit` makes the pointing model from Sun scans and signal peaks. Do not move the antenna
while `xband run` follows a satellite with it."""

EPILOG = """\
examples:
  xband antenna status --station my-station.yml
  xband antenna goto 180 45 --station my-station.yml
  xband antenna track --satellite "SUOMI NPP" --start 2026-07-22T06:30:00Z --plot track.png
  xband antenna fit sun-scans.csv      columns first_deg, second_deg, azimuth_deg, elevation_deg

The example station has no driver: give your own with --station (docs/antenna.md).
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "antenna",
        help="look after the dish: status, park, stow, goto, track, fit",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=sorted(_ACTIONS), help="what to do")
    parser.add_argument("values", nargs="*", metavar="VALUE", help="goto: AZ EL in degrees; fit: FILE")
    parser.add_argument("--station", type=Path, metavar="FILE", help="station file; default: Almaty")
    parser.add_argument("--antenna", metavar="NAME", help="which of the station's antennas; default: the first")
    parser.add_argument("--satellite", metavar="NAME", help="track: name or catalogue number; default: first mission")
    parser.add_argument("--start", metavar="ISO8601", help="track: the first pass that ends after this; default: now")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="track: write a picture")
    parser.add_argument("--json", action="store_true", help="JSON for machines")


def run(args: argparse.Namespace) -> int:
    from xband_station.station_config import DEFAULT_STATION_FILE, load_station

    action, wanted = _ACTIONS[args.what]
    if len(args.values) != wanted:
        raise XbandError(f"antenna {args.what}: {len(args.values)} values given, needed: {wanted}")
    station = load_station(args.station or DEFAULT_STATION_FILE)
    names = [antenna.name for antenna in station.antennas]
    if args.antenna is not None and args.antenna not in names:
        raise XbandError(f"--antenna {args.antenna}: the station has {', '.join(names)}")
    antenna = station.antennas[names.index(args.antenna) if args.antenna else 0]
    action(args, station, antenna)
    return 0


def _status(args: argparse.Namespace, station: StationConfig, antenna: AntennaConfig) -> None:
    from xband_station.antenna.pointing import Pointing

    pose = _read(_connected(antenna))
    facts: dict[str, object] = {
        "antenna": antenna.name,
        "driver": antenna.driver.kind,
        "address": antenna.driver.address,
    }
    if pose is not None:
        first, second = antenna.mount.axis_names
        azimuth_deg, elevation_deg = Pointing(antenna.mount, antenna.pointing).to_sky(pose.as_array())
        facts |= {f"{first}_deg": round(pose.first_deg, 3), f"{second}_deg": round(pose.second_deg, 3)}
        facts |= {"looks_to_azimuth_deg": round(float(azimuth_deg), 3)}
        facts |= {"looks_to_elevation_deg": round(float(elevation_deg), 3)}
    print(json.dumps(facts) if args.json else "\n".join(f"{name}: {value}" for name, value in facts.items()))


def _park(args: argparse.Namespace, station: StationConfig, antenna: AntennaConfig) -> None:
    _move(station, antenna, antenna.mount.park)


def _stow(args: argparse.Namespace, station: StationConfig, antenna: AntennaConfig) -> None:
    _move(station, antenna, antenna.mount.stow)


def _goto(args: argparse.Namespace, station: StationConfig, antenna: AntennaConfig) -> None:
    import numpy as np

    from xband_station.antenna.mount import Pose
    from xband_station.antenna.pointing import Pointing
    from xband_station.antenna.safety import SafetyEnvelope

    azimuth_deg, elevation_deg = (_angle(text, limit) for text, limit in zip(args.values, (360.0, 90.0), strict=True))
    axes = Pointing(antenna.mount, antenna.pointing).to_axes(np.array(azimuth_deg), np.array(elevation_deg))
    turns = [axes + np.array([360.0 * turn, 0.0]) for turn in (0, 1, -1, 2, -2)]
    pose = next((Pose.of(turned) for turned in turns if antenna.mount.reaches(Pose.of(turned))), None)
    if pose is None or not SafetyEnvelope(antenna.mount, station.horizon).is_safe(pose.as_array()):
        raise XbandError(f"antenna goto: {azimuth_deg:g} {elevation_deg:g} is outside the limits or below the horizon")
    _move(station, antenna, pose)


def _angle(text: str, limit: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise XbandError(f"antenna goto: {text!r} is not a number of degrees") from None
    if not -limit <= value <= limit:
        raise XbandError(f"antenna goto: {text} is not within -{limit:g} to {limit:g}")
    return value


def _connected(antenna: AntennaConfig) -> Driver:
    from xband_station.antenna.drivers import make_driver
    from xband_station.antenna.line_socket import DriverError

    if antenna.driver.kind not in ("rotctld", "program-track"):
        raise XbandError(
            f"antenna {antenna.name}: driver {antenna.driver.kind} cannot be talked to; allowed: rotctld, program-track"
        )
    driver = make_driver(antenna.driver)
    try:
        driver.connect()
    except DriverError as error:
        raise XbandError(f"antenna {antenna.name}: {error}") from None
    return driver


def _read(driver: Driver) -> Pose | None:
    from xband_station.antenna.line_socket import DriverError

    try:
        return driver.read_pose()
    except DriverError as error:
        raise XbandError(f"the antenna's controller: {error}") from None


def _move(station: StationConfig, antenna: AntennaConfig, goal: Pose) -> None:
    from xband_station.antenna.line_socket import DriverError
    from xband_station.antenna.move import move_to
    from xband_station.antenna.safety import SafetyEnvelope

    driver = _connected(antenna)
    try:
        pose = move_to(driver, SafetyEnvelope(antenna.mount, station.horizon), goal)
    except DriverError as error:
        raise XbandError(f"antenna {antenna.name}: controller: {error}") from None
    except XbandError as error:
        raise XbandError(f"antenna {antenna.name}: {error}") from None
    except KeyboardInterrupt:
        with contextlib.suppress(DriverError):
            driver.stop()
        raise
    finally:
        driver.close()
    first, second = antenna.mount.axis_names
    there = pose or goal
    by = "" if pose else " by its commands; the controller does not tell"
    print(f"{antenna.name}: {first} {there.first_deg:.2f}, {second} {there.second_deg:.2f} degrees{by}")


def _track(args: argparse.Namespace, station: StationConfig, antenna: AntennaConfig) -> None:
    import numpy as np

    from xband_station.orbit.geometry import Tracker
    from xband_station.orbit.passes import find_passes
    from xband_station.pass_antenna import plan_pass_track, time_sigma_s
    from xband_station.times import format_time, parse_time

    mission = station.missions[0].mission
    elements = station.catalogue().find(args.satellite or str(mission.norad_cat_id))
    start = parse_time(args.start) if args.start else datetime.now(UTC)
    try:
        passes = find_passes(elements, station.site, start, start + timedelta(days=2), station.min_elevation_deg)
    except OverflowError:
        raise XbandError(f"--start {args.start}: too near the end of the calendar") from None
    one = next((one for one in passes if one.aos and one.los and one.los > start), None)
    if one is None or one.aos is None or one.los is None:
        raise XbandError(f"{elements.name}: no pass within two days of {format_time(start)}")
    tracker = Tracker(elements, station.site, station.atmosphere)
    track = plan_pass_track(antenna, tracker, one.aos, one.los, mission.centre_frequency_hz)
    width_deg = antenna.beamwidth_deg(mission.centre_frequency_hz)
    first, second = antenna.mount.axis_names
    facts = {
        "satellite": one.satellite,
        "aos": format_time(one.aos),
        "los": format_time(one.los),
        "max_elevation_deg": round(one.max_elevation_deg, 3),
        f"start_{first}_deg": round(track.start.first_deg, 3),
        f"start_{second}_deg": round(track.start.second_deg, 3),
        f"end_{first}_deg": round(track.end.first_deg, 3),
        f"end_{second}_deg": round(track.end.second_deg, 3),
        "slew_from_park_s": round(antenna.mount.slew_s(antenna.mount.park, track.start), 1),
        "beamwidth_deg": round(width_deg, 3),
        "lost_s": round(track.lost_s, 2),
        "mean_loss_db": round(float(track.loss_db.mean()), 3),
        "highest_loss_db": round(float(track.loss_db.max()), 2),
        "time_sigma_s": round(time_sigma_s(one.element_age_s), 2),
    }
    if args.plot:
        _plot(args.plot, track, antenna, str(one.satellite))
    if args.json:
        columns = np.column_stack([track.offsets_s, track.axes_deg, track.loss_db])
        rows = np.round(columns, 4).tolist()
        print(json.dumps(facts | {"track": rows}))
    else:
        print("\n".join(f"{name}: {value}" for name, value in facts.items()))


def _plot(file: Path, track: Track, antenna: AntennaConfig, satellite: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 7.0), layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, sharex=True)
    for panel, k in ((upper, 0), (middle, 1)):
        panel.plot(track.offsets_s, track.axes_deg[:, k])
        panel.set_ylabel(f"{antenna.mount.axis_names[k]} in degrees")
    lower.plot(track.offsets_s, track.loss_db)
    lower.set_ylabel("loss in dB")
    lower.set_ylim(0.0, max(1.0, 1.1 * float(track.loss_db.max())))
    lower.set_xlabel("seconds after AOS")
    upper.set_title(f"{satellite}, antenna {antenna.name}: {track.lost_s:.1f} s lost in the keyhole")
    for panel in (upper, middle, lower):
        panel.grid(alpha=0.3)
    try:
        figure.savefig(file, dpi=120)
    except (OSError, ValueError) as error:
        raise XbandError(f"--plot {file}: {error}") from None


def _fit(args: argparse.Namespace, station: StationConfig, antenna: AntennaConfig) -> None:
    import dataclasses

    import numpy as np

    from xband_station.antenna.pointing_fit import as_rows, fit_pointing, load_measurements
    from xband_station.tables import format_table

    fit = fit_pointing(antenna.mount, load_measurements(Path(args.values[0])))
    outliers = (np.flatnonzero(fit.is_outlier) + 1).tolist()
    if args.json:
        facts = {"model": dataclasses.asdict(fit.model), "sigma": dataclasses.asdict(fit.sigma)}
        numbers = {"covariance": fit.covariance.tolist(), "rms_deg": fit.rms_deg, "before_deg": fit.before_deg}
        print(json.dumps({**facts, **numbers, "outliers": outliers}))
        return
    print(format_table(["term", "degrees", "deviation"], as_rows(fit)))
    print(f"\nrms on the sky {fit.rms_deg:.4f} degrees, {fit.before_deg:.4f} without a model")
    print(f"left out as outliers: {', '.join(map(str, outliers)) or 'none'} (counting measurements from 1)")
    terms = ", ".join(f"{name}: {value:.4f}" for name, value in dataclasses.asdict(fit.model).items())
    print(f"for the station file, under antennas.{antenna.name}:\n  pointing: {{{terms}}}")


_ACTIONS = {
    "status": (_status, 0),
    "park": (_park, 0),
    "stow": (_stow, 0),
    "goto": (_goto, 2),
    "track": (_track, 0),
    "fit": (_fit, 1),
}
