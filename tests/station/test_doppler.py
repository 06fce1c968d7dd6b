# SPDX-License-Identifier: GPL-3.0-or-later
"""Doppler against Orekit's table, the plan against the range rate, the link budget against the operator's figure."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from xband_core.mission import load_mission
from xband_station.link import Antenna, es_n0_db
from xband_station.orbit.catalogue import Catalogue
from xband_station.orbit.doppler import doppler_hz, doppler_plan, evaluate_plan
from xband_station.orbit.geometry import Tracker
from xband_station.orbit.passes import find_passes
from xband_station.station_config import DATA_DIR
from xband_station.times import parse_time

FREQUENCY_HZ = 7812e6
SAMPLE_RATE_HZ = 33e6 / 7  # not a whole number of samples a second


@pytest.fixture(scope="module")
def npp():
    return Catalogue.from_files([DATA_DIR / "suomi-npp.tle"]).find("37849")


def test_doppler_is_within_5_hz_of_the_reference(reference, npp, almaty):
    rows = reference("reference-doppler-suomi-npp.json")["rows"]
    base = parse_time(rows[0]["time"])
    look = Tracker(npp, almaty).look(base, [(parse_time(row["time"]) - base).total_seconds() for row in rows])
    mine = doppler_hz(look.range_rate_km_s, FREQUENCY_HZ)
    assert np.abs(mine - [row["doppler_hz"] for row in rows]).max() < 5.0
    assert np.abs(look.elevation_deg - [row["elevation_deg"] for row in rows]).max() < 0.01
    assert np.abs(look.range_km - [row["range_km"] for row in rows]).max() < 0.1


@pytest.mark.parametrize("mean_motion_rev_day", [14.195, 15.2])
def test_plan_follows_every_pass_within_a_tenth_hertz(npp, almaty, mean_motion_rev_day):
    elements = dataclasses.replace(npp, mean_motion_rev_day=mean_motion_rev_day)
    start = datetime(2026, 7, 22, tzinfo=UTC)
    tracker = Tracker(elements, almaty)
    passes = find_passes(elements, almaty, start, start + timedelta(days=3))
    assert max(p.max_elevation_deg for p in passes) > 70.0
    for one in passes:
        duration_s = (one.los - one.aos).total_seconds()
        plan = doppler_plan(tracker, one.aos, duration_s, SAMPLE_RATE_HZ, FREQUENCY_HZ)
        samples = np.linspace(0, duration_s * SAMPLE_RATE_HZ, 3001)
        truth = doppler_hz(tracker.look(one.aos, samples / SAMPLE_RATE_HZ).range_rate_km_s, FREQUENCY_HZ)
        assert np.abs(evaluate_plan(plan, samples, SAMPLE_RATE_HZ) - truth).max() < 0.2
        joints = np.array([segment.start_sample for segment in plan[1:]], dtype=float)
        before, after = (evaluate_plan(plan, joints + shift, SAMPLE_RATE_HZ) for shift in (-1.0, 0.0))
        assert np.abs(after - before).max() < 0.01


def test_link_budget_meets_the_operators_requirement():
    """NOAA asks G/T 22.7 dB/K at 5 degrees with 3 dB rain, 1 dB pointing, 2.5 dB implementation, 1 dB margin: the
    Eb/N0 left over is that of the concatenated code, 2.8 dB; QPSK with rate 1/2 has Es/N0 = Eb/N0."""
    mission = load_mission("suomi-npp")
    antenna = Antenna()
    spare_g_over_t_db = 22.7 - antenna.gain_over_temperature_db_k(mission.centre_frequency_hz)
    (es_n0,) = es_n0_db(mission, antenna, np.array([5.0]), np.array([2871.0]))
    assert es_n0 + spare_g_over_t_db - 3.0 - 2.5 - 1.0 == pytest.approx(2.8, abs=0.2)


def test_es_n0_rises_with_elevation():
    es_n0 = es_n0_db(load_mission("suomi-npp"), Antenna(), np.array([5.0, 90.0]), np.array([2871.0, 824.0]))
    assert 10.0 < es_n0[1] - es_n0[0] < 13.0
