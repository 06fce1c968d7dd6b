# SPDX-License-Identifier: GPL-3.0-or-later
"""A dish in software: inertia, limits, latency, a crooked mount, and faults. It goes by the time it is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from xband_station.antenna.drivers import TimedPose
from xband_station.antenna.link import LinkState, Reading
from xband_station.antenna.mount import FloatArray, Mount, Pose

_STEP_S = 0.05
# Motors have more than the limits that commands keep, or they could not follow them.
_RATE_RESERVE, _ACCELERATION_RESERVE = 1.2, 4.0


@dataclass
class DishFaults:
    """What is wrong now: axes that do not move (0, 1), a link that is down, readings that stay what they were."""

    stuck_axes: set[int] = field(default_factory=set)
    is_link_down: bool = False
    is_reading_frozen: bool = False


class SimulatedDish:
    """A position loop on two axes: the motors go at a rate in proportion to what is missing, up to their limits.

    Rates and accelerations have a reserve over the mount's limits, which are those of commands.
    latency_s: from a command to the motors' knowing of it; loop_rate: 1/s, the loop adds a lag of its inverse. Both
    together are the latency that a follower must lead by.
    """

    def __init__(self, mount: Mount, start: Pose, latency_s: float = 0.1, loop_rate: float = 8.0) -> None:
        self.faults = DishFaults()
        self._low, self._high = mount.low_deg, mount.high_deg
        self._max_rate = _RATE_RESERVE * mount.max_rate_deg_s
        self._acceleration = _ACCELERATION_RESERVE * mount.max_acceleration_deg_s2
        self._position = start.as_array()
        self._rate = np.zeros(2)
        self._loop_rate = loop_rate
        self._latency = timedelta(seconds=latency_s)
        self._waiting: deque[TimedPose] = deque()
        self._target = self._position
        self._time: datetime | None = None

    @property
    def position_deg(self) -> FloatArray:
        """Where the axes truly are."""
        return self._position

    def command(self, points: Sequence[TimedPose]) -> None:
        self._waiting.extend(points)

    def stop_motion(self) -> None:
        self._waiting.clear()
        self._target = self._position

    def advance(self, now: datetime) -> None:
        """Moves on to a time."""
        self._time = self._time or now
        while (now - self._time).total_seconds() > _STEP_S / 2.0:
            self._time += timedelta(seconds=_STEP_S)
            while self._waiting and self._waiting[0].time + self._latency <= self._time:
                self._target = self._waiting.popleft().pose.as_array()
            self._move()

    def _move(self) -> None:
        missing = self._target - self._position
        # In proportion near the goal, and never faster than the brakes allow.
        braking = np.sqrt(2.0 * self._acceleration * np.abs(missing))
        wanted = np.clip(self._loop_rate * missing, -braking, braking)
        wanted = np.clip(wanted, -self._max_rate, self._max_rate)
        step = self._acceleration * _STEP_S
        self._rate = np.clip(wanted, self._rate - step, self._rate + step)
        self._rate[list(self.faults.stuck_axes)] = 0.0
        self._position = np.clip(self._position + self._rate * _STEP_S, self._low, self._high)


class SimulatedLink:
    """The simulated dish as the follower sees it, on the follower's own time."""

    ahead_s = 0.0
    tells_pose = False  # it begins where the follower thinks it does

    def __init__(self, dish: SimulatedDish) -> None:
        self.dish = dish
        self._reading: Reading | None = None

    @property
    def state(self) -> LinkState:
        return LinkState(is_connected=not self.dish.faults.is_link_down)

    def send(self, points: Sequence[TimedPose]) -> None:
        if not self.dish.faults.is_link_down:
            self.dish.command(points)
        self.dish.advance(points[-1].time)
        if self._reading is None or not (self.dish.faults.is_reading_frozen or self.dish.faults.is_link_down):
            self._reading = Reading(points[-1].time, Pose.of(self.dish.position_deg))

    def reading(self) -> Reading | None:
        return self._reading

    def stop_motion(self) -> None:
        self.dish.stop_motion()

    def close(self) -> None:
        """Nothing to end."""
