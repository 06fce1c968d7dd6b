# SPDX-License-Identifier: GPL-3.0-or-later
"""Sun and Moon: their places against astropy's, their noise against a plain sum, their encounters with satellites."""

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from xband_station.orbit.angle_table import AngleSegment, AngleTable
from xband_station.orbit.ccsds_time import to_utc, utc_atomic_s
from xband_station.orbit.interference import Beam, find_interference
from xband_station.orbit.sun_moon import Body, look_at_body
from xband_station.times import parse_time

FILE = Path(__file__).resolve().parents[1] / "data" / "orbit" / "sun-moon-astropy.json"
ROWS = json.loads(FILE.read_text())["rows"]
# 2.4 m at 8.2 GHz, 60 % efficiency, 180 K.
BEAM = Beam(1.067, 44.06, 180.0, 8.2e9)


def unit(elevation_deg, azimuth_deg):
    elevation, azimuth = np.radians(elevation_deg), np.radians(azimuth_deg)
    return np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])


@pytest.mark.parametrize("body", list(Body))
def test_places_are_those_of_astropy_over_a_year(almaty, body):
    for row in ROWS:
        look = look_at_body(body, almaty, parse_time(row["time"]), np.array([0.0]))
        theirs = row[body.value.lower()]
        chord = unit(look.elevation_deg[0], look.azimuth_deg[0]) - unit(theirs["elevation_deg"], theirs["azimuth_deg"])
        assert np.degrees(np.linalg.norm(chord)) < 0.015
        assert look.range_km[0] == pytest.approx(theirs["distance_km"], rel=3e-4)


def plain_loss_db(separation_deg):
    """The Sun's noise as a sum over small squares of its disc, with the main lobe alone."""
    x, y = np.meshgrid(*[np.linspace(-0.266, 0.266, 400)] * 2)
    in_disc = np.hypot(x, y) <= 0.266
    square_sr = np.radians(0.532 / 399) ** 2
    gain = 10**4.406 * np.exp(-4.0 * np.log(2.0) * ((x + separation_deg) ** 2 + y**2) / 1.067**2)
    noise_k = 60000.0 * 8.2**-0.75 * (gain * in_disc).sum() * square_sr / (4.0 * np.pi)
    return 10.0 * np.log10(1.0 + noise_k / 180.0)


def test_noise_of_the_sun():
    separations_deg = np.array([0.0, 0.3, 0.6, 0.9])
    expected = [plain_loss_db(separation) for separation in separations_deg]
    assert BEAM.loss_db(Body.SUN, separations_deg) == pytest.approx(expected, rel=0.01, abs=0.02)
    # A quiet Sun in the middle of such a beam costs some 10 dB, the Moon half a decibel; far away both cost nothing.
    assert 8.0 < BEAM.loss_db(Body.SUN, np.array([0.0]))[0] < 12.0
    assert 0.3 < BEAM.loss_db(Body.MOON, np.array([0.0]))[0] < 1.0
    assert BEAM.loss_db(Body.SUN, np.array([30.0]))[0] < 0.01
    falling = BEAM.loss_db(Body.SUN, np.linspace(0.0, 60.0, 500))
    assert (np.diff(falling) <= 1e-9).all()


def fixed_direction(elevation_deg, azimuth_deg, middle, hours):
    """A trajectory that stands still in the sky."""
    nodes_s = utc_atomic_s(middle) + np.linspace(-hours, hours, 9) * 3600.0
    angles_deg = np.array([np.full(9, azimuth_deg), np.full(9, elevation_deg)])
    segment = AngleSegment(nodes_s[0], nodes_s[-1], nodes_s, angles_deg, None)
    return AngleTable("FIXED", "1", to_utc(nodes_s[0]), "test", (segment,))


@pytest.mark.parametrize("body", list(Body))
def test_encounters_happen_where_astropy_puts_the_body(almaty, body):
    tested = 0
    for row in ROWS[::3]:
        theirs = row[body.value.lower()]
        if theirs["elevation_deg"] < 5.0:
            continue
        middle = parse_time(row["time"])
        fixed = fixed_direction(theirs["elevation_deg"], theirs["azimuth_deg"], middle, 1.0)
        start, stop = middle - timedelta(hours=1), middle + timedelta(hours=1)
        found = [one for one in find_interference(fixed, almaty, start, stop, BEAM, 2.0) if one.body == body.value]
        (one,) = found
        # 0.015 degrees are 4 s of the sky's turn; the nearest of 201 times is within a few seconds.
        assert abs(one.nearest - middle) < timedelta(seconds=12)
        assert one.separation_deg < 0.03
        assert one.g_t_loss_db == pytest.approx(BEAM.loss_db(body, np.array([0.0]))[0], abs=0.05)
        # A circle of 2 x 1.067 degrees' radius is crossed at 15 degrees an hour or less.
        assert timedelta(minutes=15) < one.stop - one.start < timedelta(minutes=22)
        tested += 1
    assert tested >= 5


def test_bodies_below_the_horizon_do_no_harm(almaty):
    for row in ROWS:
        theirs = row["sun"]
        if theirs["elevation_deg"] > -5.0:
            continue
        middle = parse_time(row["time"])
        fixed = fixed_direction(theirs["elevation_deg"], theirs["azimuth_deg"], middle, 0.1)
        start, stop = middle - timedelta(minutes=6), middle + timedelta(minutes=6)
        assert not [one for one in find_interference(fixed, almaty, start, stop, BEAM) if one.body == "Sun"]


def test_an_encounter_cut_by_the_pass(almaty):
    row = next(row for row in ROWS if row["sun"]["elevation_deg"] > 20.0)
    middle = parse_time(row["time"])
    fixed = fixed_direction(row["sun"]["elevation_deg"], row["sun"]["azimuth_deg"], middle, 1.0)
    (one,) = [
        i for i in find_interference(fixed, almaty, middle, middle + timedelta(minutes=1), BEAM) if i.body == "Sun"
    ]
    assert (one.start, one.stop) == (middle, middle + timedelta(minutes=1))
