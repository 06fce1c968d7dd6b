# SPDX-License-Identifier: GPL-3.0-or-later
"""The skyline, refraction, and passes cut by both, held against skyfield's own angles second by second."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skyfield.api import EarthSatellite, load, wgs84

from xband_core.errors import XbandError
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.geometry import Site, Tracker
from xband_station.orbit.horizon import HorizonMask, load_horizon
from xband_station.orbit.orbit_file import load_orbit_file
from xband_station.orbit.passes import find_passes
from xband_station.orbit.refraction import Atmosphere
from xband_station.station_config import DATA_DIR, DEFAULT_STATION_FILE, load_station

DAY = datetime(2026, 7, 22, tzinfo=UTC)
HOURS = 24
RIDGES = HorizonMask(
    (0.0, 20.0, 30.0, 38.0, 40.0, 85.0, 88.0, 102.0, 105.0, 200.0, 260.0, 262.0, 272.0, 276.0, 300.0),
    (6.0, 6.0, 25.0, 25.0, 4.0, 3.0, 50.0, 50.0, 3.0, 12.0, 3.0, 60.0, 60.0, 4.0, 2.0),
)


@pytest.fixture(scope="module")
def npp():
    return load_orbit_file(DATA_DIR / "suomi-npp.tle")[0]


@pytest.fixture(scope="module")
def by_skyfield(almaty):
    """Seconds of the day, elevation and azimuth, by skyfield's satellite and its topocentric frame."""
    seconds = np.arange(0.0, HOURS * 3600.0, 5.0)
    scale = load.timescale(builtin=True)
    lines = (DATA_DIR / "suomi-npp.tle").read_text().splitlines()[-2:]
    satellite = EarthSatellite(*lines, ts=scale)
    ground = wgs84.latlon(almaty.latitude_deg, almaty.longitude_deg, almaty.altitude_m)
    elevation, azimuth, _ = (satellite - ground).at(scale.utc(2026, 7, 22, 0, 0, seconds)).altaz()
    return seconds, elevation.degrees, azimuth.degrees


@pytest.mark.parametrize("floor_deg", [0.0, 5.0, 15.0])
def test_passes_are_what_stands_above_mask_and_floor(npp, almaty, by_skyfield, floor_deg):
    seconds, elevation_deg, azimuth_deg = by_skyfield
    limit_deg = np.maximum(np.interp(azimuth_deg, RIDGES.azimuths_deg, RIDGES.elevations_deg, period=360), floor_deg)
    passes = find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), floor_deg, RIDGES)
    assert max(one.parts for one in passes) >= 2, "no ridge cuts a pass: the test is blind"
    inside = np.zeros(len(seconds), dtype=bool)
    for one in passes:
        rise_s, set_s = ((time - DAY).total_seconds() for time in (one.aos, one.los))
        inside |= (seconds >= rise_s) & (seconds <= set_s)
        assert one.aos <= one.tca <= one.los
        during = (seconds >= rise_s) & (seconds <= set_s)
        assert one.max_elevation_deg == pytest.approx(elevation_deg[during].max(), abs=1.5)  # 5 s apart
    # Skyfield knows polar motion and UT1; 0.02 degrees is more than both.
    clearance_deg = elevation_deg - limit_deg
    assert not (inside & (clearance_deg < -0.02)).any()
    assert not (~inside & (clearance_deg > 0.02)).any()


def test_parts_of_a_pass_are_numbered(npp, almaty):
    whole = find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), 5.0)
    cut = find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), 5.0, RIDGES)
    assert all((one.part, one.parts) == (1, 1) for one in whole)
    for one in whole:
        parts = [p for p in cut if one.aos - timedelta(seconds=1) <= p.tca <= one.los + timedelta(seconds=1)]
        assert [p.part for p in parts] == list(range(1, len(parts) + 1))
        assert {p.parts for p in parts} <= {len(parts)}


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 359), st.integers(-2, 70)), min_size=2, max_size=12, unique_by=lambda p: p[0]),
    st.sampled_from([0.0, 5.0, 20.0]),
)
def test_any_mask_cuts_passes_into_parts_that_stand_above_it(points, floor_deg):
    points.sort()
    mask = HorizonMask(*zip(*((float(a), float(e)) for a, e in points), strict=True))
    npp, site = load_orbit_file(DATA_DIR / "suomi-npp.tle")[0], Site(43.222, 76.929, 850.0)
    tracker = Tracker(npp, site)
    before = DAY - timedelta(days=1)
    for one in find_passes(npp, site, DAY, DAY + timedelta(hours=HOURS), floor_deg, mask):
        assert before < one.aos <= one.tca <= one.los
        assert 1 <= one.part <= one.parts
        seconds = np.linspace(0.0, (one.los - one.aos).total_seconds(), 200)
        look = tracker.look(one.aos, seconds)
        limit_deg = np.maximum(mask.elevation_deg(look.azimuth_deg), floor_deg)
        # A microsecond at either end; ridges shorter than the search's step may be jumped over.
        assert (look.elevation_deg - limit_deg)[[0, -1]] == pytest.approx([0.0, 0.0], abs=1e-3)
        assert np.mean(look.elevation_deg >= limit_deg - 1e-3) > 0.98
        assert one.max_elevation_deg >= look.elevation_deg.max() - 0.5


def test_a_flat_mask_is_a_floor(npp, almaty):
    as_floor = find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), 12.0)
    assert find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), 0.0, HorizonMask.flat(12.0)) == as_floor
    assert find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), 12.0, HorizonMask.flat(2.0)) == as_floor


def test_a_mask_across_north_is_interpolated():
    mask = HorizonMask((10.0, 350.0), (4.0, 8.0))
    assert mask.elevation_deg([0.0, 360.0, -10.0, 10.0, 180.0]) == pytest.approx([6.0, 6.0, 8.0, 4.0, 6.0])


def test_refraction_of_the_almanac():
    """Meeus, chapter 16: 0.5 degrees apparent is 28.754' of light by Bennett's formula, which agrees within 0.1'."""
    light = Atmosphere(1010.0, 10.0, 0.0)
    assert (0.5 - light.geometric_deg(np.array([0.5]))[0]) * 60.0 == pytest.approx(28.754, abs=0.1)
    # The same chapter's example: true 33'14.76" is 24.618' lower than apparent.
    geometric_deg = (33.0 + 14.76 / 60.0) / 60.0
    assert (light.apparent_deg(np.array([geometric_deg]))[0] - geometric_deg) * 60.0 == pytest.approx(24.618, abs=0.001)


@given(st.floats(-0.5, 90.0), st.floats(0.0, 4000.0))
def test_refraction_there_and_back(elevation_deg, altitude_m):
    air = Atmosphere.standard(altitude_m)
    apparent_deg = air.apparent_deg(np.array([elevation_deg]))
    assert elevation_deg <= apparent_deg[0] < elevation_deg + 1.0
    assert air.geometric_deg(apparent_deg)[0] == pytest.approx(elevation_deg, abs=1e-6)


def test_radio_refraction_against_itu():
    """ITU-R P.834-9, 2.2, standard atmosphere at sea level: the bending in degrees over the free-space elevation."""
    elevation_deg = np.array([1.0, 3.0, 5.0, 10.0])
    itu_deg = 1.0 / (1.728 + 0.5411 * elevation_deg + 0.03723 * elevation_deg**2)
    bent_deg = Atmosphere.standard(0.0).apparent_deg(elevation_deg) - elevation_deg
    assert bent_deg == pytest.approx(itu_deg, rel=0.13)


def test_refraction_makes_passes_longer(npp, almaty):
    air = Atmosphere.standard(almaty.altitude_m)
    bare = find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), 5.0)
    bent = find_passes(npp, almaty, DAY, DAY + timedelta(hours=HOURS), 5.0, atmosphere=air)
    for one, other in zip(bare, bent, strict=True):
        assert other.aos < one.aos < one.los < other.los
        assert other.los - other.aos < one.los - one.aos + timedelta(seconds=60)


def test_mask_file_and_inline_agree(tmp_path):
    points = list(zip(RIDGES.azimuths_deg, RIDGES.elevations_deg, strict=True))
    rows = ["azimuth,elevation  # surveyed", "", *(f"{a:g}, {e:g}" for a, e in points), "360,6"]
    (tmp_path / "mask.csv").write_text("\n".join(rows))
    assert load_horizon(tmp_path / "mask.csv") == RIDGES
    for number, horizon in enumerate(["{file: mask.csv}", "{" + ", ".join(f"{a:g}: {e:g}" for a, e in points) + "}"]):
        assert load_station(station_file(tmp_path, f"horizon: {horizon}", number)).horizon == RIDGES


def station_file(folder, line, number=0):
    file = folder / f"station{number}.yml"
    file.write_text(DEFAULT_STATION_FILE.read_text() + f"\n{line}\n")
    (folder / "suomi-npp.tle").write_bytes((DATA_DIR / "suomi-npp.tle").read_bytes())
    return file


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("horizon: {0: 95}", "horizon.0"),
        ("horizon: {0: 5, 0: 6}", "horizon.0"),
        ("horizon: {90: 5, 45: 6}", "horizon.45"),
        ("horizon: {north: 5}", "horizon.north"),
        ("horizon: {360: 5}", "horizon.360"),
        ("horizon: {}", "horizon"),
        ("horizon: [1, 2]", "horizon"),
        ("horizon: {file: mask.csv, 0: 5}", "horizon.0"),
        ("atmosphere: {pressure_hpa: 91}", "atmosphere.pressure_hpa"),
        ("atmosphere: {temperature_f: 91}", "atmosphere.temperature_f"),
    ],
)
def test_wrong_horizons_in_the_station_file(tmp_path, line, field):
    file = station_file(tmp_path, line)
    number = file.read_text().splitlines().index(line) + 1
    with pytest.raises(XbandError) as caught:
        load_station(file)
    assert f"{file}:{number}" in str(caught.value)
    assert field in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "mask.csv: no point"),
        ("az,el\n0,5\n10,x", "mask.csv:3: elevation: 'x'"),
        ("0,5\n10,90", "mask.csv:2: elevation: '90'"),
        ("0,5\n-1,5", "mask.csv:2: azimuth: '-1'"),
        ("0,5\n20,5\n10,5", "mask.csv:3: azimuth: 10 is not above"),
        ("0,5\n360,6", "mask.csv:2: azimuth: 360 is north"),
        ("0,5,1", "mask.csv:1: '0,5,1' is not azimuth, elevation"),
        ("az,el\naz,el", "mask.csv:2: azimuth"),
        ("0,nan", "mask.csv:1: elevation"),
    ],
)
def test_wrong_mask_files(tmp_path, text, expected):
    file = tmp_path / "mask.csv"
    file.write_text(text)
    with pytest.raises(OrbitError) as caught:
        load_horizon(file)
    assert expected in str(caught.value)


@given(st.data())
def test_damaged_mask_files_never_give_a_traceback(tmp_path_factory, data):
    original = "azimuth,elevation\n" + "\n".join(
        f"{a:g},{e:g}" for a, e in zip(*dataclasses.astuple(RIDGES), strict=True)
    )
    text = original.encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 20, len(text))))
    file = tmp_path_factory.getbasetemp() / "damaged.csv"
    file.write_bytes(text[:start] + data.draw(st.binary(max_size=20)) + text[end:])
    try:
        mask = load_horizon(file)
    except OrbitError:
        return
    assert np.isfinite(mask.elevation_deg(np.arange(360.0))).all()
