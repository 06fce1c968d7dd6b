# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames out of the flowgraph: to the station, over ZeroMQ, through a queue with a limit."""

from __future__ import annotations

import threading
from collections import deque

import zmq

from xband_core.framing import FrameBatch
from xband_core.wire import encode_batches

from .frame_sink import FrameSink

POLICIES = ("block", "drop_oldest")
# Few messages in ZeroMQ's own queue: the waiting ones stand in ours, where they are counted.
_SEND_HIGH_WATER_MARK = 16
_POLL_S = 0.1
# At the end, time for the station to take the last messages out of ZeroMQ's queue.
_LINGER_S = 5.0


class frame_publisher(FrameSink):
    """Sends frames with all that is known about them to a ZeroMQ PULL socket (docs/wire-format.md).

    Frames travel in batches: one message a virtual channel and up to 64 frames. A thread of its own sends them. The
    queue before it is bounded, and what happens when it is full is chosen:
    ``block``: the flowgraph waits (recordings: nothing is lost); ``drop_oldest``: the oldest message goes and is
    counted (a radio cannot wait).

    Args: endpoint: of the PULL socket, ``tcp://host:port`` or ``ipc://path``; an empty one counts frames and sends
    none; station: name in the messages; queue_messages: the queue's limit; others: see FrameSink.
    Raises: ValueError: unknown policy or limit. MissionError: wrong mission.
    """

    def __init__(
        self,
        mission: str,
        endpoint: str,
        sample_rate_hz: float,
        start_time_ns: int = -1,
        clock_quality: str = "unknown",
        pass_id: str = "",
        station: str = "",
        when_full: str = "block",
        queue_messages: int = 1024,
    ) -> None:
        FrameSink.__init__(self, "frame_publisher", mission, sample_rate_hz, start_time_ns, clock_quality, pass_id)
        if when_full not in POLICIES:
            raise ValueError(f"when_full {when_full!r} is not one of {', '.join(POLICIES)}")
        if queue_messages < 1:
            raise ValueError(f"queue_messages {queue_messages} is less than 1")
        self.frames_taken = 0
        self.messages_sent = 0
        self.messages_dropped = 0
        self._endpoint = endpoint
        self._station = station
        self._when_full = when_full
        self._queue_messages = queue_messages
        self._queue: deque[list[bytes]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._abandoned = False
        self._failure: BaseException | None = None
        self._sender: threading.Thread | None = None

    def start(self) -> bool:
        """Called by the scheduler before the first batch."""
        self._closing = False
        if self._endpoint:
            self._sender = threading.Thread(target=self._send_all, name="frame_publisher")
            self._sender.start()
        return True

    def stop(self) -> bool:
        """Called by the scheduler after the last batch: returns when all is sent, or given up by abandon()."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._sender is not None:
            self._sender.join()
            self._sender = None
        return True

    def queue_depth(self) -> int:
        """Messages that wait to be sent."""
        return len(self._queue)

    def abandon(self) -> None:
        """Gives up what is not sent yet (counted as dropped), so that a flowgraph without a receiver can end."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def failure(self) -> BaseException | None:
        """What ended the sending thread before its time."""
        return self._failure

    def take(self, batch: FrameBatch) -> None:
        """Queues a batch."""
        self.frames_taken += len(batch)
        if not self._endpoint:
            return
        for message in encode_batches(batch, self._station):
            self._put(message)

    def _put(self, message: list[bytes]) -> None:
        with self._changed:
            while len(self._queue) >= self._queue_messages and self._when_full == "block" and not self._abandoned:
                if self._failure is not None:
                    raise RuntimeError("frame_publisher cannot send") from self._failure
                self._changed.wait(_POLL_S)
            if self._abandoned:
                self.messages_dropped += 1
                return
            if len(self._queue) >= self._queue_messages:
                self._queue.popleft()
                self.messages_dropped += 1
            self._queue.append(message)
            self._changed.notify_all()

    def _next(self) -> list[bytes] | None:
        """The next message to send; None at the end."""
        with self._changed:
            while not self._queue and not self._closing and not self._abandoned:
                self._changed.wait()
            if self._abandoned:
                self.messages_dropped += len(self._queue)
                self._queue.clear()
            if not self._queue:
                return None
            message = self._queue.popleft()
            self._changed.notify_all()
            return message

    def _send_all(self) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.PUSH)
        socket.sndhwm = _SEND_HIGH_WATER_MARK
        socket.linger = int(1000 * _LINGER_S)
        socket.immediate = True  # without a station messages wait in our queue, not in ZeroMQ's
        try:
            socket.connect(self._endpoint)
            while (message := self._next()) is not None:
                self._send(socket, message)
        except zmq.ZMQError as error:
            self._failure = error
        finally:
            if self._abandoned or self._failure is not None:
                socket.linger = 0
            socket.close()
            context.term()

    def _send(self, socket: zmq.Socket[bytes], message: list[bytes]) -> None:
        while not self._abandoned:
            if socket.poll(int(1000 * _POLL_S), zmq.POLLOUT):
                socket.send_multipart(message, flags=zmq.NOBLOCK)
                self.messages_sent += 1
                return
        self.messages_dropped += 1
