# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving the dish by hand, outside of a pass."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np

from xband_core.errors import XbandError
from xband_station.antenna.dish import Dish, DishState
from xband_station.antenna.drivers import Driver, TimedPose
from xband_station.antenna.link import Reading
from xband_station.antenna.mount import Pose
from xband_station.antenna.safety import TICK_S, SafetyEnvelope
from xband_station.antenna.stuck import RESTS_WITHIN_DEG, StuckAxis

_READ_INTERVAL_S = 0.25


def move_to(driver: Driver, envelope: SafetyEnvelope, goal: Pose) -> Pose | None:
    """Brings the dish to a pose, a command each tick, and waits until it is there; motors may be slower than commands.

    Returns where the controller says that the dish is, None if it does not tell. Raises: DriverError: trouble with the
    controller. XbandError: an axis stands still before it is there; the dish is stopped.
    """
    dish = Dish(envelope, driver.read_pose())
    dish.go_to(goal)
    dish.tick()
    while dish.state is DishState.MOVING:
        driver.command([TimedPose(datetime.now(UTC) + timedelta(seconds=TICK_S), dish.tick())])
        time.sleep(TICK_S)
    stuck = StuckAxis(envelope.mount.axis_names)
    while pose := driver.read_pose():
        if np.abs(pose.as_array() - dish.position.as_array()).max() <= RESTS_WITHIN_DEG:
            break
        complaint = stuck.complaint(dish.position, Reading(datetime.now(UTC), pose))
        if complaint:
            driver.stop()
            raise XbandError(complaint)
        time.sleep(_READ_INTERVAL_S)
    return pose
