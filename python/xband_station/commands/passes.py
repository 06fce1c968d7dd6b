# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband passes``: when satellites rise over the station."""

from __future__ import annotations

import argparse
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xband_core.errors import XbandError

if TYPE_CHECKING:
    from xband_station.cli import Subparsers
    from xband_station.orbit.passes import Pass

logger = logging.getLogger(__name__)

DESCRIPTION = """\
Lists passes above the station's minimum elevation in order of time. A pass belongs to the list when any part of it
lies in the window, also when it has begun before --start."""

EPILOG = """\
examples:
  xband passes --hours 12
  xband passes --satellite "NOAA 20" --satellite 37849 --orbits weather.tle --min-elevation 10
  xband passes --orbits active.omm.json --start 2026-07-22T00:00:00Z --json

Angles are geometric, without refraction. Times are UTC. "-" (null in JSON): the satellite does not rise or set
within a day of the window. Elements older than some days give late or early passes; fetch new ones.
"""

# SGP4's error along the track grows by 1 to 3 km a day: after three days a 2.4 m dish begins to miss.
_OLD_ELEMENTS_DAYS = 3.0
_MAX_WINDOW_HOURS = 24.0 * 366


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
        "--orbits", action="append", type=Path, metavar="FILE", help="TLE or OMM file; default: those of the station"
    )
    parser.add_argument("--station", type=Path, metavar="FILE", help="station file; default: Almaty")
    parser.add_argument("--start", metavar="ISO8601", help="start of the window; default: now")
    parser.add_argument("--hours", type=float, default=24.0, metavar="H", help="length of the window; default: 24")
    parser.add_argument("--min-elevation", type=float, metavar="DEG", help="default: the station's")
    parser.add_argument("--json", action="store_true", help="a JSON list instead of a table")


def run(args: argparse.Namespace) -> int:
    from xband_station.orbit.catalogue import Catalogue
    from xband_station.orbit.passes import find_passes
    from xband_station.station_config import DEFAULT_STATION_FILE, load_station
    from xband_station.times import parse_time

    station = load_station(args.station or DEFAULT_STATION_FILE)
    catalogue = Catalogue.from_files(args.orbits) if args.orbits else station.catalogue()
    satellites = [catalogue.find(name) for name in args.satellite] if args.satellite else list(catalogue)
    if not 0.0 < args.hours <= _MAX_WINDOW_HOURS:
        raise XbandError(f"--hours {args.hours:g} is not above 0 and up to {_MAX_WINDOW_HOURS:g}")
    mask_deg = station.min_elevation_deg if args.min_elevation is None else args.min_elevation
    if not -5.0 <= mask_deg < 90.0:
        raise XbandError(f"--min-elevation {mask_deg:g} is not within -5 to 90")
    start = parse_time(args.start) if args.start else datetime.now(UTC)
    try:
        end = start + timedelta(hours=args.hours)
        passes = [p for s in satellites for p in find_passes(s, station.site, start, end, mask_deg)]
    except OverflowError:
        raise XbandError(f"--start {args.start}: too near the end of the calendar") from None
    passes.sort(key=lambda p: p.aos or start)
    for satellite in satellites:
        age_days = abs(satellite.age_s(start)) / 86400.0
        if age_days > _OLD_ELEMENTS_DAYS:
            logger.warning("%s: elements are %.1f days from the window's start", satellite.name, age_days)
    print(json.dumps([_as_json(p) for p in passes], indent=1) if args.json else _as_table(passes))
    return 0


def _as_json(one: Pass) -> dict[str, object]:
    from xband_station.orbit.identifiers import catalogue_number
    from xband_station.times import format_time

    return {
        "satellite": one.satellite,
        "norad_cat_id": catalogue_number(one.norad_cat_id),
        "aos": format_time(one.aos) if one.aos else None,
        "tca": format_time(one.tca),
        "los": format_time(one.los) if one.los else None,
        "max_elevation_deg": round(one.max_elevation_deg, 4),
        "aos_azimuth_deg": None if one.aos_azimuth_deg is None else round(one.aos_azimuth_deg, 3),
        "los_azimuth_deg": None if one.los_azimuth_deg is None else round(one.los_azimuth_deg, 3),
    }


def _as_table(passes: list[Pass]) -> str:
    from xband_station.tables import format_table

    rows = [
        [
            one.satellite,
            one.norad_cat_id,
            f"{one.aos:%Y-%m-%d %H:%M:%S}" if one.aos else "-",
            f"{one.tca:%H:%M:%S}",
            f"{one.los:%H:%M:%S}" if one.los else "-",
            f"{one.max_elevation_deg:.1f}",
            "-" if one.aos_azimuth_deg is None else f"{one.aos_azimuth_deg:.0f}",
            "-" if one.los_azimuth_deg is None else f"{one.los_azimuth_deg:.0f}",
        ]
        for one in passes
    ]
    return format_table(["satellite", "norad", "AOS (UTC)", "TCA", "LOS", "max el", "az AOS", "az LOS"], rows)
