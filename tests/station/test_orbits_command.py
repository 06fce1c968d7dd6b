# SPDX-License-Identifier: GPL-3.0-or-later
"""`xband orbits`: what it shows and how it ends."""

import json
import shutil

import pytest

from xband_station import cli
from xband_station.station_config import DATA_DIR, DEFAULT_STATION_FILE

AT = ["--at", "2026-07-22T12:00:00Z"]


@pytest.fixture
def station(tmp_path):
    """A station with a file, a folder and a disabled address."""
    text = DEFAULT_STATION_FILE.read_text()
    start = text.index("orbits:")
    orbits = """orbits:
  spare: {file: suomi-npp.tle}
  operator: {folder: drop, priority: 20}
  network: {url: "http://127.0.0.1:1/x", priority: 30, enabled: false}"""
    (tmp_path / "station.yml").write_text(text[:start] + orbits + "\n" + text[text.index("\n", start) :])
    shutil.copy(DATA_DIR / "suomi-npp.tle", tmp_path)
    (tmp_path / "drop").mkdir()
    return tmp_path


def run(station, *arguments):
    return cli.main(["orbits", *arguments, "--station", str(station / "station.yml")])


def test_list_marks_the_chosen_set(station, capsys):
    shutil.copy(DATA_DIR / "suomi-npp.tle", station / "drop")
    assert run(station, "list", "--json", *AT) == 0
    operator, spare = json.loads(capsys.readouterr().out)
    assert (operator["source"], operator["chosen"], spare["source"], spare["chosen"]) == (
        "operator", True, "spare", False,
    )  # fmt: skip
    assert operator["reason"] == "operator, priority 20, 21.7 h old; highest priority"
    assert operator["level"] == "nominal"
    assert 0.0 < operator["beamwidth_share"] < 0.2
    assert run(station, "list", "--all", *AT) == 0
    assert capsys.readouterr().out.count("SUOMI NPP") == 2


def test_check_is_content_with_fresh_data(station, capsys):
    assert run(station, "check", *AT) == 0
    assert "orbit data are good" in capsys.readouterr().out


def test_check_names_old_elements_and_failed_feeds(station, capsys):
    assert run(station, "refresh") == 1
    assert "operator: no file in the folder" in capsys.readouterr().out
    assert run(station, "check", "--at", "2026-08-22T12:00:00Z") == 1
    feed, age = capsys.readouterr().out.splitlines()
    assert feed == "feed operator: no file in the folder"
    assert age.startswith("SUOMI NPP: alarm: orbit data are 766 h from this time, the limit is")
    assert "beamwidths" in age


def test_check_names_missions_without_orbit_data(station, capsys):
    text = (station / "suomi-npp.tle").read_text()
    rows = text.splitlines()[-2:]
    other = [row[:2] + "25994" + row[7:68] for row in rows]
    sums = [str(sum(int(c) if c.isdigit() else c == "-" for c in row) % 10) for row in other]
    (station / "suomi-npp.tle").write_text("\n".join(row + total for row, total in zip(other, sums, strict=True)))
    assert run(station, "check", "--json", *AT) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert "satellite '37849' is not among" in problem


def test_refresh_reports_each_feed(station, capsys):
    shutil.copy(DATA_DIR / "suomi-npp.tle", station / "drop")
    assert run(station, "refresh", "--json") == 0
    (outcome,) = json.loads(capsys.readouterr().out)
    assert outcome == {"feed": "operator", "is_good": True, "is_new": True, "text": "1 files, 1 changed"}
    assert (station / "orbit-cache" / "operator" / "suomi-npp.tle").is_file()


def test_nothing_to_refresh(capsys):
    assert cli.main(["orbits", "refresh"]) == 2
    assert "nothing to refresh" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["list", "--at", "noon"], ["list", "--station", "/nowhere/x.yml"]])
def test_mistakes_have_no_traceback(capsys, arguments):
    assert cli.main(["orbits", *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err
