# SPDX-License-Identifier: GPL-3.0-or-later
"""Where and how fast the dish may be told to go: limits, rates, accelerations, and nothing below the horizon mask.

The rule that keeps every command safe for ever: a command is given only if from there both axes can be braked to rest
without leaving the envelope. If the wanted one is not such, one axis is braked, then the other, then both; braking both
is what the command before was checked for.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from xband_core.errors import XbandError
from xband_station.antenna.mount import BoolArray, FloatArray, Mount, MountKind

# Commands a second: what is recorded, and what the rates are counted with.
TICK_S = 0.1
# Roundings of the steps add up to less than this.
_TOLERANCE_DEG = 1e-7
# A hill is crossed this much above its top, and looked for every degree.
_CLEARANCE_DEG = 0.5
_ARRIVED_DEG = 0.01
# A vertical way of an X-Y mount is followed towards a point so far ahead.
_CARROT_DEG = 3.0


class Mask(Protocol):
    """Lowest elevation by azimuth (xband_station.orbit.horizon.HorizonMask)."""

    def elevation_deg(self, azimuth_deg: FloatArray) -> FloatArray:
        """Elevation below which the beam must not point, at each azimuth."""
        ...


class SafetyEnvelope:
    """Arrays of any leading shape: positions and rates (..., 2), so thousands of dishes are checked at once.

    Raises XbandError: park or stow position is not inside.
    """

    def __init__(self, mount: Mount, mask: Mask | None = None, tick_s: float = TICK_S) -> None:
        self.mount = mount
        self.tick_s = tick_s
        self._mask = mask
        self._low, self._high = mount.low_deg, mount.high_deg
        self._max_rate, self._max_step = mount.max_rate_deg_s, mount.max_acceleration_deg_s2 * tick_s
        around_deg = np.arange(0.0, 360.0, 1.0)
        self._highest_mask_deg = float(mask.elevation_deg(around_deg).max()) if mask else -90.0
        self._brake_ticks = np.arange(int(np.ceil((self._max_rate / self._max_step).max())) + 1)[:, None]
        for name, pose in (("park", mount.park), ("stow", mount.stow)):
            if not self.is_safe(pose.as_array()):
                raise XbandError(f"{name} position {pose.first_deg:g}, {pose.second_deg:g} is below the horizon mask")

    def is_safe(self, axes_deg: FloatArray) -> BoolArray:
        """Whether positions are within limits and above the mask; shape (...)."""
        inside: BoolArray = np.all(
            (axes_deg >= self._low - _TOLERANCE_DEG) & (axes_deg <= self._high + _TOLERANCE_DEG), axis=-1
        )
        if self._mask is None:
            return inside
        azimuth_deg, elevation_deg = self.mount.to_sky(axes_deg)
        inside &= elevation_deg >= self._mask.elevation_deg(azimuth_deg) - _TOLERANCE_DEG
        return inside

    def nearest(self, axes_deg: FloatArray) -> FloatArray:
        """Safe positions near any: clipped to the limits, raised to the mask; where that fails, the park position."""
        clipped = np.clip(axes_deg, self._low, self._high)
        if self._mask is None:
            return clipped
        azimuth_deg, elevation_deg = self.mount.to_sky(clipped)
        raised_deg = np.maximum(elevation_deg, self._mask.elevation_deg(azimuth_deg))
        if self.mount.kind is MountKind.AZ_EL:
            is_over_the_top = clipped[..., 1] > 90.0
            raised = np.stack([clipped[..., 0], np.where(is_over_the_top, 180.0 - raised_deg, raised_deg)], axis=-1)
        else:
            raised = self.mount.to_axes(azimuth_deg, raised_deg)
        nearest = np.where((raised_deg > elevation_deg)[..., None], np.clip(raised, self._low, self._high), clipped)
        result: FloatArray = np.where(self.is_safe(nearest)[..., None], nearest, self.mount.park.as_array())
        return result

    def step(
        self, position_deg: FloatArray, rate_deg_s: FloatArray, wanted_deg: FloatArray, wanted_rate_deg_s: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The next command and its rate, one tick on, as near to the wanted as is safe.

        position_deg, rate_deg_s: the command before (safe, and able to brake); wanted_deg: where to be a tick later;
        wanted_rate_deg_s: how fast that moves, 0 for a place to rest.
        """
        wanted = self._approach(position_deg, rate_deg_s, self.nearest(wanted_deg), wanted_rate_deg_s)
        can_stop = self._can_stop(position_deg + wanted * self.tick_s, wanted)
        if np.all(can_stop):
            return position_deg + wanted * self.tick_s, wanted
        braked = self._reachable(rate_deg_s, np.zeros_like(rate_deg_s))
        chosen = np.where(can_stop[..., None], wanted, braked)
        # One axis may go on while the other is braked; the second choice is better than the first.
        for axes in ((False, True), (True, False)):
            rate = np.where(np.array(axes), wanted, braked)
            is_better = ~can_stop & self._can_stop(position_deg + rate * self.tick_s, rate)
            chosen = np.where(is_better[..., None], rate, chosen)
        return position_deg + chosen * self.tick_s, chosen

    def _approach(
        self, position_deg: FloatArray, rate_deg_s: FloatArray, wanted_deg: FloatArray, wanted_rate_deg_s: FloatArray
    ) -> FloatArray:
        """Rates that bring the axes to where they are wanted in the shortest time without overshoot."""
        error_deg = wanted_deg - position_deg - wanted_rate_deg_s * self.tick_s
        # From this closing rate steps of one acceleration each come to rest at the goal.
        steps = np.sqrt(0.25 + 2.0 * np.abs(error_deg) / (self._max_step * self.tick_s)) - 0.5
        closing = np.minimum(np.abs(error_deg) / self.tick_s, self._max_step * steps)
        return self._reachable(rate_deg_s, wanted_rate_deg_s + np.sign(error_deg) * closing)

    def _reachable(self, rate_deg_s: FloatArray, wanted_deg_s: FloatArray) -> FloatArray:
        """Rates next to the wanted ones that one tick of acceleration reaches."""
        changed = np.clip(wanted_deg_s, rate_deg_s - self._max_step, rate_deg_s + self._max_step)
        return np.clip(changed, -self._max_rate, self._max_rate)

    def _can_stop(self, position_deg: FloatArray, rate_deg_s: FloatArray) -> BoolArray:
        """Whether braking from here passes safe positions only."""
        speed, sense = np.abs(rate_deg_s), np.sign(rate_deg_s) * self.tick_s
        ticks = np.floor(speed / self._max_step)
        end = position_deg + sense * (ticks * speed - self._max_step * ticks * (ticks + 1.0) / 2.0)
        # An array also for a single dish, where numpy gives a plain bool.
        inside = np.asarray(np.all((end >= self._low - _TOLERANCE_DEG) & (end <= self._high + _TOLERANCE_DEG), axis=-1))
        if self._mask is None:
            return inside
        # High above every hill there is nothing to look for: that spares most of the work.
        _, elevation_deg = self.mount.to_sky(position_deg)
        reach_deg = np.abs(end - position_deg).sum(axis=-1)
        near = inside & (elevation_deg - reach_deg < self._highest_mask_deg)
        if near.any():
            speeds = np.maximum(speed[near][..., None, :] - self._max_step * self._brake_ticks, 0.0)
            speeds[..., 0, :] = 0.0  # the first position is the command itself
            path = position_deg[near][..., None, :] + sense[near][..., None, :] * np.cumsum(speeds, axis=-2)
            inside[near] = self.is_safe(path).all(axis=-1)
        return inside

    def around_hills(self, position_deg: FloatArray, goal_deg: FloatArray) -> FloatArray:
        """Where to head for now, on the way to a goal (2,) that the mask may keep from a straight way."""
        if self._mask is None:
            return goal_deg
        if self.mount.kind is MountKind.X_Y:
            return self._over_the_hills(position_deg, goal_deg)
        return self._above_what_is_between(self._mask, position_deg, goal_deg)

    def _above_what_is_between(self, mask: Mask, position_deg: FloatArray, goal_deg: FloatArray) -> FloatArray:
        """Az-el: rises above what lies between the azimuths, and comes down when nothing is there any more."""
        way_deg = abs(goal_deg[0] - position_deg[0])
        if way_deg < _ARRIVED_DEG:
            return goal_deg
        between_deg = np.linspace(position_deg[0], goal_deg[0], int(way_deg) + 2)
        # Over the top the beam is on the other side.
        top_deg = float(mask.elevation_deg(np.concatenate([between_deg, between_deg + 180.0])).max())
        top_deg = min(top_deg + _CLEARANCE_DEG, 90.0)
        second_deg = np.clip(goal_deg[1], min(top_deg, self._high[1]), max(180.0 - top_deg, self._low[1]))
        return np.array([goal_deg[0], second_deg])

    def _over_the_hills(self, position_deg: FloatArray, goal_deg: FloatArray) -> FloatArray:
        """X-Y: straight up until above all hills, across to above the goal, straight down."""
        azimuths_deg, elevations_deg = self.mount.to_sky(np.stack([position_deg, goal_deg]))
        top_deg = min(self._highest_mask_deg + _CLEARANCE_DEG, 90.0)
        is_high, is_goal_high = elevations_deg >= top_deg - _ARRIVED_DEG
        if is_high and is_goal_high:
            return goal_deg
        aside_deg = abs((azimuths_deg[0] - azimuths_deg[1] + 180.0) % 360.0 - 180.0)
        aside_deg *= np.cos(np.radians(elevations_deg[0]))
        if aside_deg < _CARROT_DEG:
            # Down to the goal from above it: what is aside may be a slope.
            above_deg = elevations_deg[1]
            if aside_deg > _ARRIVED_DEG:
                above_deg = min(above_deg + 2.0 * aside_deg, top_deg)
            nearer_deg = np.clip(above_deg, elevations_deg[0] - _CARROT_DEG, elevations_deg[0] + _CARROT_DEG)
            heading = (azimuths_deg[1], nearer_deg) if nearer_deg != elevations_deg[1] else None
        elif is_high:
            heading = (azimuths_deg[1], top_deg)
        else:
            heading = (azimuths_deg[0], min(elevations_deg[0] + _CARROT_DEG, top_deg + _CLEARANCE_DEG))
        result = goal_deg if heading is None else np.clip(self.mount.to_axes(*heading), self._low, self._high)
        return np.asarray(result)
