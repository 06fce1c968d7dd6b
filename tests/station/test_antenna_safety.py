# SPDX-License-Identifier: GPL-3.0-or-later
"""No command outside limits, mask, rates and accelerations, whatever is wished for; and wishes come true."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xband_core.errors import XbandError
from xband_station.antenna.dish import Dish, DishState, Goal
from xband_station.antenna.mount import Axis, Mount, MountKind, Pose
from xband_station.antenna.safety import TICK_S, SafetyEnvelope
from xband_station.orbit.horizon import HorizonMask

ZENITH = Pose(0.0, 90.0)
MOUNTS = {
    "az-el": Mount(MountKind.AZ_EL, Axis(-180.0, 540.0, 6.0, 3.0), Axis(0.0, 90.0, 3.0, 2.0), ZENITH, ZENITH),
    "over the top": Mount(MountKind.AZ_EL, Axis(0.0, 360.0, 9.0, 1.0), Axis(0.0, 180.0, 2.0, 4.0), ZENITH, ZENITH),
    "x-y": Mount(MountKind.X_Y, Axis(-88.0, 88.0, 3.0, 2.0), Axis(-88.0, 88.0, 3.0, 2.0), Pose(0, 0), Pose(0, 0)),
}
HILLS = HorizonMask(tuple(np.arange(0.0, 360.0, 10.0)), tuple(np.random.default_rng(1).uniform(0.0, 30.0, 36)))
SLACK = 1e-6

each_mount = pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS)


def check_limits(mount, positions, start_rate=0.0):
    """Commands (ticks, ..., 2), independently of the envelope: differences against limits, sky against mask."""
    rates = np.diff(positions, axis=0) / TICK_S
    accelerations = np.diff(np.concatenate([np.full_like(rates[:1], start_rate), rates]), axis=0) / TICK_S
    assert (positions >= mount.low_deg - SLACK).all()
    assert (positions <= mount.high_deg + SLACK).all()
    assert (np.abs(rates) <= mount.max_rate_deg_s + SLACK).all()
    assert (np.abs(accelerations) <= mount.max_acceleration_deg_s2 + 1e-5).all()
    azimuth_deg, elevation_deg = mount.to_sky(positions)
    assert (elevation_deg >= HILLS.elevation_deg(azimuth_deg) - SLACK).all()


@each_mount
def test_random_dishes_stay_inside(mount):
    """Goals jump, move and lie far outside; 400 dishes at once."""
    random = np.random.default_rng(7)
    envelope = SafetyEnvelope(mount, HILLS)
    position = envelope.nearest(random.uniform(mount.low_deg - 50.0, mount.high_deg + 50.0, (400, 2)))
    rate = np.zeros_like(position)
    commands = [position]
    for tick in range(100):
        if tick % 25 == 0:
            goal = random.uniform(mount.low_deg - 20.0, mount.high_deg + 20.0, (400, 2))
            drift = random.uniform(-9.0, 9.0, (400, 2)) * random.integers(0, 2, (400, 1))
        position, rate = envelope.step(position, rate, goal, drift)
        goal = goal + drift * TICK_S
        commands.append(position)
    check_limits(mount, np.array(commands))
    assert np.ptp(np.array(commands), axis=0).max() > 20.0


wishes = st.lists(
    st.tuples(
        st.sampled_from(["go", "park", "stow", "storm", "calm", "fail", "retry", "track"]),
        st.tuples(st.floats(-800.0, 800.0), st.floats(-200.0, 200.0)),
        st.integers(1, 25),
    ),
    min_size=1,
    max_size=8,
)


@each_mount
@given(wishes, st.tuples(st.floats(-300.0, 700.0), st.floats(-10.0, 190.0)))
@settings(max_examples=12, deadline=None)
def test_operators_and_faults_cannot_break_the_envelope(mount, wishes, actual):
    dish = Dish(SafetyEnvelope(mount, HILLS), Pose(*actual))
    commands = [dish.position.as_array()]
    is_storm = False
    for wish, place, ticks in wishes:
        acts = {
            "go": functools.partial(dish.go_to, Pose(*place)),
            "park": dish.park,
            "stow": dish.stow,
            "storm": lambda: dish.storm(True),
            "calm": lambda: dish.storm(False),
            "fail": dish.fail,
            "retry": lambda: dish.retry(None),
        }
        is_storm = {"storm": True, "calm": False}.get(wish, is_storm)
        acts.get(wish, lambda: None)()
        goal = Goal(np.array(place), np.array([3.0, -1.0])) if wish == "track" else None
        for _ in range(ticks):
            commands.append(dish.tick(goal).as_array())
        assert not (is_storm and dish.state is DishState.TRACKING)
    check_limits(mount, np.array(commands))


@each_mount
@pytest.mark.parametrize("seed", [0, 23])
def test_a_place_is_reached_around_the_hills(mount, seed):
    random = np.random.default_rng(seed)
    envelope = SafetyEnvelope(mount, HILLS)
    dish = Dish(envelope, Pose(*random.uniform(mount.low_deg, mount.high_deg)))
    goal = Pose.of(envelope.nearest(random.uniform(mount.low_deg, mount.high_deg)))
    dish.go_to(goal)
    commands = [dish.position.as_array(), dish.tick().as_array()]
    while dish.state is DishState.MOVING and len(commands) < 4000:
        commands.append(dish.tick().as_array())
    assert dish.state is DishState.HOLDING
    np.testing.assert_allclose(commands[-1], goal.as_array(), atol=0.03)
    check_limits(mount, np.array(commands))


def test_a_move_takes_the_time_that_was_predicted():
    mount = MOUNTS["az-el"]
    dish = Dish(SafetyEnvelope(mount), Pose(0.0, 10.0))
    goal = Pose(100.0, 60.0)
    dish.go_to(goal)
    ticks = 0
    while dish.state is not DishState.HOLDING:
        dish.tick()
        ticks += 1
    assert ticks * TICK_S == pytest.approx(mount.slew_s(Pose(0.0, 10.0), goal), abs=0.5)


def test_a_storm_outranks_every_wish():
    mount = MOUNTS["az-el"]
    dish = Dish(SafetyEnvelope(mount), Pose(50.0, 20.0))
    dish.storm(True)
    dish.go_to(Pose(100.0, 30.0))
    goal = Goal(np.array([100.0, 30.0]), np.zeros(2))
    for _ in range(600):
        dish.tick(goal)
    assert dish.state is DishState.STOWED
    dish.storm(False)
    dish.park()
    dish.tick()
    assert dish.state is DishState.PARKED


def test_a_track_that_can_be_followed_is_followed_to_the_digit():
    mount = MOUNTS["az-el"]
    dish = Dish(SafetyEnvelope(mount, HILLS), Pose(100.0, 40.0))
    times_s = np.arange(0.0, 60.0, TICK_S)
    track = np.stack([100.0 + 20.0 * np.sin(times_s / 10.0), 40.0 + 0.1 * times_s], axis=1)
    errors = []
    for before, after in itertools.pairwise(track):
        pose = dish.tick(Goal(after, (after - before) / TICK_S))
        errors.append(np.abs(pose.as_array() - after).max())
    assert max(errors[20:]) < 1e-9
    assert dish.state is DishState.TRACKING


def test_park_and_stow_must_be_above_the_mask():
    mount = Mount(MountKind.AZ_EL, Axis(0, 360, 6, 3), Axis(0, 90, 3, 2), Pose(0.0, 5.0), ZENITH)
    with pytest.raises(XbandError, match="park position 0, 5 is below the horizon mask"):
        SafetyEnvelope(mount, HorizonMask.flat(10.0))
