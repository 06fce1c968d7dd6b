# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband schedule``: the optimal plan, why a pass is not in it, and what would be if."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xband_core.errors import XbandError

if TYPE_CHECKING:
    from xband_station.cli import Subparsers
    from xband_station.planning.model import Opportunity, Wishes
    from xband_station.planning.replan import Changes
    from xband_station.planning.schedule import Schedule
    from xband_station.station_config import StationConfig

DESCRIPTION = """\
Plans the station's passes: the most valuable selection over all antennas, proven, with passes trimmed or handed over
between antennas where that brings more. A minute is worth 1 + the mission's priority. The `planning:` section of the
station file has turnaround, partners' quotas and resources. With --pin, --forbid or --antenna-out, what these change is
stated as well."""

EPILOG = """\
examples:
  xband schedule --days 3
  xband schedule --station almaty.yml --start 2026-07-22T00:00:00Z --days 7 --why
  xband schedule --days 7 --picture plan.html --ics plan.ics --ccsds plan.xml
  xband schedule --days 1 --forbid "SUOMI NPP" --antenna-out main

Times are UTC. A pass is named as in --json: 20260722T211751-suomi-npp. --why adds what each refused pass would cost and
what the planned ones lack (link margin, CPU, disk, age of orbit data). docs/planning.md explains the method.
"""

_MAX_DAYS = 31.0
# For all costs together; a week of a busy station takes a few seconds.
_COSTS_WITHIN_S = 30.0


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "schedule",
        help="plan which passes are taken, and say why",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--station", type=Path, metavar="FILE", help="station file; default: Almaty")
    parser.add_argument("--start", metavar="ISO8601", help="start of the plan; default: now")
    parser.add_argument("--days", type=float, default=1.0, metavar="N", help="length of the plan; default: 1")
    parser.add_argument("--why", action="store_true", help="why passes are not taken, what they would cost, what lacks")
    parser.add_argument("--pin", action="append", default=[], metavar="PASS", help="a pass that must be taken")
    parser.add_argument("--forbid", action="append", default=[], metavar="NAME", help="pass or satellite to leave out")
    parser.add_argument("--antenna-out", action="append", default=[], metavar="NAME", help="an antenna out of service")
    parser.add_argument("--time-limit", type=float, default=60.0, metavar="S", help="of the solver; default: 60")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--ics", type=Path, metavar="FILE", help="write the contacts as iCalendar")
    parser.add_argument("--ccsds", type=Path, metavar="FILE", help="write a CCSDS 902.1 simple schedule (XML)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write timeline and sky plots as an HTML page")


def run(args: argparse.Namespace) -> int:
    from xband_station.planning.replan import compare
    from xband_station.planning.schedule import NO_WISHES, make_schedule
    from xband_station.station_config import DEFAULT_STATION_FILE, load_station
    from xband_station.times import parse_time

    station = load_station(args.station or DEFAULT_STATION_FILE)
    if not 0.0 < args.days <= _MAX_DAYS:
        raise XbandError(f"--days {args.days:g} is not above 0 and up to {_MAX_DAYS:g}")
    if not 0.0 < args.time_limit <= 3600.0:
        raise XbandError(f"--time-limit {args.time_limit:g} is not above 0 and up to 3600")
    start = parse_time(args.start) if args.start else datetime.now(UTC)
    wishes = _wishes(args, station)
    catalogue = station.catalogue()
    costs_within_s = _COSTS_WITHIN_S if args.why else 0.0
    try:
        schedule = make_schedule(station, catalogue, start, args.days * 24.0, wishes, args.time_limit, costs_within_s)
        _check_names(args, schedule)
        changes = None
        if wishes != NO_WISHES:
            before = make_schedule(station, catalogue, start, args.days * 24.0, NO_WISHES, args.time_limit)
            changes = compare(before.plan, schedule.plan)
    except OverflowError:
        raise XbandError(f"--start {args.start}: too near the end of the calendar") from None
    _write_files(args, station, schedule)
    findings = _findings(station, schedule) if args.why else {}
    if args.json:
        print(json.dumps(_as_json(schedule, changes, findings), indent=1))
    else:
        print(_as_text(schedule, changes, findings, args.why))
    return 0


def _wishes(args: argparse.Namespace, station: StationConfig) -> Wishes:
    from xband_station.planning.model import Wishes

    names = [antenna.name for antenna in station.antennas]
    for name in args.antenna_out:
        if name not in names:
            raise XbandError(f"--antenna-out {name}: the station has {', '.join(names)}")
    return Wishes(
        pinned=frozenset(args.pin),
        forbidden=frozenset(args.forbid),
        forbidden_satellites=frozenset(args.forbid),
        antennas_out=frozenset(args.antenna_out),
    )


def _check_names(args: argparse.Namespace, schedule: Schedule) -> None:
    """A misspelt name must not pass as a wish without effect."""
    everything = schedule.outlook.problem.opportunities
    known = {one.pass_id for one in everything} | {one.satellite for one in everything}
    for name in args.forbid:
        if name not in known:
            satellites = ", ".join(sorted({one.satellite for one in everything}))
            raise XbandError(f"--forbid {name}: no such pass in this plan, and its satellites are {satellites}")


def _write_files(args: argparse.Namespace, station: StationConfig, schedule: Schedule) -> None:
    from xband_station.planning.calendar_export import to_icalendar
    from xband_station.planning.ccsds_export import to_simple_schedule
    from xband_station.planning.picture import draw_plan
    from xband_station.written_file import write_whole

    now = datetime.now(UTC)
    if args.ics:
        write_whole(args.ics, to_icalendar(schedule.plan, station.name, now))
    if args.ccsds:
        period = (schedule.start, schedule.end)
        write_whole(args.ccsds, to_simple_schedule(schedule.plan, station.name, *period, now, station.lead_time_s))
    if args.picture:
        write_whole(args.picture, draw_plan(schedule, station.name))


def _findings(station: StationConfig, schedule: Schedule) -> dict[str, list[str]]:
    """What each planned contact lacks, by contact_id."""
    from xband_station.planning.admission import check_pass

    found = {}
    for contact in schedule.plan.contacts:
        findings = check_pass(station, schedule.planned(contact))
        if findings:
            found[contact.contact_id] = [f"{finding.what}: {finding.message}" for finding in findings]
    return found


def _as_json(schedule: Schedule, changes: Changes | None, findings: dict[str, list[str]]) -> dict[str, object]:
    from xband_station.times import format_time

    def fields(one: Opportunity, start: datetime, end: datetime, value: float) -> dict[str, object]:
        return {
            "pass_id": one.pass_id,
            "satellite": one.satellite,
            "antenna": one.antenna,
            "aos": format_time(one.aos),
            "los": format_time(one.los),
            "start": format_time(start),
            "end": format_time(end),
            "value": round(value, 6),
        }

    plan = schedule.plan
    contacts = [
        {
            "contact_id": contact.contact_id,
            **fields(contact.opportunity, contact.start, contact.end, contact.value),
            "partner": contact.opportunity.partner,
            "max_elevation_deg": round(contact.opportunity.max_elevation_deg, 3),
            "orbit": schedule.planned(contact).orbit_reason,
            "lacks": findings.get(contact.contact_id, []),
        }
        for contact in plan.contacts
    ]
    rejected = [
        {
            **fields(one.opportunity, one.opportunity.aos, one.opportunity.los, one.opportunity.value),
            "cause": one.cause.value,
            "reason": one.reason,
            "conflicts_with": list(one.conflicts_with),
            "cost": None if one.cost is None else round(one.cost, 6),
        }
        for one in plan.rejected
    ]
    report: dict[str, object] = {
        "start": format_time(schedule.start),
        "end": format_time(schedule.end),
        "contacts": contacts,
        "rejected": rejected,
        "objective": plan.objective,
        "bound": plan.bound,
        "solve_s": plan.solve_s,
        "shortfalls": [{"partner": name, "missing_s": round(seconds, 3)} for name, seconds in plan.shortfalls],
    }
    if changes:
        report["changes"] = {"value": round(changes.value, 6), "list": changes.sentences()}
    return report


def _as_text(schedule: Schedule, changes: Changes | None, findings: dict[str, list[str]], has_reasons: bool) -> str:
    from xband_station.tables import format_table

    plan = schedule.plan
    rows = [
        [
            contact.opportunity.satellite,
            contact.opportunity.antenna,
            f"{contact.start:%m-%d %H:%M:%S}",
            f"{contact.end:%H:%M:%S}",
            f"{timedelta(seconds=round(contact.duration_s))}"[2:],
            f"{contact.opportunity.max_elevation_deg:.0f}",
            f"{contact.value:.1f}",
            "trimmed" if contact.is_trimmed else "",
        ]
        for contact in plan.contacts
    ]
    lines = [format_table(["satellite", "antenna", "start (UTC)", "end", "min:s", "max el", "value", ""], rows), ""]
    proof = "proven optimal" if plan.gap < 1e-6 else f"bound {plan.bound:.1f}, at most {plan.gap:.2%} below the optimum"
    lines.append(f"{len(plan.contacts)} contacts, value {plan.objective:.1f}, {proof}, {plan.solve_s:.2f} s; "
                 f"{len(plan.rejected)} passes not taken")  # fmt: skip
    lines += [f"quota of {name} missed by {seconds / 60.0:.1f} min" for name, seconds in plan.shortfalls]
    if changes:
        lines += ["", f"against the plan without these wishes: value {changes.value:+.1f}", *changes.sentences()]
    if has_reasons:
        lines += ["", "not taken:"]
        for one in plan.rejected:
            cost = "" if one.cost is None else f" (taking it would cost {one.cost:.1f})"
            lines.append(f"  {one.opportunity.pass_id}: {one.cause.value}: {one.reason}{cost}")
        lines += ["", "what planned contacts lack:"]
        lines += [f"  {name}: {text}" for name, texts in findings.items() for text in texts] or ["  nothing"]
    return "\n".join(lines)
