# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices an axis that does not do what it is told."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

import numpy as np

from xband_station.antenna.link import Reading
from xband_station.antenna.mount import FloatArray, Pose

# With the readings' own delay this is within five seconds.
STUCK_AFTER = timedelta(seconds=4.0)
# Encoders flicker by less, a dish on its way moves by more.
_STILL_DEG = 0.03
# Nearer than this to its command an axis may rest; farther away for this long it may not, whatever its latency.
RESTS_WITHIN_DEG = 0.12
_OFF_FOR = timedelta(seconds=1.0)


class StuckAxis:
    """Fed with each new command and reading."""

    def __init__(self, axis_names: tuple[str, str]) -> None:
        self._names = axis_names
        self._history: deque[tuple[datetime, FloatArray, FloatArray]] = deque()

    def forget(self) -> None:
        """After a fault: begins to watch anew."""
        self._history.clear()

    def complaint(self, commanded: Pose, reading: Reading) -> str | None:
        """What is wrong, in words; None if nothing is."""
        if self._history and reading.time <= self._history[-1][0]:
            return None
        self._history.append((reading.time, commanded.as_array(), reading.pose.as_array()))
        while len(self._history) > 1 and self._history[1][0] <= reading.time - STUCK_AFTER:
            self._history.popleft()
        if reading.time - self._history[0][0] < STUCK_AFTER:
            return None
        positions = np.array([actual for _, _, actual in self._history])
        lately = [row for row in self._history if row[0] >= reading.time - _OFF_FOR]
        missing = np.array([np.abs(wanted - actual) for _, wanted, actual in lately]).min(axis=0)
        still = np.ptp(positions, axis=0) < _STILL_DEG
        for k, name in enumerate(self._names):
            if still[k] and missing[k] > RESTS_WITHIN_DEG:
                return f"{name} does not move: at {positions[-1][k]:.2f}, wanted {commanded.as_array()[k]:.2f} degrees"
        return None
