# SPDX-License-Identifier: GPL-3.0-or-later
"""Which set of orbit data is used when, and why."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xband_station.orbit.catalogue import Catalogue, OrbitSource, SourcedOrbit, UnknownSatelliteError
from xband_station.orbit.orbit_file import load_orbit_file
from xband_station.orbit.passes import find_passes
from xband_station.orbit.prediction import predict_passes
from xband_station.station_config import DATA_DIR

DAY = datetime(2026, 7, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
NPP = load_orbit_file(DATA_DIR / "suomi-npp.tle")[0]
LOW, HIGH = OrbitSource("celestrak", 10), OrbitSource("operator", 20)


def orbit(source, hours, **changes):
    return SourcedOrbit(dataclasses.replace(NPP, epoch_utc=DAY + hours * HOUR, **changes), source)


def test_priority_then_newest():
    catalogue = Catalogue([orbit(LOW, -1), orbit(HIGH, -30), orbit(HIGH, -20), orbit(HIGH, -40)])
    choice = catalogue.choose("37849", DAY)
    assert choice.source == HIGH
    assert choice.age_s == 20 * 3600.0
    assert choice.reason == "operator, priority 20, 20.0 h old; newest of 3"


def test_disabled_and_overaged_sources_are_passed_over_and_named():
    for source, why in (
        (dataclasses.replace(HIGH, is_enabled=False), "source is disabled"),
        (dataclasses.replace(HIGH, max_age=10 * HOUR), "older than 10 h"),
    ):
        choice = Catalogue([orbit(LOW, -1), orbit(source, -20)]).choose("37849", DAY)
        assert choice.source == LOW
        assert choice.reason == f"celestrak, priority 10, 1.0 h old; not operator: {why}"


def test_the_only_set_is_used_at_any_age():
    assert Catalogue([orbit(LOW, -2400)]).choose("37849", DAY).reason.endswith("2400.0 h old; the only set")


def test_nothing_holds():
    catalogue = Catalogue([orbit(dataclasses.replace(HIGH, max_age=10 * HOUR), -20)])
    with pytest.raises(UnknownSatelliteError, match=r"hold at 2026-07-22T00:00:00Z: operator .* older than 10 h"):
        catalogue.choose("37849", DAY)
    with pytest.raises(UnknownSatelliteError, match="not among the 1"):
        catalogue.choose("5", DAY)
    assert catalogue.choose_or_none("37849", DAY) is None


def test_elements_from_after_a_manoeuvre_wait_for_their_epoch():
    catalogue = Catalogue([orbit(LOW, -10), orbit(LOW, +6)])
    assert catalogue.choose("37849", DAY + 5 * HOUR).trajectory.epoch_utc == DAY - 10 * HOUR
    assert catalogue.choose("37849", DAY + 6 * HOUR).trajectory.epoch_utc == DAY + 6 * HOUR
    assert Catalogue([orbit(LOW, +6)]).choose("37849", DAY).age_s == -6 * 3600.0


@given(st.lists(st.tuples(st.sampled_from([LOW, HIGH]), st.integers(-100, 100)), min_size=1, max_size=8), st.randoms())
def test_the_choice_does_not_depend_on_order(sets, random):
    orbits = [orbit(source, hours) for source, hours in sets]
    first = Catalogue(orbits).choose("37849", DAY)
    random.shuffle(orbits)
    second = Catalogue(orbits).choose("37849", DAY)
    assert (first.source, first.trajectory, first.reason) == (second.source, second.trajectory, second.reason)
    top = max(source.priority for source, _ in sets)
    before = [hours for source, hours in sets if source.priority == top and hours <= 0]
    after = [hours for source, hours in sets if source.priority == top]
    assert first.age_s == -3600.0 * (max(before) if before else min(after))


def test_passes_come_from_the_set_that_holds_at_their_top(almaty):
    """New elements at 12:00 that put the satellite 60 s later: morning passes by the old, evening ones by the new."""
    shifted = dataclasses.replace(NPP, mean_anomaly_deg=NPP.mean_anomaly_deg - 360.0 * 60.0 / NPP.period_s)
    moved = SourcedOrbit(shifted, dataclasses.replace(HIGH, max_age=1000 * HOUR))
    plain = SourcedOrbit(NPP, LOW)
    expected_old = find_passes(NPP, almaty, DAY, DAY + 24 * HOUR)
    expected_new = find_passes(shifted, almaty, DAY, DAY + 24 * HOUR)
    both = predict_passes(Catalogue([plain, moved]), "37849", almaty, DAY, DAY + 24 * HOUR)
    assert [one.geometry for one in both] == expected_new
    assert {one.choice.source.name for one in both} == {"operator"}
    # The operator's set holds until noon only.
    until_noon = dataclasses.replace(HIGH, max_age=DAY + 12 * HOUR - NPP.epoch_utc)
    both = predict_passes(Catalogue([plain, SourcedOrbit(shifted, until_noon)]), "37849", almaty, DAY, DAY + 24 * HOUR)
    noon = DAY + 12 * HOUR
    assert [one.geometry for one in both] == [
        *(one for one in expected_new if one.tca <= noon),
        *(one for one in expected_old if one.tca > noon),
    ]
    assert {one.choice.source.name for one in both} == {"operator", "celestrak"}


def test_prediction_says_why_there_is_none(almaty):
    catalogue = Catalogue([orbit(dataclasses.replace(HIGH, max_age=HOUR), -100)])
    with pytest.raises(UnknownSatelliteError, match="older than 1 h"):
        predict_passes(catalogue, "37849", almaty, DAY, DAY + HOUR)
