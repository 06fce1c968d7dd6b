# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband orbits``: the station's orbit data: fetch them, list them, say whether they are fit for use."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xband_core.errors import XbandError

if TYPE_CHECKING:
    from xband_station.cli import Subparsers
    from xband_station.orbit.age import AgeReport
    from xband_station.orbit.catalogue import Catalogue, SourcedOrbit
    from xband_station.station_config import StationConfig

DESCRIPTION = """\
Looks after the orbit data of a station (its `orbits:`; docs/orbits.md). `refresh` asks every feed that may be asked
now: an address at most once in two hours, whoever asks. `list` shows every set of every satellite of the station's
missions, the one that is used, its age and what that costs. `check` says what an operator must look after, and ends
with exit code 1 if there is anything, as `refresh` does if a feed has failed."""

EPILOG = """\
examples:
  xband orbits refresh --station my-station.yml
  xband orbits list
  xband orbits list --all --at 2026-07-24T00:00:00Z
  xband orbits check --json

"share" is the expected error of pointing where an overhead pass is nearest, in beamwidths of the station's largest
dish at the mission's frequency; 0.1 costs 0.1 dB, 0.5 costs 3 dB. "-": not for this kind of data.
"""

# The command has worked; what it found is not as it should be.
EXIT_NOT_FIT = 1


@dataclass(frozen=True)
class _Row:
    """One set of one satellite. objection: why it cannot be used."""

    orbit: SourcedOrbit
    age: AgeReport
    is_chosen: bool
    objection: str | None
    reason: str


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "orbits",
        help="fetch, list and check the station's orbit data",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["refresh", "list", "check"], help="what to do")
    parser.add_argument("--station", type=Path, metavar="FILE", help="station file; default: Almaty")
    parser.add_argument("--at", metavar="ISO8601", help="list, check: as of this time; default: now")
    parser.add_argument("--all", action="store_true", help="list: every satellite known, not only the missions'")
    parser.add_argument("--json", action="store_true", help="JSON for machines")


def run(args: argparse.Namespace) -> int:
    from xband_station.station_config import DEFAULT_STATION_FILE, load_station
    from xband_station.times import parse_time

    station = load_station(args.station or DEFAULT_STATION_FILE)
    at = parse_time(args.at) if args.at else datetime.now(UTC)
    if args.what == "refresh":
        return _refresh(station, args.json)
    rows, missing = _rows(station, at, args.all)
    if args.what == "list":
        print(json.dumps([_as_json(row) for row in rows], indent=1) if args.json else _table(rows))
        return 0
    return _check(station, rows, missing, args.json)


def _refresh(station: StationConfig, as_json: bool) -> int:
    from dataclasses import asdict

    from xband_station.orbit.refresh import Refresher

    refresher = Refresher(station.orbit_feeds, station.orbit_cache)
    if not refresher.has_work:
        raise XbandError("the station's orbits are files: there is nothing to refresh (docs/orbits.md: feeds)")
    outcomes = refresher.refresh()
    if as_json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    for outcome in outcomes if not as_json else []:
        print(f"{outcome.feed}: {outcome.text}")
    return 0 if all(outcome.is_good for outcome in outcomes) else EXIT_NOT_FIT


def _rows(station: StationConfig, at: datetime, is_all: bool) -> tuple[list[_Row], list[str]]:
    """Sets of the missions' satellites (or of all), best first; and missions without any orbit data."""
    from xband_station.orbit.catalogue import UnknownSatelliteError

    catalogue = station.catalogue()
    beamwidths_deg = _beamwidths_deg(station)
    wanted = list(beamwidths_deg)
    if is_all:
        wanted += sorted({orbit.norad_cat_id for orbit in catalogue} - set(wanted))
    rows: list[_Row] = []
    missing: list[str] = []
    for identifier in wanted:
        try:
            rows += _rows_of(catalogue, identifier, at, beamwidths_deg.get(identifier))
        except UnknownSatelliteError as error:
            missing.append(str(error))
    return rows, missing


def _rows_of(catalogue: Catalogue, identifier: str, at: datetime, beamwidth_deg: float | None) -> list[_Row]:
    from xband_station.orbit.age import assess

    orbits = catalogue.orbits(identifier)
    choice = catalogue.choose_or_none(identifier, at)
    return [
        _Row(
            orbit=orbit,
            age=assess(orbit.trajectory, at, beamwidth_deg),
            is_chosen=choice is not None and choice.trajectory is orbit.trajectory,
            objection=orbit.objection(at),
            reason=choice.reason if choice is not None and choice.trajectory is orbit.trajectory else "",
        )
        for orbit in orbits
    ]


def _beamwidths_deg(station: StationConfig) -> dict[str, float]:
    """The narrowest beam that follows each mission's satellite."""
    return {
        choice.mission.norad_cat_id: min(
            antenna.beamwidth_deg(choice.mission.centre_frequency_hz) for antenna in station.antennas
        )
        for choice in station.missions
    }


def _check(station: StationConfig, rows: list[_Row], missing: list[str], as_json: bool) -> int:
    problems = [*missing, *_feed_problems(station)]
    for identifier in dict.fromkeys(row.orbit.trajectory.norad_cat_id for row in rows):
        sets = [row for row in rows if row.orbit.trajectory.norad_cat_id == identifier]
        chosen = next((row for row in sets if row.is_chosen), None)
        name = sets[0].orbit.trajectory.name
        if chosen is None:
            problems.append(f"{name}: no set holds ({sets[0].orbit.source.name}: {sets[0].objection})")
        elif chosen.age.is_alarming:
            problems.append(f"{name}: {chosen.age.text}")
    if as_json:
        print(json.dumps({"problems": problems, "satellites": [_as_json(row) for row in rows]}, indent=1))
    else:
        print("\n".join(problems) if problems else f"orbit data are good: {len(rows)} sets")
    return EXIT_NOT_FIT if problems else 0


def _feed_problems(station: StationConfig) -> list[str]:
    from xband_station.orbit.feeds import FeedKind
    from xband_station.orbit.refresh import Refresher

    refresher = Refresher(station.orbit_feeds, station.orbit_cache)
    states = {feed.name: refresher.state(feed) for feed in station.orbit_feeds if feed.kind is not FeedKind.FILE}
    return [f"feed {name}: {state.problem}" for name, state in states.items() if state.problem]


def _as_json(row: _Row) -> dict[str, Any]:
    from xband_station.times import format_time

    data, age = row.orbit.trajectory, row.age
    return {
        "satellite": data.name,
        "satellite_id": data.norad_cat_id,
        "source": row.orbit.source.name,
        "priority": row.orbit.source.priority,
        "epoch": format_time(data.epoch_utc),
        "valid_from": format_time(data.valid_from) if data.valid_from else None,
        "valid_until": format_time(data.valid_until) if data.valid_until else None,
        "chosen": row.is_chosen,
        "reason": row.reason,
        "objection": row.objection,
        "age_hours": round(age.age_s / 3600.0, 2),
        "level": age.level.value,
        "warning_hours": round(age.limits.warning_h, 1),
        "alarm_hours": round(age.limits.alarm_h, 1),
        "along_track_km": _rounded(age.along_track_km, 3),
        "time_error_s": _rounded(age.time_error_s, 3),
        "beamwidth_share": _rounded(age.beamwidth_share, 3),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _table(rows: list[_Row]) -> str:
    from xband_station.tables import format_table

    heading = ["satellite", "id", "source", "priority", "epoch (UTC)", "valid", "age h", "level"]
    heading += ["error s", "share", "used"]
    return format_table(
        heading,
        [
            [
                row.orbit.trajectory.name,
                row.orbit.trajectory.norad_cat_id,
                row.orbit.source.name,
                str(row.orbit.source.priority),
                f"{row.orbit.trajectory.epoch_utc:%Y-%m-%d %H:%M}",
                _validity(row),
                f"{row.age.age_s / 3600.0:.1f}",
                row.age.level.value,
                "-" if row.age.time_error_s is None else f"{row.age.time_error_s:.2f}",
                "-" if row.age.beamwidth_share is None else f"{row.age.beamwidth_share:.2f}",
                "yes" if row.is_chosen else row.objection or "no",
            ]
            for row in rows
        ],
    )


def _validity(row: _Row) -> str:
    """The span that the data state themselves; "-" for elements, which grow worse but never end."""
    first, last = row.orbit.trajectory.valid_from, row.orbit.trajectory.valid_until
    return f"{first:%m-%d %H:%M} to {last:%m-%d %H:%M}" if first and last else "-"
