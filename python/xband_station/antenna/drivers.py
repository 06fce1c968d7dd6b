# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves the dish: one interface, a driver for each kind of controller.

A driver is used by one thread (link.py). Each call ends within a timeout, with DriverError if something is wrong. The
line protocol of the program-track driver is described in docs/antenna.md.
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from xband_station.antenna.config import DriverConfig
from xband_station.antenna.line_socket import CommandRefusedError, DriverError, LineSocket
from xband_station.antenna.mount import Pose
from xband_station.times import format_time

# For a connection, and for each answer.
TIMEOUT_S = 1.0


@dataclass(frozen=True)
class TimedPose:
    """A command: where the axes are to be, and when (UTC)."""

    time: datetime
    pose: Pose


class Driver(Protocol):
    """ahead_s: how long before their time commands are wanted; 0 for a controller that acts at once."""

    @property
    def ahead_s(self) -> float: ...
    @property
    def has_read_back(self) -> bool: ...

    def connect(self) -> None: ...

    def command(self, points: Sequence[TimedPose]) -> None:
        """Commands since the last call, in order of time, at least one."""
        ...

    def read_pose(self) -> Pose | None:
        """Where the axes are; None if the controller does not tell."""
        ...

    def stop(self) -> None:
        """Brakes at once."""
        ...

    def close(self) -> None: ...


class _LineDriver:
    """A controller behind one TCP connection that answers lines with lines."""

    def __init__(self, host: str, port: int, has_read_back: bool = True, timeout_s: float = TIMEOUT_S) -> None:
        self._host, self._port, self._timeout_s = host, port, timeout_s
        self.has_read_back = has_read_back
        self._socket: LineSocket | None = None

    def connect(self) -> None:
        self.close()
        self._socket = LineSocket(self._host, self._port, self._timeout_s)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def _exchange(self, text: str, last_line: str) -> list[str]:
        """Sends, and reads lines up to one that begins with last_line."""
        if self._socket is None:
            raise DriverError("not connected")
        self._socket.send(text)
        return self._socket.answer(last_line)


class RotctldDriver(_LineDriver):
    """Hamlib's rotctld: positions only, no times. Of several commands the last counts.

    The extended form of its protocol ends each answer with RPRT and a number. Its own park command is never used: it
    goes to 0, 0 on a way that nobody has checked.
    """

    ahead_s = 0.0

    def command(self, points: Sequence[TimedPose]) -> None:
        pose = points[-1].pose
        self._ask(f"+P {pose.first_deg:.4f} {pose.second_deg:.4f}")

    def stop(self) -> None:
        self._ask("+S")

    def read_pose(self) -> Pose | None:
        if not self.has_read_back:
            return None
        values = {}
        for line in self._ask("+p"):
            name, _, value = line.partition(":")
            values[name] = value
        try:
            return _pose(values["Azimuth"], values["Elevation"])
        except (KeyError, ValueError) as error:
            raise DriverError(f"answered {values!r} instead of a position") from error

    def _ask(self, command: str) -> list[str]:
        lines = self._exchange(command + "\n", "RPRT ")
        code = lines[-1].removeprefix("RPRT ")
        if code != "0":
            if not code.removeprefix("-").isdigit():
                raise DriverError(f"answered {lines[-1]!r}")
            raise CommandRefusedError(f"answered {lines[-1]} to {command}")
        return lines


class ProgramTrackDriver(_LineDriver):
    """A controller that keeps a table of times and positions and follows it by itself: our line protocol."""

    # So long the dish goes on by itself when the connection is lost; a correction takes effect after it.
    ahead_s = 10.0

    def connect(self) -> None:
        super().connect()
        self._ask("HELLO xband-track 1")

    def command(self, points: Sequence[TimedPose]) -> None:
        rows = [f"{format_time(p.time)} {p.pose.first_deg:.5f} {p.pose.second_deg:.5f}\n" for p in points]
        check = binascii.crc32("".join(rows).encode("ascii"))
        self._ask(f"TRACK {len(rows)}\n{''.join(rows)}END {check:08x}")

    def stop(self) -> None:
        self._ask("STOP")

    def read_pose(self) -> Pose | None:
        if not self.has_read_back:
            return None
        words = self._ask("STATUS").split()
        try:
            return _pose(words[1], words[2])
        except (IndexError, ValueError) as error:
            raise DriverError(f"answered {' '.join(words)!r} instead of a position") from error

    def _ask(self, command: str) -> str:
        (line,) = self._exchange(command + "\n", "")
        if line.startswith("ERROR "):
            raise CommandRefusedError(f"answered {line}")
        if not line.startswith("OK"):
            raise DriverError(f"answered {line!r}")
        return line


def _pose(first: str, second: str) -> Pose:
    pose = Pose(float(first), float(second))
    if not (math.isfinite(pose.first_deg) and math.isfinite(pose.second_deg)):
        raise ValueError("not finite")
    return pose


def make_driver(config: DriverConfig) -> Driver:
    """The driver of a station file, for kind rotctld or program-track."""
    host, _, port = config.address.rpartition(":")
    if config.kind == "rotctld":
        return RotctldDriver(host, int(port), config.has_read_back)
    return ProgramTrackDriver(host, int(port), config.has_read_back)
