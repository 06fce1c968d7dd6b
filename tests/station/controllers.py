# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers of a dish that behave and misbehave: a fake rotctld and one for program tracks, on loopback."""

import binascii
import socket
import threading
from datetime import UTC, datetime

from xband_station.times import parse_time


class Controller:
    """Accepts one connection after the other; ``mood`` says how it answers: good, silent, garbage, refuse, endless."""

    def __init__(self, port=0):
        self.mood = "good"
        self.received = []
        self.connections = 0
        self._end = threading.Event()
        self._open = None
        self._server = socket.create_server(("127.0.0.1", port))
        self._server.settimeout(0.05)
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._end.set()
        self._thread.join()

    def hang_up(self):
        self._open.shutdown(socket.SHUT_RDWR)

    def _run(self):
        with self._server:
            while not self._end.is_set():
                try:
                    self._open, _ = self._server.accept()
                except TimeoutError:
                    continue
                self.connections += 1
                with self._open:
                    self._serve(self._open)

    def _serve(self, connection):
        connection.settimeout(0.05)
        unread = b""
        while not self._end.is_set():
            try:
                data = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            unread += data
            *lines, unread = unread.split(b"\n")
            for line in lines:
                self.received.append(line.decode())
                answer = {"silent": "", "garbage": "\x00\xff%%%\nRPRT what\n", "endless": "x" * 5000}.get(self.mood)
                if answer is None:
                    answer = self.refusal() if self.mood == "refuse" else self.answer(line.decode())
                try:
                    connection.sendall(answer.encode("latin-1"))
                except OSError:
                    return


class FakeRotctld(Controller):
    """Is at once where it is told to be."""

    pose = (0.0, 0.0)

    def refusal(self):
        return "set_pos:\nRPRT -6\n"

    def answer(self, line):
        if line.startswith("+P"):
            self.pose = tuple(float(word) for word in line.split()[1:])
            return f"set_pos: {line[3:]}\nRPRT 0\n"
        if line == "+p":
            return f"get_pos:\nAzimuth: {self.pose[0]:.2f}\nElevation: {self.pose[1]:.2f}\nRPRT 0\n"
        return "stop:\nRPRT 0\n"


class SlowRotctld(FakeRotctld):
    """Comes ``step_deg`` nearer to where it is told to be each time that it is asked; 0: does not move at all."""

    step_deg = 0.0
    wanted = (0.0, 0.0)

    def answer(self, line):
        if line.startswith("+P"):
            self.wanted = tuple(float(word) for word in line.split()[1:])
            return f"set_pos: {line[3:]}\nRPRT 0\n"
        if line == "+p":
            ways = [
                max(-self.step_deg, min(self.step_deg, to - at)) for at, to in zip(self.pose, self.wanted, strict=True)
            ]
            self.pose = tuple(at + way for at, way in zip(self.pose, ways, strict=True))
        return super().answer(line)


class ProgramTrackController(Controller):
    """Keeps the table of times and positions and is where it says, now."""

    def __init__(self, port=0):
        self.table = {}
        self._rows = None
        super().__init__(port)

    def refusal(self):
        return "ERROR local mode\n"

    def answer(self, line):
        word, *rest = line.split()
        if self._rows is not None and word != "END":
            self._rows.append(line)
            return ""
        if word == "TRACK":
            self._rows, self._count = [], int(rest[0])
            return ""
        if word == "END":
            rows, self._rows = self._rows, None
            if len(rows) != self._count or int(rest[0], 16) != binascii.crc32("".join(f"{r}\n" for r in rows).encode()):
                return "ERROR checksum\n"
            for row in rows:
                time, first, second = row.split()
                self.table[parse_time(time)] = (float(first), float(second))
            return f"OK {len(rows)}\n"
        if word == "STATUS":
            first, second = self.where(datetime.now(UTC))
            return f"OK {first:.4f} {second:.4f}\n"
        return "OK\n"

    def where(self, now):
        past = [time for time in self.table if time <= now]
        return self.table[max(past)] if past else (0.0, 0.0)
