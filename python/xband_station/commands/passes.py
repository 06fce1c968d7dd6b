# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband passes``: when satellites rise over the station, and what stands in their way."""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xband_core.errors import XbandError

if TYPE_CHECKING:
    from xband_station.cli import Subparsers
    from xband_station.orbit.catalogue import Catalogue
    from xband_station.orbit.interference import Beam, Interference
    from xband_station.orbit.prediction import PredictedPass
    from xband_station.station_config import StationConfig

logger = logging.getLogger(__name__)

DESCRIPTION = """\
Lists passes above the station's minimum elevation and its horizon mask, in order of time. A pass belongs to the list
when any part of it lies in the window, also when it has begun before --start. A pass that a ridge cuts has a line for
each part ("1/2", "2/2")."""

EPILOG = """\
examples:
  xband passes --hours 12
  xband passes --satellite "NOAA 20" --satellite 37849 --orbits weather.tle --min-elevation 10
  xband passes --orbits active.omm.json --start 2026-07-22T00:00:00Z --json
  xband passes --mask hills.csv --geometric

Elevations are refracted ones, at which the antenna points; --geometric leaves refraction out. Times are UTC. "-" (null
in JSON): the satellite does not rise or set within a day of the window. "Sun, Moon": when they are nearest within
two beamwidths, and by how much G/T falls then. Elements older than some days give late or early passes: see `xband
orbits list`.
"""

# SGP4's error along the track grows by 1 to 3 km a day: after three days a 2.4 m dish begins to miss.
_OLD_ELEMENTS_DAYS = 3.0
_MAX_WINDOW_HOURS = 24.0 * 366
# For satellites without a mission: the middle of the band in which they send.
_X_BAND_HZ = 8.2e9


@dataclass(frozen=True)
class _Line:
    """One pass, and Sun and Moon during it."""

    predicted: PredictedPass
    interference: list[Interference]


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "passes",
        help="list when satellites rise over the station",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--satellite", action="append", metavar="NAME", help="name or catalogue number; may be repeated; default: all"
    )
    parser.add_argument(
        "--orbits", action="append", type=Path, metavar="FILE", help="orbit file of any kind; default: the station's"
    )
    parser.add_argument("--station", type=Path, metavar="FILE", help="station file; default: Almaty")
    parser.add_argument("--start", metavar="ISO8601", help="start of the window; default: now")
    parser.add_argument("--hours", type=float, default=24.0, metavar="H", help="length of the window; default: 24")
    parser.add_argument("--min-elevation", type=float, metavar="DEG", help="default: the station's")
    parser.add_argument(
        "--mask", type=Path, metavar="FILE", help="horizon mask (azimuth,elevation); default: station's"
    )
    parser.add_argument("--geometric", action="store_true", help="elevations without refraction")
    parser.add_argument("--json", action="store_true", help="a JSON list instead of a table")


def run(args: argparse.Namespace) -> int:
    from xband_station.orbit.catalogue import Catalogue
    from xband_station.station_config import DEFAULT_STATION_FILE, load_station
    from xband_station.times import parse_time

    station = load_station(args.station or DEFAULT_STATION_FILE)
    catalogue = Catalogue.from_files(args.orbits) if args.orbits else station.catalogue()
    satellites = [catalogue.find(name) for name in args.satellite] if args.satellite else list(catalogue)
    if not 0.0 < args.hours <= _MAX_WINDOW_HOURS:
        raise XbandError(f"--hours {args.hours:g} is not above 0 and up to {_MAX_WINDOW_HOURS:g}")
    if args.min_elevation is not None and not -5.0 <= args.min_elevation < 90.0:
        raise XbandError(f"--min-elevation {args.min_elevation:g} is not within -5 to 90")
    start = parse_time(args.start) if args.start else datetime.now(UTC)
    try:
        end = start + timedelta(hours=args.hours)
        lines = [line for s in satellites for line in _lines(args, station, catalogue, s.norad_cat_id, start, end)]
    except OverflowError:
        raise XbandError(f"--start {args.start}: too near the end of the calendar") from None
    lines.sort(key=lambda line: line.predicted.geometry.aos or start)
    for satellite in satellites:
        age_days = abs(satellite.age_s(start)) / 86400.0
        if age_days > _OLD_ELEMENTS_DAYS:
            logger.warning("%s: elements are %.1f days from the window's start", satellite.name, age_days)
    print(json.dumps([_as_json(line) for line in lines], indent=1) if args.json else _as_table(lines))
    return 0


def _lines(
    args: argparse.Namespace,
    station: StationConfig,
    catalogue: Catalogue,
    satellite_id: str,
    start: datetime,
    end: datetime,
) -> list[_Line]:
    from xband_station.orbit.horizon import load_horizon
    from xband_station.orbit.interference import find_interference
    from xband_station.orbit.prediction import predict_passes

    predicted = predict_passes(
        catalogue,
        satellite_id,
        station.site,
        start,
        end,
        station.min_elevation_deg if args.min_elevation is None else args.min_elevation,
        load_horizon(args.mask) if args.mask else station.horizon,
        None if args.geometric else station.atmosphere,
    )
    beam = _beam(station, satellite_id)
    return [
        _Line(
            one,
            find_interference(
                one.choice.trajectory, station.site, one.geometry.aos or start, one.geometry.los or end, beam
            ),
        )
        for one in predicted
    ]


def _beam(station: StationConfig, satellite_id: str) -> Beam:
    """Of the station's first antenna, at the frequency of the satellite's mission."""
    frequencies_hz = [
        choice.mission.centre_frequency_hz for choice in station.missions if choice.mission.norad_cat_id == satellite_id
    ]
    return station.antennas[0].beam(frequencies_hz[0] if frequencies_hz else _X_BAND_HZ)


def _as_json(line: _Line) -> dict[str, object]:
    from xband_station.orbit.identifiers import catalogue_number
    from xband_station.times import format_time

    one, choice = line.predicted.geometry, line.predicted.choice
    return {
        "satellite": one.satellite,
        "norad_cat_id": catalogue_number(one.norad_cat_id),
        "satellite_id": one.norad_cat_id,
        "aos": format_time(one.aos) if one.aos else None,
        "tca": format_time(one.tca),
        "los": format_time(one.los) if one.los else None,
        "max_elevation_deg": round(one.max_elevation_deg, 4),
        "aos_azimuth_deg": None if one.aos_azimuth_deg is None else round(one.aos_azimuth_deg, 3),
        "los_azimuth_deg": None if one.los_azimuth_deg is None else round(one.los_azimuth_deg, 3),
        "part": one.part,
        "parts": one.parts,
        "orbit_data": {"source": choice.trajectory.source, "reason": choice.reason},
        "interference": [
            {
                "body": each.body,
                "start": format_time(each.start),
                "stop": format_time(each.stop),
                "nearest": format_time(each.nearest),
                "separation_deg": round(each.separation_deg, 3),
                "g_t_loss_db": round(each.g_t_loss_db, 2),
            }
            for each in line.interference
        ],
    }


def _as_table(lines: list[_Line]) -> str:
    from xband_station.tables import format_table

    heading = ["satellite", "norad", "AOS (UTC)", "TCA", "LOS", "max el", "az AOS", "az LOS", "part", "Sun, Moon"]
    return format_table(heading, [_cells(line) for line in lines])


def _cells(line: _Line) -> list[str]:
    one = line.predicted.geometry
    return [
        one.satellite,
        one.norad_cat_id,
        f"{one.aos:%Y-%m-%d %H:%M:%S}" if one.aos else "-",
        f"{one.tca:%H:%M:%S}",
        f"{one.los:%H:%M:%S}" if one.los else "-",
        f"{one.max_elevation_deg:.1f}",
        "-" if one.aos_azimuth_deg is None else f"{round(one.aos_azimuth_deg) % 360}",
        "-" if one.los_azimuth_deg is None else f"{round(one.los_azimuth_deg) % 360}",
        f"{one.part}/{one.parts}" if one.parts > 1 else "",
        ", ".join(f"{each.body} {each.nearest:%H:%M:%S} {each.g_t_loss_db:.1f} dB" for each in line.interference),
    ]
