# SPDX-License-Identifier: GPL-3.0-or-later
"""The station's schedule, admission, simple rules, the clocks, the station file."""

import dataclasses
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from xband_core.errors import XbandError
from xband_core.mission import load_mission
from xband_station.bench.random_plans import check, random_rules, to_problem
from xband_station.clock import SimulatedClock, SystemClock
from xband_station.link import Antenna
from xband_station.orbit.geometry import Tracker
from xband_station.orbit.horizon import HorizonMask
from xband_station.planning.admission import check_pass
from xband_station.planning.link_margin import needed_es_n0_db, rain_loss_db
from xband_station.planning.model import Cause
from xband_station.planning.planner import make_plan
from xband_station.planning.rules import RULES, plan_by_rule
from xband_station.planning.schedule import make_schedule, make_schedule_anyway
from xband_station.station_config import DATA_DIR, DEFAULT_STATION_FILE, load_station

NOON = datetime(2026, 7, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def station():
    return load_station()


def two_antennas(station, **planning):
    """The station with a second dish and what a partner and two more priorities make of it."""
    main = station.main_antenna
    return dataclasses.replace(
        station,
        antennas=(main, dataclasses.replace(main, name="second")),
        planning=dataclasses.replace(station.planning, **planning),
    )


def test_a_day_of_the_example_station(station):
    schedule = make_schedule(station, station.catalogue(), NOON, 24.0)
    passes = schedule.accepted
    assert len(passes) == 5
    assert all(one.antenna == "main" and one.orbit_reason for one in passes)
    assert all(one.pass_id.endswith("-suomi-npp") for one in passes)
    assert schedule.plan.objective == pytest.approx(schedule.plan.bound)
    low = [one for one in schedule.plan.rejected if one.cause is Cause.MASK]
    assert low
    assert "below the floor" in low[0].reason


def test_a_pass_that_is_on_keeps_its_identity(station):
    first = make_schedule(station, station.catalogue(), NOON, 24.0).accepted[0]
    again = make_schedule(station, station.catalogue(), first.aos + timedelta(minutes=3), 24.0).accepted[0]
    assert again.pass_id == first.pass_id
    assert abs(again.aos - first.aos) < timedelta(milliseconds=1)


def test_what_a_mission_lacks_is_the_reason(station):
    catalogue = station.catalogue()
    deaf = dataclasses.replace(station.main_antenna, link=Antenna(system_temperature_k=10000.0, diameter_m=0.3))
    weak = dataclasses.replace(station, antennas=(deaf,))
    assert {one.cause for one in make_schedule(weak, catalogue, NOON, 12.0).plan.rejected} >= {Cause.LINK}
    left = dataclasses.replace(station.main_antenna.feeds[0], polarisation="lhcp")
    other = dataclasses.replace(station, antennas=(dataclasses.replace(station.main_antenna, feeds=(left,)),))
    causes = [one for one in make_schedule(other, catalogue, NOON, 12.0).plan.rejected if one.cause is Cause.FEED]
    assert "no rhcp feed for 7812 MHz" in causes[0].reason


def test_a_weak_link_trims_a_pass_at_low_elevation(station):
    whole = make_schedule(station, station.catalogue(), NOON, 24.0).accepted[0]
    strict = dataclasses.replace(station, planning=dataclasses.replace(station.planning, min_margin_db=8.0))
    cut = make_schedule(strict, station.catalogue(), NOON, 24.0).accepted[0]
    assert whole.aos < cut.aos < cut.los < whole.los
    assert not [f for f in check_pass(strict, cut) if f.what == "link" and f.is_blocking]


def test_horizon_ridge_is_a_hole_that_the_contact_spans(station):
    first = make_schedule(station, station.catalogue(), NOON, 24.0).accepted[1]
    look = Tracker(first.elements, station.site).look(first.aos, [240.0])
    azimuth_deg = float(look.azimuth_deg[0])
    points = sorted({(azimuth_deg + d) % 360.0: h for d, h in ((-4, 0), (-3, 89), (3, 89), (4, 0))}.items())
    mask = HorizonMask(tuple(a for a, _ in points), tuple(h for _, h in points))
    schedule = make_schedule(dataclasses.replace(station, horizon=mask), station.catalogue(), NOON, 24.0)
    contact = next(c for c in schedule.plan.contacts if c.opportunity.pass_id == first.pass_id)
    assert contact.opportunity.holes
    assert contact.duration_s < (contact.end - contact.start).total_seconds() - 1.0


def test_admission_names_what_is_missing(station):
    planned = make_schedule(station, station.catalogue(), NOON, 24.0).accepted[0]
    assert check_pass(station, planned, free_bytes=lambda _: 10**12, cores=8) == []
    poor = two_antennas(station, link_mbit_s=1.0, min_margin_db=25.0, cpu_per_msymbol_s=1.0)
    found = {f.what: f for f in check_pass(poor, planned, free_bytes=lambda _: 1000, cores=1)}
    assert set(found) == {"link", "cpu", "disk", "partner link"}
    assert "15 cores, 1 are there" in found["cpu"].message
    assert found["link"].is_blocking
    assert not found["disk"].is_blocking
    assert check_pass(station, planned, free_bytes=lambda _: -5, cores=8)[0].is_blocking
    old = dataclasses.replace(planned, aos=planned.aos + timedelta(days=9), los=planned.los + timedelta(days=9))
    assert "alarm" in next(f.message for f in check_pass(station, old, cores=8) if f.what == "orbit data")


def test_rain_and_needed_es_n0():
    elevation_deg = np.array([5.0, 30.0, 90.0])
    dry = rain_loss_db(8.2e9, 0.0, elevation_deg, 850.0)
    assert not dry.any()
    wet = rain_loss_db(8.0e9, 20.0, elevation_deg, 850.0)
    # At the zenith the path is the rain's height above the station: 0.226 dB/km (P.838-3 at 8 GHz) over 2.35 km.
    assert wet[2] == pytest.approx((0.004115 * 20**1.3905 + 0.003450 * 20**1.3797) / 2 * 2.35, rel=1e-3)
    assert np.all(np.diff(wet) < 0.0)
    assert needed_es_n0_db(load_mission("suomi-npp")) == pytest.approx(1.5)
    assert needed_es_n0_db(load_mission("aqua")) == pytest.approx(5.0 + 3.01, abs=0.01)


@pytest.mark.parametrize("rule", RULES)
def test_simple_rules_keep_turnarounds_and_resources(rule):
    for seed in range(15):
        rules = dataclasses.replace(random_rules(seed), partners=())
        plan = plan_by_rule(to_problem(rules), RULES[rule])
        faults = [fault for fault in check(rules, plan) if "conflict" not in fault]
        assert not faults
        assert plan.objective <= make_plan(to_problem(rules), time_limit_s=0.3).bound * (1 + 1e-6)


def test_a_station_goes_on_when_its_planner_fails(station, monkeypatch, caplog):
    def broken(*_):
        raise ValueError("no solver today")

    monkeypatch.setattr("xband_station.planning.schedule.make_plan", broken)
    schedule = make_schedule_anyway(station, station.catalogue(), NOON, 24.0)
    assert len(schedule.accepted) == 5
    assert "no solver today" in caplog.text


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
        (("lead_time_s: 30.0", "planning: {turnround_s: 3}\nlead_time_s: 30.0"), "turnaround_s"),
        (("lead_time_s: 30.0", "planning: {min_useful_s: 0}\nlead_time_s: 30.0"), "planning.min_useful_s"),
        (
            ("lead_time_s: 30.0", "planning: {partners: {a: {missions: [aqua]}}}\nlead_time_s: 30.0"),
            "planning.partners.a.missions",
        ),
        (("lead_time_s: 30.0", "watch: {silence_s: 3}\nlead_time_s: 30.0"), "watch.stall_s"),
    ],
)
def test_mistakes_in_a_station_file_are_named(tmp_path, change, expected):
    file = write_station(tmp_path, change=change)
    with pytest.raises(XbandError) as caught:
        load_station(file)
    assert expected in str(caught.value)
