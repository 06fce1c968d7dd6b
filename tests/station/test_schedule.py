# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts between passes, the clocks, the station file."""

import dataclasses
import threading
from datetime import UTC, datetime, timedelta

import pytest

from xband_core.errors import XbandError
from xband_station.clock import SimulatedClock, SystemClock
from xband_station.planning.schedule import make_schedule, resolve_conflicts
from xband_station.station_config import DATA_DIR, DEFAULT_STATION_FILE, load_station

NOON = datetime(2026, 7, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def template():
    station = load_station()
    return make_schedule(station, station.catalogue(), NOON, 24.0).accepted[0]


def planned(template, minute, priority=0, elevation_deg=45.0, length_minutes=10):
    aos = NOON + timedelta(minutes=minute)
    return dataclasses.replace(
        template,
        aos=aos,
        los=aos + timedelta(minutes=length_minutes),
        choice=dataclasses.replace(template.choice, priority=priority),
        geometry=dataclasses.replace(template.geometry, max_elevation_deg=elevation_deg),
    )


def starts(schedule):
    return [(p.aos - NOON) // timedelta(minutes=1) for p in schedule.accepted]


def test_priority_wins_then_elevation(template):
    low, high, important = planned(template, 0), planned(template, 5, 0, 80.0), planned(template, 12, 5, 10.0)
    schedule = resolve_conflicts([low, high, important], timedelta(0))
    assert starts(schedule) == [0, 12]
    (rejected,) = schedule.rejected
    assert "has priority" in rejected.reason
    schedule = resolve_conflicts([low, high], timedelta(0))
    assert starts(schedule) == [5]
    assert "rises higher" in schedule.rejected[0].reason


def test_turnaround_is_kept(template):
    passes = [planned(template, 0, elevation_deg=50.0), planned(template, 11)]
    assert starts(resolve_conflicts(passes, timedelta(minutes=1))) == [0, 11]
    assert starts(resolve_conflicts(passes, timedelta(minutes=2))) == [0]


def test_a_schedule_has_no_overlaps_and_loses_nothing(template):
    passes = [planned(template, 7 * k % 100, k % 3, 5.0 + 13 * k % 80, 3 + k % 9) for k in range(60)]
    schedule = resolve_conflicts(passes, timedelta(seconds=30))
    assert len(schedule.accepted) + len(schedule.rejected) == len(passes)
    for earlier, later in zip(schedule.accepted, schedule.accepted[1:], strict=False):
        assert later.aos >= earlier.los + timedelta(seconds=30)


def test_simulated_clock_jumps_and_follows():
    clock = SimulatedClock(NOON)
    assert clock.sleep_until(NOON + timedelta(hours=3), threading.Event())
    assert timedelta(0) <= clock.now() - (NOON + timedelta(hours=3)) < timedelta(minutes=1)
    signal_time = NOON + timedelta(hours=4)
    clock.follow(signal_time)
    assert clock.now() == signal_time
    clock.follow(signal_time - timedelta(seconds=5))
    assert clock.now() == signal_time
    clock.follow(None)
    assert clock.now() >= signal_time


def test_clocks_stop_waiting_when_told():
    stop = threading.Event()
    stop.set()
    for clock in (SystemClock(), SimulatedClock(NOON)):
        assert not clock.sleep_until(clock.now() + timedelta(hours=1), stop)


def write_station(tmp_path, **changes):
    text = DEFAULT_STATION_FILE.read_text()
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "suomi-npp.tle").write_bytes((DATA_DIR / "suomi-npp.tle").read_bytes())
    file = tmp_path / "station.yml"
    file.write_text(text)
    return file


def test_the_example_is_a_valid_station(tmp_path):
    station = load_station(write_station(tmp_path))
    assert (station.site.latitude_deg, station.min_elevation_deg) == (43.222, 5.0)
    assert station.output_dir == tmp_path / "passes"
    assert len(station.catalogue()) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("latitude_deg: 43.222", "latitude_deg: 143"), "latitude_deg"),
        (("latitude_deg: 43.222", "lattitude_deg: 43"), "latitude_deg"),
        (("min_elevation_deg: 5.0", "min_elevation_deg: high"), "min_elevation_deg"),
        (("orbits: [suomi-npp.tle]", "orbits: []"), "orbits"),
        (("  suomi-npp: {priority: 10}", "  suomi-np: {priority: 10}"), "suomi-npp"),
        (("{priority: 10}", "{priority: 10, colour: red}"), "colour"),
        (("format: cs8", "format: cs12"), "cs8, cs16, cf32"),
        (("source: tcp", "source: udp"), "receiver.source"),
        (("publish: tcp", "publish: pgm"), "publish"),
        (("schema: 2", "schema: 9"), "schema"),
        (("schema: 2", "schema: 1"), "write `antennas: {main: {...}}`"),
        (("{diameter_m: 2.4", "{diameter_m: 240"), "antennas.main.diameter_m"),
        (("pointing_loss_db: 1.0}", "pointing_loss_db: 1.0, driver: {kind: rotor}}"), "antennas.main.driver.kind"),
        (("pointing_loss_db: 1.0}", "pointing_loss_db: 1.0, driver: {kind: rotctld}}"), "antennas.main.driver.address"),
        (
            ("pointing_loss_db: 1.0}", "pointing_loss_db: 1.0, mount: {azimuth: {low_deg: 600.0}}}"),
            "antennas.main.mount.azimuth",
        ),
        (
            ("pointing_loss_db: 1.0}", "pointing_loss_db: 1.0, mount: {park: {elevation_deg: 95.0}}}"),
            "antennas.main.mount: park",
        ),
        (("lead_time_s: 30.0", "watch: {silence_s: 3}\nlead_time_s: 30.0"), "watch.stall_s"),
    ],
)
def test_mistakes_in_a_station_file_are_named(tmp_path, change, expected):
    file = write_station(tmp_path, change=change)
    with pytest.raises(XbandError) as caught:
        load_station(file)
    assert expected in str(caught.value)
