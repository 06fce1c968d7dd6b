# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes frames from the receivers, numbers them, publishes and archives them. A thread of its own.

Wire format: docs/wire-format.md. A tick each second and the records at a pass's start and end carry the totals of every
topic, so that a consumer can tell what it missed, the last messages included.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

import zmq

from xband_core.errors import WireError, XbandError
from xband_core.wire import Sequencer, decode_message, encode_event
from xband_core.wire_types import Alarm, FramesMessage, Gap, PassEnd, PassStart, Tick, TopicTotal

logger = logging.getLogger(__name__)

# Messages are about 64 KiB: this is 14 s of 150 Mbit/s. What a consumer has not taken by then is dropped for it alone.
SEND_HIGH_WATER_MARK = 4096
RECEIVE_HIGH_WATER_MARK = 1024
LINGER_MS = 2000
HEARTBEAT_INTERVAL_MS = 5000
HEARTBEAT_TIMEOUT_MS = 15000
TICK_S = 1.0
# After the receiver has gone its last messages are already on their way; this long without one means there are no more.
_DRAINED_AFTER_S = 0.3
_POLL_MS = 50
_REPLY_TIMEOUT_S = 60.0


class Archive(Protocol):
    """Where frames are kept beside being published (xband_core.writers)."""

    def write(self, message: FramesMessage) -> None:
        """Keeps the frames of one message. Raises OSError or XbandError."""
        ...


@dataclass(frozen=True)
class PassTotals:
    """What was published of one pass, by topic. rejected: messages of the receiver that were not ours."""

    topics: dict[str, TopicTotal]
    rejected: int
    archive_error: str | None

    def frames(self, prefix: str = "frames.") -> int:
        """Frames published under topics that begin so: ``frames.`` good ones, ``bad.`` uncorrectable ones."""
        return sum(total.frames for topic, total in self.topics.items() if topic.startswith(prefix))


@dataclass
class _OpenPass:
    start: PassStart
    archive: Archive | None
    topics: dict[str, TopicTotal] = field(default_factory=dict)
    rejected: int = 0
    archive_error: str | None = None


class Publisher:
    """Binds ``endpoint`` for consumers and ``frames_endpoint`` for receivers. Methods may be called from any thread.

    Raises XbandError: an endpoint cannot be bound (in use, no permission).
    """

    def __init__(self, station: str, endpoint: str, frames_endpoint: str, tick_s: float = TICK_S) -> None:
        self._station = station
        self._tick_s = tick_s
        self._sequencer = Sequencer(uuid.uuid4().hex)
        self._pass: _OpenPass | None = None
        self._commands: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._subscriptions = 0
        self._next_tick_s = 0.0
        self._last_message_s = 0.0
        self._context = zmq.Context()
        try:
            self._consumers = self._bind_consumers(endpoint)
            self._receivers = self._bind_receivers(frames_endpoint)
        except XbandError:
            self._context.destroy(linger=0)
            raise
        self.endpoint = str(self._consumers.get_string(zmq.LAST_ENDPOINT))
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def _bind_consumers(self, endpoint: str) -> zmq.Socket[bytes]:
        # XPUB is a PUB that also tells of subscriptions.
        socket = self._context.socket(zmq.XPUB)
        socket.set(zmq.SNDHWM, SEND_HIGH_WATER_MARK)
        socket.set(zmq.LINGER, LINGER_MS)
        socket.set(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
        socket.set(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
        socket.set(zmq.TCP_KEEPALIVE, 1)
        socket.set(zmq.XPUB_VERBOSER, 1)
        return _bind(socket, endpoint)

    def _bind_receivers(self, endpoint: str) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.PULL)
        socket.set(zmq.RCVHWM, RECEIVE_HIGH_WATER_MARK)
        socket.set(zmq.LINGER, 0)
        return _bind(socket, endpoint)

    @property
    def subscriptions(self) -> int:
        """Subscriptions that consumers hold at the moment."""
        return self._subscriptions

    def begin_pass(self, start: PassStart, archive: Archive | None) -> None:
        """Publishes the start; frames from now on belong to this pass."""

        def begin() -> None:
            self._pass = _OpenPass(start, archive)
            self._send(encode_event(start))

        self._call(begin)

    def gap(self, gap: Gap) -> None:
        """Publishes why and for how long there was no reception."""
        self._call(lambda: self._send(encode_event(gap)))

    def alarm(self, alarm: Alarm) -> None:
        """Publishes what does not work; does not wait until that is done."""
        self._commands.put((lambda: self._send(encode_event(alarm)), Future()))

    def drain(self) -> PassTotals:
        """Waits for the last messages of a receiver that has ended; returns what was sent of the pass."""
        totals: PassTotals = self._call(self._drain)
        return totals

    def end_pass(self, end: PassEnd) -> None:
        """Publishes the end. Frames that come later are rejected."""

        def finish() -> None:
            self._send(encode_event(end))
            self._pass = None

        self._call(finish)

    def close(self) -> None:
        """Ends the thread; what consumers have not taken yet is kept for the linger time."""
        self._stop.set()
        self._thread.join()

    def _call(self, function: Callable[[], Any]) -> Any:
        """Runs a function in the publisher's thread. Raises what it raises, or XbandError if the thread has ended."""
        if not self._thread.is_alive():
            raise XbandError("the publisher has ended")
        answer: Future[Any] = Future()
        self._commands.put((function, answer))
        return answer.result(_REPLY_TIMEOUT_S)

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._receivers, zmq.POLLIN)
        poller.register(self._consumers, zmq.POLLIN)
        try:
            while not self._stop.is_set():
                self._serve(poller)
        finally:
            self._receivers.close()
            self._consumers.close()
            self._context.term()

    def _serve(self, poller: zmq.Poller) -> None:
        """One turn: frames, subscriptions, commands, tick."""
        ready = dict(poller.poll(_POLL_MS))
        if self._receivers in ready:
            self._take(self._receivers.recv_multipart())
        if self._consumers in ready:
            self._subscriptions += 1 if self._consumers.recv()[:1] == b"\x01" else -1
        while not self._commands.empty():
            function, answer = self._commands.get()
            try:
                answer.set_result(function())
            except Exception as error:  # noqa: BLE001 - goes to the caller, who waits for it
                answer.set_exception(error)
        if time.monotonic() >= self._next_tick_s:
            self._next_tick_s = time.monotonic() + self._tick_s
            pass_id = self._pass.start.pass_id if self._pass else None
            self._send(encode_event(Tick(self._station, time.time_ns(), "receiving" if pass_id else "idle", pass_id)))

    def _take(self, parts: list[bytes]) -> None:
        """One message of a receiver: checked, archived, numbered, published."""
        self._last_message_s = time.monotonic()
        open_pass = self._pass
        try:
            message = decode_message(parts)
            if not isinstance(message, FramesMessage | Gap):
                raise WireError(f"a receiver must not send {message.TYPE}")
            if open_pass is None or message.pass_id != open_pass.start.pass_id:
                raise WireError(f"pass {message.pass_id} is not going on")
        except WireError as error:
            # The first tells enough; there may be thousands.
            if open_pass is None or not open_pass.rejected:
                logger.warning("message of a receiver dropped: %s", error)
            if open_pass:
                open_pass.rejected += 1
            return
        if isinstance(message, FramesMessage):
            sent = open_pass.topics.get(message.topic, TopicTotal(0, 0))
            open_pass.topics[message.topic] = TopicTotal(sent.messages + 1, sent.frames + len(message.frames))
            _archive(open_pass, message)
        self._send(parts)

    def _drain(self) -> PassTotals:
        open_pass = self._pass
        if open_pass is None:
            raise XbandError("no pass is open")
        self._last_message_s = time.monotonic()
        while time.monotonic() - self._last_message_s < _DRAINED_AFTER_S:
            if self._receivers.poll(_POLL_MS):
                self._take(self._receivers.recv_multipart())
        return PassTotals(dict(sorted(open_pass.topics.items())), open_pass.rejected, open_pass.archive_error)

    def _send(self, parts: Sequence[bytes]) -> None:
        self._consumers.send_multipart(self._sequencer.stamp(parts))


def _archive(open_pass: _OpenPass, message: FramesMessage) -> None:
    if open_pass.archive is None or open_pass.archive_error:
        return
    try:
        open_pass.archive.write(message)
    except (OSError, XbandError) as error:
        # Consumers still get the frames; the report says what the archive misses.
        open_pass.archive_error = str(error)
        logger.error("archive of %s stopped: %s", open_pass.start.pass_id, error)


def _bind(socket: zmq.Socket[bytes], endpoint: str) -> zmq.Socket[bytes]:
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise XbandError(f"cannot bind {endpoint}: {error.strerror}") from error
    return socket
