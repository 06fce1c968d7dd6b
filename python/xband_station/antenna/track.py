# SPDX-License-Identifier: GPL-3.0-or-later
"""The track of a pass, computed before it begins: where both axes are at each time, and what the mount loses by it.

The same direction can be reached on several turns of the first axis and, if the second goes beyond 90 degrees, over
the top. Staying on one turn is tried first; changing it once, near the blind spot or where a limit is met, after that.
Each candidate is followed as well as the limits allow (limits.py): first the first axis, then the second to wherever it
brings the beam nearest with the first as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from xband_core.errors import XbandError
from xband_station.antenna.curve import Curve, control_through, values_at_nodes
from xband_station.antenna.limits import follow_within_limits, is_within_limits
from xband_station.antenna.mount import (
    BoolArray,
    FloatArray,
    Mount,
    Pose,
    direction_vector,
    pointing_loss_db,
    separation_deg,
    vector_direction,
)
from xband_station.antenna.pointing import PERFECT, Pointing, PointingModel

# Half a half-power beamwidth off: the signal of most links is gone.
LOST_BEYOND_DB = 3.0
# Near the zenith the azimuth of a pass at 89.9 degrees takes 0.4 s for its half turn.
_STEP_S = 0.25
_MAX_NODES = 2400
# Candidates that are followed to the end; the others are told by a rough figure to be worse.
_MAX_TRIED = 4
# Errors before the keyhole cost as much as after it, or all but forbid themselves on one side: as sums of errors cannot
# say that lost seconds count, the three are tried. Up to a fifth of the lost time lies between them.
_SIDES = (1.0, 300.0, 1.0 / 300.0)
# A turn is changed within about this time around the moment that the rough figure looks at.
_CHANGE_S = 20.0


@dataclass(frozen=True)
class Track:
    """Axis positions over time, and the loss to expect.

    curve: positions of both axes, unwrapped, encoder readings; offsets_s (n,): its nodes, seconds after the pass's base
    time; target (n, 3): where the beam must be aimed, as pointing.aim gives it; error_deg, loss_db (n,): angle between
    beam and satellite, and what it costs; lost_s: time with more loss than allowed, which is an error of
    lost_error_deg; turns: half turns of the first axis against the shortest way, before and after a change; change_s:
    when.
    """

    curve: Curve
    offsets_s: FloatArray
    target: FloatArray
    pointing: Pointing
    error_deg: FloatArray
    loss_db: FloatArray
    lost_s: float
    lost_error_deg: float
    turns: tuple[int, int]
    change_s: float | None

    def at(self, offsets_s: FloatArray) -> FloatArray:
        """Axis positions (k, 2); before and after the pass it stands at the ends."""
        return self.curve.at(offsets_s)

    def error_of(self, offsets_s: FloatArray, axes_deg: FloatArray) -> FloatArray:
        """Angle between the beam, the axes standing at (k, 2), and the satellite at these times."""
        target = np.stack([np.interp(offsets_s, self.offsets_s, self.target[:, k]) for k in range(3)], axis=-1)
        return separation_deg(self.pointing.to_vector(axes_deg), target / np.linalg.norm(target, axis=-1)[:, None])

    @property
    def axes_deg(self) -> FloatArray:
        """Axis positions at the nodes, shape (n, 2)."""
        return self.curve.at(self.offsets_s)

    @property
    def start(self) -> Pose:
        """Where the dish must wait before the pass."""
        return Pose.of(self.curve.at(self.offsets_s[:1])[0])

    @property
    def end(self) -> Pose:
        return Pose.of(self.curve.at(self.offsets_s[-1:])[0])


@dataclass(frozen=True)
class _Way:
    """Half turns before and after node ``change``."""

    before: int
    after: int
    change: int = 0


def plan_track(
    offsets_s: FloatArray,
    azimuth_deg: FloatArray,
    elevation_deg: FloatArray,
    mount: Mount,
    beamwidth_deg: float,
    initial: Pose | None = None,
    lost_beyond_db: float = LOST_BEYOND_DB,
    model: PointingModel = PERFECT,
) -> Track:
    """Plans a whole pass; 0.1 to 0.5 s of computing where the limits bind, milliseconds otherwise.

    offsets_s (k,): growing, some seconds apart at most; azimuth_deg, elevation_deg (k,): where the satellite appears
    then (refracted); model: what the mount makes of it. initial: where the dish is before; of tracks that are as good
    the nearest is taken, without it the one farthest from the limits. Raises XbandError: fewer than 4 points, or times
    that do not grow.
    """
    if len(offsets_s) < 4 or np.any(np.diff(offsets_s) <= 0.0):
        raise XbandError("a track needs at least 4 points at growing times")
    return _Planner(offsets_s, azimuth_deg, elevation_deg, Pointing(mount, model), beamwidth_deg, lost_beyond_db).plan(
        initial
    )


class _Planner:
    """Everything on the nodes of one pass."""

    def __init__(
        self,
        offsets_s: FloatArray,
        azimuth_deg: FloatArray,
        elevation_deg: FloatArray,
        pointing: Pointing,
        beamwidth_deg: float,
        lost_beyond_db: float,
    ) -> None:
        self._pointing = pointing
        self._mount = pointing.mount
        self._beamwidth_deg = beamwidth_deg
        self._lost_beyond_db = lost_beyond_db
        duration_s = float(offsets_s[-1] - offsets_s[0])
        count = int(np.ceil(duration_s / max(_STEP_S, duration_s / _MAX_NODES))) + 1
        self._nodes_s = np.linspace(offsets_s[0], offsets_s[-1], count)
        self._step_s = float(self._nodes_s[1] - self._nodes_s[0])
        # Between the given points the direction is smooth everywhere; the azimuth is not, near the zenith.
        path = CubicSpline(offsets_s, direction_vector(azimuth_deg, elevation_deg))
        directions = vector_direction(path(self._nodes_s))
        self._target = pointing.aim(*directions)
        self._upright = pointing.to_axes(*directions)
        self._upright[:, 0] = np.unwrap(self._upright[:, 0], period=360.0)
        self._flipped = pointing.to_axes(*directions, over_the_top=True)
        self._flipped[:, 0] = np.unwrap(self._flipped[:, 0], period=360.0)
        apart = np.round((self._upright[:, 0] - 180.0 - self._flipped[:, 0]).mean() / 360.0)
        self._flipped[:, 0] += 360.0 * apart
        self._weight = np.abs(np.cos(np.radians(self._upright[:, 1])))
        self._lost_error_deg = beamwidth_deg * float(np.sqrt(lost_beyond_db / 12.0))
        # A tenth less, so that an error that is meant to be within the beam is.
        self._near_deg = 0.9 * self._lost_error_deg

    def plan(self, initial: Pose | None) -> Track:
        staying, others = self._ways(initial)
        for way in staying:
            if self._is_followed(way):
                return self._move(way, np.ones_like(self._weight))
        best: Track | None = None
        for way in others[:_MAX_TRIED]:
            if best is not None and self._lost_at_least_s(way) >= best.lost_s:
                continue
            track = self._follow(way)
            if best is None or _badness(track) < _badness(best):
                best = track
            if best.lost_s == 0.0:
                break
        assert best is not None  # there always is a way, if only a bad one
        return best

    def _positions(self, half_turns: int) -> FloatArray:
        """Axis positions (n, 2) on one turn, upright or over the top."""
        positions = self._flipped if half_turns % 2 else self._upright
        turned = half_turns + 1 if half_turns % 2 else half_turns
        result: FloatArray = positions + np.array([180.0 * turned, 0.0])
        return result

    def _ways(self, initial: Pose | None) -> tuple[list[_Way], list[_Way]]:
        """Turns on which the whole pass fits, the best one first; and all candidates, the most promising first."""
        low = np.floor((self._mount.first.low_deg - self._upright[:, 0].max()) / 180.0)
        high = np.ceil((self._mount.first.high_deg - self._upright[:, 0].min()) / 180.0)
        turns = range(int(low), int(high) + 1)
        reachable = {half_turns: self._reachable(half_turns) for half_turns in turns}
        changes = {int(np.argmin(self._weight))}
        for inside in reachable.values():
            changes.update((np.flatnonzero(np.diff(inside)) + 1).tolist())

        def distance(way: _Way) -> float:
            return self._distance(way, initial)

        def rough(way: _Way) -> tuple[float, float]:
            inside = np.where(self._is_before(way), reachable[way.before], reachable[way.after])
            return round(self._step_s * float(np.sum(~inside)) + self._travel_s(way), 1), distance(way)

        staying = [_Way(half_turns, half_turns) for half_turns in turns]
        fitting = sorted((way for way in staying if reachable[way.before].all()), key=distance)
        # Where the pass fits on one turn, all such turns cost the same (upright or over the top), and changing by a
        # whole turn gains nothing.
        candidates = _first_of_each_parity(fitting) or staying
        steps = [(a, b) for a in turns for b in turns if (a - b) % 2 or (a != b and not fitting)]
        candidates += [_Way(a, b, change) for change in sorted(changes) for a, b in steps]
        return fitting, sorted(candidates, key=rough)

    def _reachable(self, half_turns: int) -> BoolArray:
        positions = self._positions(half_turns)
        inside: BoolArray = (positions >= self._mount.low_deg) & (positions <= self._mount.high_deg)
        return np.asarray(inside.all(axis=1), dtype=np.bool_)

    def _is_before(self, way: _Way) -> BoolArray:
        return np.arange(len(self._nodes_s)) < way.change

    def _reference(self, way: _Way) -> FloatArray:
        is_before = self._is_before(way)[:, None]
        return np.where(is_before, self._positions(way.before), self._positions(way.after))

    def _is_followed(self, way: _Way) -> bool:
        """Whether the limits let the satellite be followed exactly."""
        reference = self._reference(way)
        axes = (self._mount.first, self._mount.second)
        return all(
            is_within_limits(control_through(reference[:, k]), axis, self._step_s) for k, axis in enumerate(axes)
        )

    def _travel_s(self, way: _Way) -> float:
        """Time that the first axis needs beyond what it has, around the change or the blind spot: a rough figure."""
        first_deg = self._reference(way)[:, 0]
        window = max(round(_CHANGE_S / self._step_s), 1)
        middle = way.change or int(np.argmin(self._weight))
        ends = first_deg[[max(middle - window, 0), min(middle + window, len(first_deg) - 1)]]
        return abs(float(ends[1] - ends[0])) / self._mount.first.max_rate_deg_s

    def _lost_at_least_s(self, way: _Way) -> float:
        """Time for which a way leads so far outside the limits that the signal is lost."""
        reference = self._reference(way)
        beyond_deg = np.abs(reference - np.clip(reference, self._mount.low_deg, self._mount.high_deg))
        is_lost = np.hypot(np.minimum(beyond_deg[:, 0], 90.0) * self._weight, beyond_deg[:, 1]) > 2.0 * self._near_deg
        return self._step_s * float(np.sum(is_lost))

    def _distance(self, way: _Way, initial: Pose | None) -> float:
        reference = self._reference(way)
        if initial is not None:
            return self._mount.slew_s(initial, Pose.of(reference[0]))
        middle_deg = (self._mount.first.low_deg + self._mount.first.high_deg) / 2.0
        return float(np.abs(reference[:, 0] - middle_deg).max())

    def _follow(self, way: _Way) -> Track:
        """The best motion on one way, and what it costs."""
        middle = way.change or int(np.argmin(self._weight))
        is_before = np.arange(len(self._nodes_s)) < middle
        tracks: list[Track] = []
        for side in _SIDES:
            tracks.append(self._move(way, np.where(is_before, max(side, 1.0), max(1.0 / side, 1.0))))
            if tracks[-1].lost_s == 0.0:
                break
        return min(tracks, key=_badness)

    def _move(self, way: _Way, cost: FloatArray) -> Track:
        first, second = self._mount.first, self._mount.second
        reference_deg, ones = self._reference(way)[:, 0], np.ones_like(cost)
        firsts = follow_within_limits(reference_deg, self._weight, cost, first, self._step_s, self._near_deg)
        true_first_deg = values_at_nodes(firsts) - self._pointing.model.first_offset_deg
        best_deg = second.clip(self._pointing.best_second(true_first_deg, self._target))
        seconds = follow_within_limits(best_deg, ones, ones, second, self._step_s, self._near_deg)
        curve = Curve(float(self._nodes_s[0]), self._step_s, np.stack([firsts, seconds], axis=1))
        error_deg = separation_deg(self._pointing.to_vector(values_at_nodes(curve.control_deg)), self._target)
        loss_db = pointing_loss_db(error_deg, self._beamwidth_deg)
        return Track(
            curve=curve,
            offsets_s=self._nodes_s,
            target=self._target,
            pointing=self._pointing,
            error_deg=error_deg,
            loss_db=loss_db,
            lost_s=self._step_s * float(np.sum(loss_db > self._lost_beyond_db)),
            lost_error_deg=self._lost_error_deg,
            turns=(way.before, way.after),
            change_s=float(self._nodes_s[way.change]) if way.before != way.after else None,
        )


def _badness(track: Track) -> tuple[float, float]:
    """Lost seconds count first, decibels after them."""
    return track.lost_s, float(track.loss_db.mean())


def _first_of_each_parity(ways: list[_Way]) -> list[_Way]:
    found = {way.before % 2: way for way in reversed(ways)}
    return [way for way in ways if found[way.before % 2] is way]
