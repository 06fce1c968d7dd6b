# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves simulated samples over TCP as a radio would: the "xband-iq" protocol.

A connection begins with one line of JSON, ``{"xband_iq": 1, "format": ..., "sample_rate_hz": ..., "first_sample_index":
..., "first_sample_time_ns": ...}`` and a newline; raw samples follow until the server closes. first_sample_index counts
from the simulation's beginning, so that a client that comes back knows what it missed; first_sample_time_ns is the UTC
of that sample, or null.

One client at a time. By default the signal waits for the client (no sample is lost but those already in the socket when
a client goes away). In real time the clock starts with the first client and runs on regardless: what is not taken is
dropped, counted, and listed in ``IqServer.summary``.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .errors import XbandError
from .simulate import Simulator

_CHUNK_S = 0.004
_MIN_CHUNK_SAMPLES, _MAX_CHUNK_SAMPLES = 1024, 1 << 17
_QUEUE_S = 0.25  # what a real-time client may be late beyond the socket's own buffer
_POLL_S = 0.2  # how soon a stop is noticed
_LAST_TAKE_S = 5.0  # how long the end of a real-time run waits for the client
_MAX_LISTED_DROPS = 1000


class ServeError(XbandError):
    """The server's address is wrong or taken; the text names it."""


def parse_tcp_uri(uri: str) -> tuple[str, int]:
    """Host and port of ``tcp://HOST:PORT``; port 0 lets the system choose. Raises ServeError."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ServeError(f"{uri}: {error}") from error
    if parts.scheme != "tcp" or not host or port is None or parts.path or parts.query:
        raise ServeError(f"{uri}: not an address such as tcp://127.0.0.1:5000")
    return host, port


class IqServer:
    """Serves one simulation; ``uri`` is where it listens.

    Args: uri: ``tcp://HOST:PORT``; realtime: as the module says.
    Raises ServeError.
    """

    def __init__(self, uri: str, simulator: Simulator, *, realtime: bool = False) -> None:
        host, port = parse_tcp_uri(uri)
        self._simulator = simulator
        self._realtime = realtime
        self._rate_hz = simulator.settings.sample_rate_hz
        self._chunk_samples = int(min(max(self._rate_hz * _CHUNK_S, _MIN_CHUNK_SAMPLES), _MAX_CHUNK_SAMPLES))
        self._queue: deque[memoryview] = deque()
        self._queued_bytes = 0
        self._client: socket.socket | None = None
        self._started_s: float | None = None  # monotonic; real time only
        self._start_time_ns = simulator.settings.first_sample_time_ns
        self._connections = 0
        self._dropped_samples = 0
        self._drops: list[dict[str, Any]] = []
        self._greatest_lag_s = 0.0
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, port), family=family, backlog=4)
        except OSError as error:
            raise ServeError(f"{uri}: cannot listen: {error.strerror or error}") from error
        self._listener.setblocking(False)
        shown_host = f"[{host}]" if ":" in host else host
        self.uri = f"tcp://{shown_host}:{self._listener.getsockname()[1]}"

    def run(self, stop: threading.Event, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Serves until the simulation's end or until ``stop`` is set. on_progress: called with the samples made."""
        try:
            while not stop.is_set() and not self._is_finished():
                self._step()
                on_progress(self._simulator.position)
            self._hand_over_rest(stop)
        finally:
            self._close_client()
            self._listener.close()

    def summary(self) -> dict[str, Any]:
        """What became of the samples. dropped: the first stretches, in order, with the reason."""
        return {
            "uri": self.uri,
            "realtime": self._realtime,
            "connections": self._connections,
            "samples_dropped": self._dropped_samples,
            "dropped": self._drops,
            "greatest_lag_s": round(self._greatest_lag_s, 3),
            "start_time_ns": self._start_time_ns,
        }

    def _is_finished(self) -> bool:
        end = self._simulator.n_samples
        return end is not None and self._simulator.position >= end

    def _step(self) -> None:
        """Waits for whatever is next: a client, room in the socket, or the time of the next samples."""
        if self._client is None:
            self._accept(self._seconds_to_next_chunk() if self._started_s is not None else _POLL_S)
        elif self._queue:
            self._send(self._seconds_to_next_chunk() if self._realtime else _POLL_S)
        elif self._realtime:
            time.sleep(self._seconds_to_next_chunk())
        if self._started_s is not None:
            if self._seconds_to_next_chunk() == 0.0:
                self._make_due_chunk()
        elif self._client is not None and not self._queue:
            self._enqueue(self._simulator.read(self._chunk_samples).data)

    def _seconds_to_next_chunk(self) -> float:
        """0 when the samples of the next chunk would have arrived by now."""
        if self._started_s is None:
            return _POLL_S
        due_s = self._started_s + (self._simulator.position + self._chunk_samples) / self._rate_hz
        late_s = time.monotonic() - due_s
        self._greatest_lag_s = max(self._greatest_lag_s, late_s)
        return min(max(0.0, -late_s), _POLL_S)

    def _make_due_chunk(self) -> None:
        first = self._simulator.position
        samples = self._simulator.read(self._chunk_samples)
        if self._client is None:
            self._drop(first, self._simulator.position - first, "no client")
        elif self._queued_bytes > _QUEUE_S * self._rate_hz * self._simulator.sample_len_bytes:
            self._drop(first, self._simulator.position - first, "client too slow")
        else:
            self._enqueue(samples.data)

    def _enqueue(self, samples: memoryview) -> None:
        self._queue.append(samples)
        self._queued_bytes += samples.nbytes

    def _drop(self, first: int, n_samples: int, reason: str) -> None:
        self._dropped_samples += n_samples
        last = self._drops[-1] if self._drops else None
        if last is not None and last["reason"] == reason and last["first_sample"] + last["samples"] == first:
            last["samples"] += n_samples
        elif len(self._drops) < _MAX_LISTED_DROPS:
            self._drops.append({"first_sample": first, "samples": n_samples, "reason": reason})

    def _accept(self, timeout_s: float) -> None:
        if not select.select([self._listener], [], [], timeout_s)[0]:
            return
        try:
            client, _ = self._listener.accept()
            client.settimeout(_POLL_S)  # the line fits a new socket's buffer
            client.sendall(self._greeting())
        except OSError:  # it has gone again already
            return
        client.setblocking(False)
        self._connections += 1
        self._client = client

    def _greeting(self) -> bytes:
        if self._realtime and self._started_s is None:
            self._started_s = time.monotonic()
            if self._start_time_ns is None:
                self._start_time_ns = time.time_ns()
        settings = self._simulator.settings
        # Samples that the client before did not take come first (only without real time, where they wait).
        first = self._simulator.position - self._queued_bytes // self._simulator.sample_len_bytes
        time_ns = None if self._start_time_ns is None else self._start_time_ns + round(first * 1e9 / self._rate_hz)
        header = {
            "xband_iq": 1,
            "format": settings.iq_format,
            "sample_rate_hz": settings.sample_rate_hz,
            "first_sample_index": first,
            "first_sample_time_ns": time_ns,
        }
        return json.dumps(header).encode() + b"\n"

    def _send(self, timeout_s: float) -> None:
        if self._client is None or not select.select([], [self._client], [], timeout_s)[1]:
            return
        try:
            sent = self._client.send(self._queue[0])
        except BlockingIOError:
            return
        except OSError:  # the client went away
            self._lose_client()
            return
        self._queued_bytes -= sent
        if sent < self._queue[0].nbytes:
            self._queue[0] = self._queue[0][sent:]
        else:
            self._queue.popleft()

    def _lose_client(self) -> None:
        """In real time the queue is lost with the client; otherwise whole samples in it wait for the next one."""
        self._close_client()
        n_whole = self._queued_bytes // self._simulator.sample_len_bytes
        left = memoryview(b"".join(self._queue))[self._queued_bytes - n_whole * self._simulator.sample_len_bytes :]
        self._queue.clear()
        self._queued_bytes = 0
        if self._realtime:
            self._drop(self._simulator.position - n_whole, n_whole, "client went away")
        elif n_whole:
            self._enqueue(left)

    def _hand_over_rest(self, stop: threading.Event) -> None:
        """At the end: what is queued is still sent; a real-time client has to hurry."""
        deadline_s = time.monotonic() + _LAST_TAKE_S
        while self._queue and not stop.is_set() and (self._client is not None or not self._realtime):
            if self._realtime and time.monotonic() > deadline_s:
                self._lose_client()
            elif self._client is None:
                self._accept(_POLL_S)
            else:
                self._send(_POLL_S)

    def _close_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
