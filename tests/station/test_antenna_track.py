# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks keep every limit, lose nothing that the mount can take, and in the keyhole no more than they must."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from overhead import overhead_pass

from xband_core.errors import XbandError
from xband_station.antenna.curve import Curve, control_through
from xband_station.antenna.limits import follow_within_limits, is_within_limits
from xband_station.antenna.mount import (
    Axis,
    Mount,
    MountKind,
    Pose,
    beamwidth_deg,
    direction_vector,
    pointing_loss_db,
    separation_deg,
)
from xband_station.antenna.pointing import Pointing, PointingModel
from xband_station.antenna.track import plan_track

BEAMWIDTH_DEG = beamwidth_deg(3.7, 8.2e9)
ZENITH = Pose(0.0, 90.0)
OVERWIND = Mount(MountKind.AZ_EL, Axis(-180.0, 540.0, 6.0, 3.0), Axis(0.0, 90.0, 3.0, 2.0), ZENITH, ZENITH)
ONE_TURN = Mount(MountKind.AZ_EL, Axis(0.0, 360.0, 6.0, 3.0), Axis(0.0, 90.0, 3.0, 2.0), ZENITH, ZENITH)
OVER_THE_TOP = Mount(MountKind.AZ_EL, Axis(-180.0, 540.0, 6.0, 3.0), Axis(0.0, 180.0, 3.0, 2.0), ZENITH, ZENITH)
X_Y = Mount(MountKind.X_Y, Axis(-90.0, 90.0, 3.0, 2.0), Axis(-90.0, 90.0, 3.0, 2.0), Pose(0.0, 0.0), Pose(0.0, 0.0))
BENT = PointingModel(0.4, -0.3, 0.2, -0.15, 0.05, 0.08, 0.06, 0.004)

directions = st.tuples(st.floats(0.0, 360.0), st.floats(-5.0, 89.0))


def pass_time_beyond(track, mount):
    """Largest excess over limits, rates and accelerations on a fine grid, by differences: the curve itself, not its
    control points."""
    step_s = 0.02
    positions = track.at(np.arange(track.offsets_s[0], track.offsets_s[-1], step_s))
    rates = np.diff(positions, axis=0) / step_s
    accelerations = np.diff(rates, axis=0) / step_s
    return max(
        (mount.low_deg - positions).max(),
        (positions - mount.high_deg).max(),
        (np.abs(rates) - mount.max_rate_deg_s).max(),
        (np.abs(accelerations) - mount.max_acceleration_deg_s2).max(),
    )


@pytest.mark.parametrize("kind", MountKind)
@given(directions, st.floats(0.0, 360.0))
@settings(max_examples=60, deadline=None)
def test_axes_and_directions_are_inverse(kind, direction, x_axis_azimuth_deg):
    wide = Axis(-720.0, 720.0, 1.0, 1.0)
    mount = Mount(kind, wide, wide, Pose(0.0, 0.0), Pose(0.0, 0.0), x_axis_azimuth_deg)
    axes = mount.to_axes(*direction)
    wanted = direction_vector(*direction)
    over_the_top = np.array([axes[0] + 180.0, 180.0 - axes[1]])
    for same in (axes, axes + np.array([360.0, 0.0]), over_the_top):
        assert separation_deg(mount.axes_to_vector(same), wanted) < 1e-5


def test_x_grows_to_the_east_and_y_to_the_north():
    np.testing.assert_allclose(X_Y.to_axes([90.0, 0.0, 0.0], [60.0, 60.0, 90.0]), [[30, 0], [0, 30], [0, 0]], atol=1e-9)


@pytest.mark.parametrize("mount", [OVERWIND, X_Y], ids=["az-el", "x-y"])
@given(directions, st.booleans())
@settings(max_examples=100, deadline=None)
def test_the_pointing_model_inverts(mount, direction, over_the_top):
    pointing = Pointing(mount, BENT)
    azimuth_deg, elevation_deg = (np.array([angle]) for angle in direction)
    if np.abs(mount.to_axes(azimuth_deg, elevation_deg)[0, 1]) > 88.0:
        return  # within the blind spot that collimation leaves around the pole
    axes = pointing.to_axes(azimuth_deg, elevation_deg, over_the_top)
    assert separation_deg(pointing.to_vector(axes), pointing.aim(azimuth_deg, elevation_deg)) < 1e-6
    seen = direction_vector(*pointing.to_sky(axes))
    assert separation_deg(seen, direction_vector(azimuth_deg, elevation_deg)) < 1e-5


def test_model_terms_act_as_named():
    """First-order formulas, written down apart from the model's geometry."""
    azimuth_deg, elevation_deg = np.array([40.0]), np.array([30.0])
    small = 1e-3
    tan, cos = np.tan(np.radians(30.0)), np.cos(np.radians(30.0))
    north, east = np.cos(np.radians(40.0)), np.sin(np.radians(40.0))
    expected = {
        "first_offset_deg": (1.0, 0.0),
        "second_offset_deg": (0.0, 1.0),
        # Leaning north, the axis sees a source in the north higher; one in the east moves on by tan(elevation).
        "tilt_north_deg": (east * tan, north),
        "tilt_east_deg": (-north * tan, east),
        "non_perpendicularity_deg": (tan, 0.0),
        "collimation_deg": (-1.0 / cos, 0.0),
        "sag_deg": (0.0, cos),
        "refraction_deg": (0.0, 1.0 / tan),
    }
    assert set(expected) == set(PointingModel.names())
    for name, shift in expected.items():
        axes = Pointing(OVERWIND, PointingModel(**{name: small})).to_axes(azimuth_deg, elevation_deg)
        np.testing.assert_allclose((axes[0] - [40.0, 30.0]) / small, shift, atol=2e-3, err_msg=name)


@given(st.lists(st.floats(-100.0, 100.0), min_size=4, max_size=30))
def test_a_curve_goes_through_its_values(values):
    curve = Curve(5.0, 0.5, control_through(np.array(values))[:, None])
    np.testing.assert_allclose(curve.at(5.0 + 0.5 * np.arange(len(values)))[:, 0], values, atol=1e-9)
    assert curve.stop_s == pytest.approx(5.0 + 0.5 * (len(values) - 1))
    middle_s = np.linspace(5.1, curve.stop_s - 0.1, 7)
    differences = (curve.at(middle_s + 1e-5) - curve.at(middle_s - 1e-5)) / 2e-5
    np.testing.assert_allclose(curve.rate_at(middle_s), differences, atol=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_the_programme_is_as_good_as_brute_force(seed):
    """Every motion on a lattice of control points that keeps the limits: none is better."""
    random = np.random.default_rng(seed)
    axis = Axis(-6.0, 6.0, 2.0, 1.0)  # with steps of 1 s the lattice has a spacing of 1 degree
    reference_deg = np.cumsum(random.choice([-4.0, 0.0, 3.0, 5.0], 5)) / 2.0
    weight = random.uniform(0.2, 1.0, 5)
    steps = np.array([s for s in itertools.product(range(-2, 3), repeat=6) if np.abs(np.diff(s)).max() <= 1])
    moves = np.pad(np.cumsum(steps, axis=1), ((0, 0), (1, 0)))
    controls = np.concatenate([start + moves for start in range(-6, 7)])
    controls = controls[np.abs(controls).max(axis=1) <= 6]

    def cost(control):
        at_nodes = control[..., :-2] / 8 + control[..., 1:-1] * 6 / 8 + control[..., 2:] / 8
        return np.abs(at_nodes - reference_deg) @ weight

    # All errors are within the beam: the plain sum is what the programme makes least.
    found = follow_within_limits(reference_deg, weight, np.ones(5), axis, 1.0, near_deg=1e9)
    assert len(controls) > 1000
    assert is_within_limits(found, axis, 1.0)
    assert cost(found) <= cost(controls).min() + 1e-5


@pytest.mark.parametrize(
    ("mount", "max_elevation_deg"),
    [(OVERWIND, 89.9), (OVERWIND, 40.0), (ONE_TURN, 88.0), (OVER_THE_TOP, 88.0), (X_Y, 89.9), (X_Y, 5.5)],
)
def test_tracks_keep_limits_and_tell_their_loss(mount, max_elevation_deg):
    offsets_s, azimuth_deg, elevation_deg = overhead_pass(max_elevation_deg, heading_deg=190.0)
    track = plan_track(offsets_s, azimuth_deg, elevation_deg, mount, BEAMWIDTH_DEG)
    assert pass_time_beyond(track, mount) < 1e-6
    # The loss, computed again from the positions and the given directions.
    at_s = offsets_s[(np.abs(offsets_s) > 3.0)]
    wanted = direction_vector(azimuth_deg, elevation_deg)[np.abs(offsets_s) > 3.0]
    loss_db = pointing_loss_db(separation_deg(mount.axes_to_vector(track.at(at_s)), wanted), BEAMWIDTH_DEG)
    np.testing.assert_allclose(np.interp(at_s, track.offsets_s, track.loss_db), loss_db, atol=1.0)
    assert abs(float(np.sum(loss_db > 3.0)) - track.lost_s) < 8.0


def test_x_y_and_over_the_top_lose_nothing_at_the_zenith():
    given_pass = overhead_pass(89.9, altitude_km=500.0)
    for mount in (X_Y, OVER_THE_TOP):
        track = plan_track(*given_pass, mount, BEAMWIDTH_DEG)
        assert track.lost_s == 0.0
        assert track.error_deg.max() < 0.15


@pytest.mark.parametrize("max_elevation_deg", [87.0, 89.9])
def test_no_turn_at_full_rate_loses_less(max_elevation_deg):
    """Every motion that leaves the satellite, turns at full rate and meets it again: lines through its azimuth."""
    given_pass = overhead_pass(max_elevation_deg, heading_deg=0.0, step_s=0.1)
    track = plan_track(*given_pass, OVERWIND, BEAMWIDTH_DEG)
    near = np.abs(given_pass[0]) < 60.0
    time_s, azimuth_deg, elevation_deg = (values[near] for values in given_pass)
    azimuth_deg = np.unwrap(azimuth_deg, period=360.0)
    rate_deg_s = 6.0 * np.sign(azimuth_deg[-1] - azimuth_deg[0])
    lost_s = []
    for middle_deg in azimuth_deg.mean() + np.linspace(-60.0, 60.0, 121):
        wrong = np.radians(middle_deg + rate_deg_s * time_s - azimuth_deg)
        meetings = np.flatnonzero(np.diff(np.sign(wrong)))
        if len(meetings) == 3:
            part = slice(meetings[0], meetings[-1] + 1)
            aside = np.where(np.cos(wrong[part]) < 0.0, 1.0, np.abs(np.sin(wrong[part])))
            error_deg = np.degrees(np.arcsin(np.cos(np.radians(elevation_deg[part])) * aside))
            lost_s.append(0.1 * np.sum(error_deg > BEAMWIDTH_DEG / 2.0))
    # These motions change their rate at once, which the track cannot: 1 s at either end, partly within the beam.
    assert len(lost_s) > 20
    assert min(lost_s) - 1.0 < track.lost_s < min(lost_s) + 2.0


def test_the_nearest_of_equal_turns_is_taken():
    given_pass = overhead_pass(40.0, heading_deg=170.0)
    starts = {
        initial: plan_track(*given_pass, OVERWIND, BEAMWIDTH_DEG, Pose(initial, 10.0)).start.first_deg
        for initial in (-170.0, 500.0)
    }
    assert starts[-170.0] < 100.0
    assert starts[500.0] == pytest.approx(starts[-170.0] + 360.0)


def test_a_turn_and_a_half_of_cable_take_what_one_turn_cannot():
    """This pass crosses north half-way up."""
    given_pass = overhead_pass(60.0, heading_deg=-12.0)
    assert plan_track(*given_pass, OVERWIND, BEAMWIDTH_DEG).lost_s == 0.0
    lost = plan_track(*given_pass, ONE_TURN, BEAMWIDTH_DEG)
    assert 30.0 < lost.lost_s < 80.0
    assert lost.change_s is not None


def test_tracks_count_the_errors_of_the_mount():
    given_pass = overhead_pass(60.0)
    track = plan_track(*given_pass, OVERWIND, BEAMWIDTH_DEG, model=BENT)
    assert track.error_deg.max() < 1e-3
    straight = plan_track(*given_pass, OVERWIND, BEAMWIDTH_DEG)
    assert np.abs(track.axes_deg - straight.axes_deg).max() > 0.3


def test_a_track_needs_points():
    with pytest.raises(XbandError, match="at least 4 points"):
        plan_track(np.arange(3.0), np.zeros(3), np.full(3, 20.0), OVERWIND, BEAMWIDTH_DEG)
    with pytest.raises(XbandError, match="growing"):
        plan_track(np.zeros(9), np.zeros(9), np.full(9, 20.0), OVERWIND, BEAMWIDTH_DEG)
