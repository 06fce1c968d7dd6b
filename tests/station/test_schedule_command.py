# SPDX-License-Identifier: GPL-3.0-or-later
"""`xband schedule`: JSON, exports read back by other means, what-if, replanning, and mistakes."""

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from xband_station.cli import main
from xband_station.planning.calendar_export import to_icalendar
from xband_station.planning.ccsds_export import NAMESPACE, time_code_b
from xband_station.planning.model import Opportunity, Problem, Wishes
from xband_station.planning.planner import make_plan
from xband_station.planning.replan import compare, replan
from xband_station.station_config import DATA_DIR, DEFAULT_STATION_FILE

NOON = datetime(2026, 7, 22, 12, tzinfo=UTC)
START = "2026-07-22T00:00:00Z"


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def one(satellite, begin_s, end_s, worth=1.0, antenna="main"):
    return Opportunity(satellite, antenna, satellite, at(begin_s), at(end_s), worth)


@pytest.fixture
def two_dishes(tmp_path):
    """The example station with a second antenna and a second mission in the same orbit."""
    text = DEFAULT_STATION_FILE.read_text()
    text = text.replace("\norbits:", "\n  second: {diameter_m: 3.7, efficiency: 0.6, system_temperature_k: 150.0,"
                        " pointing_loss_db: 0.5}\n\norbits:", 1)  # fmt: skip
    assert "second:" in text
    (tmp_path / "suomi-npp.tle").write_bytes((DATA_DIR / "suomi-npp.tle").read_bytes())
    file = tmp_path / "station.yml"
    file.write_text(text)
    return file


def report(capsys, *arguments):
    assert main(["schedule", "--start", START, "--json", *map(str, arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_has_what_the_description_promises(capsys, two_dishes):
    plan = report(capsys, "--station", two_dishes, "--days", "2", "--why")
    fields = {"satellite", "antenna", "aos", "los", "start", "end", "value"}
    assert plan["contacts"]
    assert all(fields <= set(contact) for contact in plan["contacts"])
    assert all(fields | {"reason", "conflicts_with"} <= set(refused) for refused in plan["rejected"])
    assert all(refused["reason"] for refused in plan["rejected"])
    assert plan["objective"] == pytest.approx(sum(contact["value"] for contact in plan["contacts"]))
    assert plan["bound"] == pytest.approx(plan["objective"])
    assert plan["solve_s"] > 0.0


def test_what_if_states_the_difference(capsys, two_dishes):
    whole = report(capsys, "--station", two_dishes)
    less = report(capsys, "--station", two_dishes, "--forbid", whole["contacts"][0]["pass_id"])
    assert less["changes"]["value"] == pytest.approx(less["objective"] - whole["objective"])
    assert any("gone: SUOMI NPP" in sentence for sentence in less["changes"]["list"])
    out = report(capsys, "--station", two_dishes, "--antenna-out", "main", "--antenna-out", "second")
    assert {refused["cause"] for refused in out["rejected"]} >= {"antenna out of service"}
    assert out["objective"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--days", "0"], "--days 0"),
        (["--days", "nan"], "--days nan"),
        (["--antenna-out", "moon"], "the station has main"),
        (["--forbid", "SUOMY"], "satellites are SUOMI NPP"),
        (["--pin", "nothing"], "nothing"),
        (["--start", "tomorrow"], "ISO 8601"),
        (["--time-limit", "-1"], "--time-limit -1"),
        (["--start", "9999-12-31T00:00:00Z", "--days", "31"], "calendar"),
        (["--picture", "/no/such/folder/plan.html"], "cannot write"),
    ],
)
def test_mistakes_are_named(capsys, arguments, expected):
    assert main(["schedule", "--start", START, *arguments]) == 2
    assert expected in capsys.readouterr().err


def unfolded(text):
    """RFC 5545, 3.1: content lines, checked for length and line ends."""
    raw = text.split("\r\n")
    assert raw.pop() == ""
    assert all(len(line.encode()) <= 75 and "\n" not in line and "\r" not in line for line in raw)
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def events(text):
    """The properties of each VEVENT, with the rules that a strict reader has: one UID, DTSTAMP, UTC times."""
    lines = unfolded(text)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert {"VERSION:2.0"} <= set(lines)
    assert sum(line.startswith("PRODID:") for line in lines) == 1
    found, inside = [], False
    for line in lines:
        if line in ("BEGIN:VEVENT", "END:VEVENT"):
            assert inside == (line == "END:VEVENT")
            inside = not inside
            if inside:
                found.append({})
        elif inside:
            name, value = re.fullmatch(r"([A-Z-]+):(.*)", line).groups()
            assert name not in found[-1]
            found[-1][name] = value
    for event in found:
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} <= set(event)
        assert all(re.fullmatch(r"\d{8}T\d{6}Z", event[name]) for name in ("DTSTAMP", "DTSTART", "DTEND"))
        assert event["DTSTART"] < event["DTEND"]
        # Every comma, semicolon and backslash of a text is escaped.
        for name in ("SUMMARY", "DESCRIPTION", "LOCATION"):
            assert re.fullmatch(r"([^\\;,]|\\[\\;,n])*", event[name])
    assert len({event["UID"] for event in found}) == len(found)
    return found


def test_icalendar_by_the_rules():
    name = 'АЛЬ-ФАРАБИ-1; "A", B\\C\n' + "卫星" * 30
    plan = make_plan(Problem((one(name, 0, 600), one("B", 700, 1300))))
    text = to_icalendar(plan, "almaty", NOON)
    first, second = events(text)
    plain = re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), first["SUMMARY"])
    assert plain == f"{name} on main"
    assert first["DTSTART"] == "20260722T120000Z"
    assert second["DTEND"] == "20260722T122140Z"
    # The same pass from newer orbit data is the same event.
    shifted = make_plan(Problem((one(name, 2, 603), one("B", 700, 1300))))
    assert [e["UID"] for e in events(to_icalendar(shifted, "almaty", NOON))] == [first["UID"], second["UID"]]


def test_exports_hold_the_contacts_of_the_plan(capsys, two_dishes, tmp_path):
    names = ("ics", "ccsds", "picture")
    files = {name: tmp_path / f"plan.{name}" for name in names}
    plan = report(
        capsys, "--station", two_dishes, "--days", "2", *(item for n in names for item in (f"--{n}", files[n]))
    )
    assert len(events(files["ics"].read_bytes().decode())) == len(plan["contacts"])

    root = ElementTree.parse(files["ccsds"]).getroot()
    assert root.tag == f"{{{NAMESPACE}}}simpleSchedule"
    header = root.find(f"{{{NAMESPACE}}}simpleScheduleHeader")
    assert (header.get("startTime"), header.get("status")) == ("2026-203T00:00:00.000Z", "OPERATIONAL")
    activities = root.findall(f".//{{{NAMESPACE}}}scheduledActivity")
    assert len(activities) == len(plan["contacts"])
    starts = sorted(datetime.strptime(a.get("beginningOfTrack"), "%Y-%jT%H:%M:%S.%f%z") for a in activities)
    expected = sorted(datetime.fromisoformat(c["start"]) for c in plan["contacts"])
    assert all(abs(a - b) <= timedelta(milliseconds=1) for a, b in zip(starts, expected, strict=True))
    for activity in activities:
        assert activity.get("beginningOfActivity") < activity.get("beginningOfTrack") < activity.get("endOfTrack")
        assert activity.find(f"{{{NAMESPACE}}}serviceInfo").get("serviceType") == "TELEMETRY"

    page = files["picture"].read_text()
    assert page.count('class="contact"') == len(plan["contacts"])
    assert "below the floor" in page
    ElementTree.fromstring(re.search(r"<svg.*?</svg>", page, re.DOTALL).group())
    assert not list(tmp_path.glob("*.part"))


def test_time_code_b_at_the_end_of_a_leap_year():
    assert time_code_b(datetime(2028, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == "2028-366T23:59:59.999Z"


def test_replanning_keeps_what_runs_and_tells_what_changed():
    problem = Problem((one("A", 0, 600), one("B", 900, 1500), one("C", 2000, 2600)), 60.0, 120.0)
    plan = make_plan(problem)
    # A more valuable pass appears while A runs, and B's orbit has changed.
    better = one("NEW", 100, 500, 50.0)
    changed = dataclasses.replace(
        problem, opportunities=(one("A", 0, 610), one("B", 960, 1560), one("C", 2001, 2601), better)
    )
    after, changes = replan(changed, plan, at(200))
    assert [c.opportunity.satellite for c in after.contacts] == ["A", "B", "C"]
    assert after.contacts[0] == plan.contacts[0]
    (sentence,) = changes.sentences()
    assert sentence.startswith("moved: B on main, 07-22 12:15:00")
    assert any("NEW" in r.opportunity.satellite for r in after.rejected)

    failed = dataclasses.replace(changed, wishes=Wishes(antennas_out=frozenset({"main"})))
    after, changes = replan(failed, plan, at(200))
    assert not after.contacts
    assert len(changes.removed) == 3
    assert compare(plan, plan).sentences() == ["nothing changes"]
