# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows one pass: commands ten times a second through the safety envelope, corrections, faults, and the account.

``PassFollower`` has no thread and no clock: it is told the time, so that simulations run as fast as they can.
``AntennaFollower`` runs it beside a reception and can neither delay nor break that.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from xband_station.antenna.corrections import StepTrack, TimeOffset, TimeOffsetEstimator, measured_latency_s
from xband_station.antenna.dish import Dish, DishState, Goal
from xband_station.antenna.drivers import TimedPose
from xband_station.antenna.link import Link, LinkState, Reading
from xband_station.antenna.mount import FloatArray
from xband_station.antenna.recorder import Recorder, Sample
from xband_station.antenna.safety import TICK_S
from xband_station.antenna.stuck import StuckAxis
from xband_station.antenna.track import Track

logger = logging.getLogger(__name__)

# After a long pause of this process the commands of the pause are made up for, but not of a day.
_MAX_TICKS_AT_ONCE = 20
_FAULT_PAUSE_S = 3.0
_FIRST_READING_S = 3.0
_MAX_PARKING_S = 180.0
_MAX_JOIN_S = 5.0
# A reading older than this says nothing of where the dish is.
_MAX_READING_AGE_S = 1.0
# A time offset is used from where it is better known than assumed before.
_USED_BELOW_SIGMA_S = 0.3
# Solved anew at most so often: it takes a millisecond.
_ESTIMATE_EVERY_S = 2.0


@dataclass(frozen=True)
class Observation:
    """What the receiver measures: carrier offset with Doppler, and Es/N0 above the link budget's (None: unknown)."""

    time: datetime
    carrier_offset_hz: float | None
    es_n0_above_predicted_db: float | None


@dataclass(frozen=True)
class FollowSummary:
    """The account of a pass. Errors are between beam and satellite, by the encoders, between AOS and LOS where the
    track itself is on the satellite; None without readings. lost_s: more loss than allowed, by the encoders;
    was_in_place_s: when the dish was first on its track, seconds after AOS."""

    predicted_lost_s: float
    lost_s: float | None
    mean_error_deg: float | None
    max_error_deg: float | None
    was_in_place_s: float | None
    latency_s: float | None
    time_offset: TimeOffset | None
    step_correction_deg: tuple[float, float] | None
    faults: int
    link: LinkState
    problems: tuple[str, ...]


class PassFollower:
    """One pass of one dish. base: time of the track's offset 0 (AOS); latency_s: of the controller, led by; los_s: end.

    time_offset, step_track: None switches the correction off. complain: told each new trouble in words, at once.
    """

    def __init__(
        self,
        base: datetime,
        track: Track,
        dish: Dish,
        link: Link,
        recorder: Recorder,
        latency_s: float = 0.0,
        los_s: float | None = None,
        time_offset: TimeOffsetEstimator | None = None,
        step_track: StepTrack | None = None,
        complain: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._base, self._track, self._dish, self._link = base, track, dish, link
        self._recorder = recorder
        self._latency_s = latency_s
        self._los_s = float(track.offsets_s[-1]) if los_s is None else los_s
        self._estimator, self._step_track = time_offset, step_track
        self._complain_to = complain
        self._stuck = StuckAxis(track.pointing.mount.axis_names)
        self._next_s: float | None = None
        # Before the first command it is asked where the dish is, for a short while.
        self._asks_until_s: float | None = None
        self._has_begun = not link.tells_pose
        self._offset: TimeOffset | None = None
        self._estimated_s = -np.inf
        self._lead = np.zeros(2)
        self._fault_until_s: float | None = None
        self._faults = 0
        self._is_storm = False
        self._in_place_s: float | None = None
        self._problems: list[str] = []
        self._known_complaints = 0
        # Per reading: time, commanded and actual axes, error; for the account.
        self._account: list[tuple[float, FloatArray, FloatArray, float]] = []

    def observe(self, seen: Observation) -> None:
        """A measurement of the receiver."""
        offset_s = (seen.time - self._base).total_seconds()
        if self._estimator and seen.carrier_offset_hz is not None:
            self._estimator.add(offset_s, seen.carrier_offset_hz)
            if offset_s - self._estimated_s >= _ESTIMATE_EVERY_S:
                self._estimated_s = offset_s
                self._offset = self._estimator.estimate()
        if self._step_track and seen.es_n0_above_predicted_db is not None:
            second_deg = float(self._track.at(np.array([offset_s]))[0, 1])
            self._step_track.add(offset_s, seen.es_n0_above_predicted_db, self._lead, second_deg)

    def storm(self, is_storm: bool) -> None:
        """Wind stow, on or off."""
        if is_storm and not self._is_storm:
            self._complain("antenna: stowed for the wind")
        if is_storm != self._is_storm:
            self._is_storm = is_storm
            self._dish.storm(is_storm)

    def tick(self, now: datetime) -> None:
        """All commands that are due by now, and a look at where the dish is."""
        now_s = (now - self._base).total_seconds()
        self._hear_complaints()
        if not self._has_begun and not self._begin(now, now_s):
            return
        due_s = now_s + self._link.ahead_s
        if self._next_s is None or due_s - self._next_s > _MAX_TICKS_AT_ONCE * TICK_S + self._link.ahead_s:
            self._next_s = now_s
        self._watch(now, now_s)
        points = []
        while self._next_s <= due_s + 1e-9:
            points.append(self._command(self._next_s))
            self._next_s += TICK_S
        if points:
            self._link.send(points)
        self._note(now, now_s)

    def _begin(self, now: datetime, now_s: float) -> bool:
        """Takes up commands where the dish is; False while that is not known yet and may still come."""
        reading = self._fresh_reading(now)
        if self._asks_until_s is None:
            self._asks_until_s = now_s + _FIRST_READING_S
        if reading:
            self._dish.begin_at(reading.pose)
        self._has_begun = reading is not None or now_s >= self._asks_until_s
        return self._has_begun

    @property
    def is_parked(self) -> bool:
        return self._dish.state in (DishState.PARKED, DishState.STOWED)

    def summary(self) -> FollowSummary:
        during = [row for row in self._account if 0.0 <= row[0] <= self._los_s]
        wanted_db = np.interp([row[0] for row in during], self._track.offsets_s, self._track.loss_db)
        errors = np.array([row[3] for row in during])
        # Where the track itself gives the satellite up, the keyhole, an error is no surprise.
        outside = errors[wanted_db < 0.1] if during else errors
        beam = self._track.lost_error_deg
        state = self._link.state
        recorder = [self._recorder.problem] if self._recorder.problem else []
        return FollowSummary(
            predicted_lost_s=self._track.lost_s,
            lost_s=self._lost_s(during, beam) if during else None,
            mean_error_deg=float(outside.mean()) if outside.size else None,
            max_error_deg=float(outside.max()) if outside.size else None,
            was_in_place_s=self._in_place_s,
            latency_s=self._measured_latency_s(during),
            time_offset=self._offset,
            step_correction_deg=self._step_correction_deg(),
            faults=self._faults,
            link=state,
            problems=(*self._problems, *recorder),
        )

    def _step_correction_deg(self) -> tuple[float, float] | None:
        if self._step_track is None:
            return None
        first_deg, second_deg = self._step_track.correction_deg
        return float(first_deg), float(second_deg)

    @staticmethod
    def _lost_s(during: list[tuple[float, FloatArray, FloatArray, float]], beam_deg: float) -> float:
        times_s = np.array([row[0] for row in during])
        lost = np.array([row[3] for row in during]) > beam_deg
        return float(np.sum(np.minimum(np.diff(times_s, append=times_s[-1]), 1.0)[lost]))

    @staticmethod
    def _measured_latency_s(during: list[tuple[float, FloatArray, FloatArray, float]]) -> float | None:
        if len(during) < 3:
            return None
        times_s = np.array([row[0] for row in during])
        commanded, actual = np.array([row[1] for row in during]), np.array([row[2] for row in during])
        busier = int(np.argmax(np.ptp(commanded, axis=0)))
        return measured_latency_s(times_s, commanded[:, busier], actual[:, busier])

    def _command(self, time_s: float) -> TimedPose:
        """The command to be reached a tick after ``time_s``."""
        # What is commanded now is reached a latency later: it is where the satellite will be then.
        ahead_s = time_s + TICK_S + self._latency_s + self._time_offset_s
        goal: Goal | None = None
        if time_s <= self._los_s:
            before, after = self._track.at(np.array([ahead_s - TICK_S, ahead_s]))
            if self._step_track:
                self._lead = self._step_track.lead_deg(time_s, float(after[1])) if time_s >= 0.0 else np.zeros(2)
            goal = Goal(after + self._lead, (after - before) / TICK_S)
        elif self._dish.state in (DishState.TRACKING, DishState.HOLDING):
            self._dish.park()
        pose = self._dish.tick(goal)
        return TimedPose(self._base + timedelta(seconds=time_s + TICK_S), pose)

    @property
    def _time_offset_s(self) -> float:
        known = self._offset is not None and self._offset.sigma_s < _USED_BELOW_SIGMA_S
        return self._offset.offset_s if known and self._offset else 0.0

    def _fresh_reading(self, now: datetime) -> Reading | None:
        reading = self._link.reading()
        is_fresh = reading is not None and (now - reading.time).total_seconds() <= _MAX_READING_AGE_S
        return reading if is_fresh else None

    def _watch(self, now: datetime, now_s: float) -> None:
        """Faults of the axes, and their end."""
        reading = self._fresh_reading(now)
        if self._fault_until_s is not None:
            if now_s >= self._fault_until_s:
                self._fault_until_s = None
                self._stuck.forget()
                self._dish.retry(reading.pose if reading else None)
            return
        complaint = self._stuck.complaint(self._dish.position, reading) if reading else None
        if complaint:
            self._faults += 1
            self._complain(f"antenna: {complaint}")
            self._link.stop_motion()
            self._dish.fail()
            self._fault_until_s = now_s + _FAULT_PAUSE_S

    def _hear_complaints(self) -> None:
        for trouble in self._link.state.complaints[self._known_complaints :]:
            self._complain(f"antenna controller: {trouble}")
            self._known_complaints += 1

    def _complain(self, text: str) -> None:
        logger.warning("%s", text)
        if len(self._problems) < 20:
            self._problems.append(text)
        self._complain_to(text)

    def _note(self, now: datetime, now_s: float) -> None:
        reading = self._fresh_reading(now)
        error_deg = None
        if reading:
            read_s = (reading.time - self._base).total_seconds()
            actual = reading.pose.as_array()
            unled = actual[None] - self._lead
            error_deg = float(self._track.error_of(np.array([read_s + self._time_offset_s]), unled)[0])
            is_new = not self._account or read_s > self._account[-1][0]
            if is_new:
                self._account.append((read_s, self._dish.position.as_array(), actual, error_deg))
            if self._in_place_s is None and error_deg < self._track.lost_error_deg:
                self._in_place_s = now_s
        sample = Sample(
            now,
            self._dish.state,
            self._dish.position,
            reading.pose if reading else None,
            error_deg,
            self._time_offset_s,
            (float(self._lead[0]), float(self._lead[1])),
            self._link.state.is_connected,
        )
        self._recorder.add(sample)


class AntennaFollower:
    """A pass follower in a thread of its own. An error in it is logged and reported, and ends it alone."""

    def __init__(
        self,
        follower: PassFollower,
        link: Link,
        recorder: Recorder,
        now: Callable[[], datetime],
        latest: Callable[[], Observation | None] = lambda: None,
        is_storm: Callable[[], bool] = lambda: False,
    ) -> None:
        self._follower, self._link, self._recorder = follower, link, recorder
        self._now, self._latest, self._is_storm = now, latest, is_storm
        self._end = threading.Event()
        self._leaves = threading.Event()
        self._left_s: float | None = None
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._run, name="antenna-follower", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> FollowSummary:
        """The account of the pass, at once. The dish is still brought to its park position; ``close`` ends that too."""
        self._leaves.set()
        summary = self._follower.summary()
        if self._failure is None:
            return summary
        return dataclasses.replace(summary, problems=(*summary.problems, self._failure))

    def close(self) -> None:
        """Ends the thread; waits for at most some seconds."""
        self._end.set()
        self._thread.join(_MAX_JOIN_S)

    def _run(self) -> None:
        seen: datetime | None = None
        try:
            while not self._end.wait(TICK_S) and not self._has_left():
                observation = self._latest()
                if observation is not None and (seen is None or observation.time > seen):
                    seen = observation.time
                    self._follower.observe(observation)
                self._follower.storm(self._is_storm())
                self._follower.tick(self._now())
        except Exception as error:
            logger.exception("the antenna's follower failed")
            self._failure = f"the antenna was not followed any more: {error!r}"
        finally:
            self._link.close()
            self._recorder.close()

    def _has_left(self) -> bool:
        if not self._leaves.is_set():
            return False
        self._left_s = self._left_s or time.monotonic()
        return self._follower.is_parked or time.monotonic() - self._left_s > _MAX_PARKING_S
