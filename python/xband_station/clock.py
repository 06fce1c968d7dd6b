# SPDX-License-Identifier: GPL-3.0-or-later
"""The station's time of day: the real one, or a simulated one that jumps over the waiting and follows the signal.

Only the time of day goes through here. Watching processes (silence, stalls, deadlines) uses the monotonic clock, which
neither steps nor jumps.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the supervisor needs of a clock."""

    def now(self) -> datetime:
        """Aware UTC datetime."""
        ...

    def sleep_until(self, deadline: datetime, stop: threading.Event) -> bool:
        """Waits; False as soon as ``stop`` is set, True at the deadline."""
        ...

    def follow(self, signal_time: datetime | None) -> None:
        """The receiver has processed the signal up to this time; None: the pass is over."""
        ...


class SystemClock:
    """The computer's clock. It is not changed by the signal."""

    # Waits are cut so that a step of the clock during a long wait is noticed.
    _MAX_WAIT_S = 1.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep_until(self, deadline: datetime, stop: threading.Event) -> bool:
        while (remaining_s := (deadline - self.now()).total_seconds()) > 0:
            if stop.wait(min(remaining_s, self._MAX_WAIT_S)):
                return False
        return not stop.is_set()

    def follow(self, signal_time: datetime | None) -> None:
        pass


class SimulatedClock:
    """Starts anywhere, goes at the pace of real time, jumps to the end of every wait.

    While it follows a signal it stands at the signal's time: a receiver that is slower (or faster) than real time then
    sees the pass end when the signal does.
    """

    def __init__(self, start: datetime) -> None:
        self._lock = threading.Lock()
        self._base = start
        self._base_s = time.monotonic()
        self._is_following = False

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        if self._is_following:
            return self._base
        return self._base + timedelta(seconds=time.monotonic() - self._base_s)

    def sleep_until(self, deadline: datetime, stop: threading.Event) -> bool:
        with self._lock:
            self._set(max(self._now(), deadline))
        return not stop.is_set()

    def follow(self, signal_time: datetime | None) -> None:
        with self._lock:
            # Never backwards: a restarted receiver may report an earlier sample first.
            self._set(
                max(self._now(), signal_time) if signal_time and self._is_following else signal_time or self._now()
            )
            self._is_following = signal_time is not None

    def _set(self, time_of_day: datetime) -> None:
        self._base = time_of_day
        self._base_s = time.monotonic()
