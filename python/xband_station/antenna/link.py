# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread between the one that follows the satellite and a controller that may be slow, frozen, mad or gone.

The follower puts commands in and takes readings out; neither call waits. Whatever the controller does, the thread goes
on: it reconnects with growing pauses, all of them shorter than five seconds.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from xband_station.antenna.drivers import Driver, TimedPose
from xband_station.antenna.line_socket import CommandRefusedError, DriverError
from xband_station.antenna.mount import Pose

logger = logging.getLogger(__name__)

_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 4.0)
_PERIOD_S = 0.1
# A controller that refuses so many commands running gets a new connection: it may have been restarted.
_MAX_REFUSALS = 20
# Of a program track these are the seconds ahead; of any driver, more than a reconnection takes.
_MAX_QUEUE = 600


@dataclass(frozen=True)
class Reading:
    """Where the dish was, and when that was read."""

    time: datetime
    pose: Pose


@dataclass(frozen=True)
class LinkState:
    """connected: now; reconnections: after the first connection; outages_s: how long each lasted until it worked again;
    refused: commands; complaints: first words of each kind of trouble, in order."""

    is_connected: bool = False
    reconnections: int = 0
    outages_s: tuple[float, ...] = ()
    refused: int = 0
    complaints: tuple[str, ...] = ()


class Link(Protocol):
    """What the follower needs: nothing here may wait."""

    @property
    def ahead_s(self) -> float: ...
    @property
    def state(self) -> LinkState: ...
    @property
    def tells_pose(self) -> bool: ...

    def send(self, points: Sequence[TimedPose]) -> None: ...
    def reading(self) -> Reading | None: ...
    def stop_motion(self) -> None: ...
    def close(self) -> None: ...


@dataclass
class _Tally:
    is_connected: bool = False
    has_been_connected: bool = False
    reconnections: int = 0
    outages_s: list[float] = field(default_factory=list)
    refused: int = 0
    complaints: list[str] = field(default_factory=list)


class DriverLink:
    """Runs a driver in its own thread from the beginning until ``close``."""

    def __init__(self, driver: Driver, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._driver = driver
        self._now = now
        self._lock = threading.Lock()
        self._queue: deque[TimedPose] = deque(maxlen=_MAX_QUEUE)
        self._reading: Reading | None = None
        self._tally = _Tally()
        self._wants_stop = False
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="antenna-link", daemon=True)
        self._thread.start()

    @property
    def ahead_s(self) -> float:
        return self._driver.ahead_s

    @property
    def tells_pose(self) -> bool:
        return self._driver.has_read_back

    @property
    def state(self) -> LinkState:
        with self._lock:
            tally = self._tally
            return LinkState(
                tally.is_connected,
                tally.reconnections,
                tuple(tally.outages_s),
                tally.refused,
                tuple(tally.complaints),
            )

    def send(self, points: Sequence[TimedPose]) -> None:
        with self._lock:
            self._queue.extend(points)

    def reading(self) -> Reading | None:
        with self._lock:
            return self._reading

    def stop_motion(self) -> None:
        """Brakes the dish as soon as the controller listens; commands that wait are dropped."""
        with self._lock:
            self._queue.clear()
            self._wants_stop = True

    def close(self) -> None:
        """Ends the thread. A controller that hangs keeps it for its timeouts; nobody waits for that long."""
        self._end.set()
        self._thread.join(3.0)

    def _run(self) -> None:
        failures = 0
        since_s = time.monotonic()
        while not self._end.is_set():
            try:
                self._driver.connect()
                self._hear_first_answer()
                self._note_connection(time.monotonic() - since_s)
                failures = 0
                self._talk()
            except DriverError as error:
                if failures == 0:
                    since_s = time.monotonic()
                self._note_trouble(str(error))
                failures += 1
                self._end.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S)) - 1])
        self._driver.close()

    def _hear_first_answer(self) -> None:
        """A frozen controller's system still accepts connections: only an answer is a sign of life."""
        with contextlib.suppress(CommandRefusedError):
            self._driver.read_pose()

    def _talk(self) -> None:
        """Commands and readings in turn until the link ends. Raises DriverError."""
        refusals = 0
        while not self._end.is_set():
            started_s = time.monotonic()
            with self._lock:
                points, wants_stop = list(self._queue), self._wants_stop
                self._queue.clear()
                self._wants_stop = False
            try:
                if wants_stop:
                    self._driver.stop()
                if points:
                    self._driver.command(points)
                pose = self._driver.read_pose()
                refusals = 0
            except CommandRefusedError as error:
                refusals += 1
                self._note_refusal(str(error))
                if refusals >= _MAX_REFUSALS:
                    raise DriverError(f"refuses everything: {error}") from error
                pose = None
            if pose is not None:
                with self._lock:
                    self._reading = Reading(self._now(), pose)
            self._end.wait(max(_PERIOD_S - (time.monotonic() - started_s), 0.0))

    def _note_connection(self, outage_s: float) -> None:
        with self._lock:
            if self._tally.has_been_connected:
                self._tally.reconnections += 1
                self._tally.outages_s.append(outage_s)
            self._tally.is_connected = self._tally.has_been_connected = True

    def _note_trouble(self, text: str) -> None:
        with self._lock:
            self._tally.is_connected = False
            is_new = text not in self._tally.complaints
            if is_new and len(self._tally.complaints) < 20:
                self._tally.complaints.append(text)
        if is_new:
            logger.warning("antenna controller: %s", text)

    def _note_refusal(self, text: str) -> None:
        with self._lock:
            self._tally.refused += 1
            is_first = self._tally.refused == 1
            if is_first:
                self._tally.complaints.append(text)
        if is_first:
            logger.warning("antenna controller: %s", text)
