# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP connection of short text lines on which nothing is ever waited for longer than a deadline."""

from __future__ import annotations

import socket
import time

_MAX_LINE_BYTES = 512
_MAX_LINES = 64


class DriverError(Exception):
    """The controller cannot be reached, is silent, or talks nonsense: the connection is of no use any more."""


class CommandRefusedError(DriverError):
    """The controller has understood and refuses; the connection is good."""


class LineSocket:
    """Raises DriverError from every method. timeout_s: for connecting, and for a whole answer."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._unread = b""
        try:
            self._socket = socket.create_connection((host, port), timeout_s)
        except OSError as error:
            raise DriverError(f"cannot connect to {host}:{port}: {error.strerror or error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def send(self, text: str) -> None:
        try:
            self._socket.settimeout(self._timeout_s)
            self._socket.sendall(text.encode("ascii"))
        except OSError as error:
            raise DriverError(f"connection lost: {error.strerror or error}") from error

    def answer(self, last: str) -> list[str]:
        """Lines up to and with the first that begins with ``last``."""
        deadline_s = time.monotonic() + self._timeout_s
        lines: list[str] = []
        while not lines or not lines[-1].startswith(last):
            if len(lines) >= _MAX_LINES:
                raise DriverError(f"no {last} within {_MAX_LINES} lines, the last one {lines[-1]!r}")
            lines.append(self._line(deadline_s))
        return lines

    def _line(self, deadline_s: float) -> str:
        while b"\n" not in self._unread:
            if len(self._unread) > _MAX_LINE_BYTES:
                raise DriverError(f"a line without end: {self._unread[:40]!r}...")
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0.0:
                raise DriverError(f"no answer within {self._timeout_s:g} s")
            try:
                self._socket.settimeout(remaining_s)
                received = self._socket.recv(4096)
            except TimeoutError:
                continue
            except OSError as error:
                raise DriverError(f"connection lost: {error.strerror or error}") from error
            if not received:
                raise DriverError("connection closed by the controller")
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("ascii", "replace").strip()
