# SPDX-License-Identifier: GPL-3.0-or-later
"""The dish as one sees it from above: what it is told to do, and the one command that follows from it each tick."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from xband_station.antenna.mount import FloatArray, Pose
from xband_station.antenna.safety import SafetyEnvelope

_ARRIVED_DEG = 0.02


class DishState(Enum):
    """What the dish does. moving: on its way to a place or to the beginning of a track; fault: braked, waits for
    ``retry``."""

    MOVING = "moving"
    HOLDING = "holding"
    PARKED = "parked"
    STOWED = "stowed"
    TRACKING = "tracking"
    FAULT = "fault"


@dataclass(frozen=True)
class Goal:
    """Where to be one tick from now, and how fast that place moves (degrees a second, zero for a place to rest)."""

    position_deg: FloatArray
    rate_deg_s: FloatArray


class Dish:
    """Commands of one dish, one after the other, all of them through the safety envelope.

    Begins at the safe pose nearest to where the dish is. Wishes (``go_to``, ``park``, ...) may come at any time and in
    any order; a storm outranks them all.
    """

    def __init__(self, envelope: SafetyEnvelope, actual: Pose | None = None) -> None:
        self._envelope = envelope
        self._position = envelope.nearest((actual or envelope.mount.park).as_array())
        self._rate = np.zeros(2)
        self._place: FloatArray | None = None
        self._arrival = DishState.HOLDING
        self._is_storm = False
        self.state = DishState.HOLDING

    @property
    def position(self) -> Pose:
        """The last command."""
        return Pose.of(self._position)

    def begin_at(self, actual: Pose) -> None:
        """Takes up the commands where the dish really is, after it has been moved by others or could not follow."""
        self._position, self._rate = self._envelope.nearest(actual.as_array()), np.zeros(2)

    def go_to(self, pose: Pose) -> None:
        """Moves to a pose, or to the safe one nearest to it, and holds there."""
        self._go(pose, DishState.HOLDING)

    def park(self) -> None:
        self._go(self._envelope.mount.park, DishState.PARKED)

    def stow(self) -> None:
        self._go(self._envelope.mount.stow, DishState.STOWED)

    def storm(self, is_storm: bool) -> None:
        """Wind stow: while it is on the dish goes to its stow position and stays there, whatever else is wished."""
        self._is_storm = is_storm
        if is_storm:
            self._begin_move(self._envelope.mount.stow, DishState.STOWED)

    def fail(self) -> None:
        """Brakes and waits for ``retry``."""
        self.state = DishState.FAULT

    def retry(self, actual: Pose | None) -> None:
        """After a fault: takes up commands where the dish is, if that is known."""
        if actual is not None:
            self.begin_at(actual)
        self.state = DishState.HOLDING if self._place is None else DishState.MOVING

    def tick(self, goal: Goal | None = None) -> Pose:
        """One command, to be reached a tick later. goal: of a track; without one the last wish counts."""
        if self.state is DishState.FAULT:
            wanted = Goal(self._position, np.zeros(2))
        elif goal is not None and not self._is_storm:
            self._place = None
            wanted = self._along(goal)
        else:
            wanted = self._towards_place()
        self._position, self._rate = self._envelope.step(
            self._position, self._rate, wanted.position_deg, wanted.rate_deg_s
        )
        return self.position

    def _go(self, pose: Pose, arrival: DishState) -> None:
        if not self._is_storm:
            self._begin_move(pose, arrival)

    def _begin_move(self, pose: Pose, arrival: DishState) -> None:
        self._place, self._arrival = self._envelope.nearest(pose.as_array()), arrival
        if self.state is not DishState.FAULT:
            self.state = DishState.MOVING

    def _along(self, goal: Goal) -> Goal:
        """A track's goal as it is when it is near, otherwise the way there around the hills."""
        ahead_deg = goal.position_deg - self._position
        is_near = bool(np.all(np.abs(ahead_deg) < 1.0))
        self.state = DishState.TRACKING if is_near else DishState.MOVING
        if is_near:
            return goal
        around = self._envelope.around_hills(self._position, goal.position_deg)
        return goal if np.array_equal(around, goal.position_deg) else Goal(around, np.zeros(2))

    def _towards_place(self) -> Goal:
        if self._place is None:
            self.state = DishState.HOLDING
            return Goal(self._position, np.zeros(2))
        has_arrived = np.all(np.abs(self._place - self._position) < _ARRIVED_DEG)
        self.state = self._arrival if has_arrived else DishState.MOVING
        return Goal(self._envelope.around_hills(self._position, self._place), np.zeros(2))
