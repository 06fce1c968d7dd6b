# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames out of the flowgraph: to the station, over ZeroMQ, through a queue with a limit."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import numpy as np
import zmq

from xband_core.wire import encode_batches

from .frame_sink import FrameSink

POLICIES = ("block", "drop_oldest")
# Frames are gathered before anything is done with them: a batch costs Python some milliseconds however small it is, and
# the scheduler hands over a dozen frames at a time.
GATHER_FRAMES = 1024
GATHER_S = 0.1
# Few messages in ZeroMQ's own queue: the waiting ones stand in ours, where they are counted.
_SEND_HIGH_WATER_MARK = 16
_POLL_S = 0.1
# At the end, time for the station to take the last messages out of ZeroMQ's queue.
_LINGER_S = 5.0


class frame_publisher(FrameSink):
    """Sends frames with all that is known about them to a ZeroMQ PULL socket (docs/wire-format.md).

    Frames travel in batches: one message a virtual channel and up to 64 frames. They wait for others for a tenth of a
    second at most. A thread of its own sends them. The queue before it is bounded, and what happens when it is full is
    chosen:
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
        self._changed = threading.Condition()  # guards what follows
        self._gathered = np.empty((GATHER_FRAMES, self.stride), np.uint8)
        self._n_gathered = 0
        self._gathering_since_s = 0.0
        self._queue: deque[list[bytes]] = deque()
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
        """Called by the scheduler after the last record: returns when all is sent, or given up by abandon()."""
        with self._changed:
            self._hand_on()
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

    def work(self, input_items: list[Any], output_items: list[Any]) -> int:
        """Keeps a copy of the records that are there, and hands on all that are kept when they are many or old."""
        with self._changed:
            if self._n_gathered == 0:
                self._gathering_since_s = time.monotonic()
            records = input_items[0][: GATHER_FRAMES - self._n_gathered]
            self._gathered[self._n_gathered : self._n_gathered + len(records)] = records
            self._n_gathered += len(records)
            if self._n_gathered == GATHER_FRAMES or self._is_gathering_over():
                self._hand_on()
        return len(records)

    def _is_gathering_over(self) -> bool:
        return self._n_gathered > 0 and time.monotonic() - self._gathering_since_s >= GATHER_S

    def _hand_on(self) -> None:
        if self._n_gathered > 0:
            for message in self._encode_gathered():
                self._put(message)

    def _encode_gathered(self) -> list[list[bytes]]:
        """Messages of what has been gathered; none if there is nobody to send them to."""
        batch = self.processor.process(self._gathered[: self._n_gathered])
        self.frames_taken += self._n_gathered
        self._n_gathered = 0
        return encode_batches(batch, self._station) if self._endpoint else []

    def _put(self, message: list[bytes]) -> None:
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

    def _next(self) -> list[list[bytes]]:
        """The next messages to send; none at the end."""
        with self._changed:
            while not self._queue and not self._closing and not self._abandoned:
                self._changed.wait(GATHER_S)
                if not self._queue and self._is_gathering_over():
                    # No frames have come since to hand on those before, and there is nothing to wait for in the queue.
                    return self._encode_gathered()
            if self._abandoned:
                self.messages_dropped += len(self._queue)
                self._queue.clear()
            if not self._queue:
                return []
            self._changed.notify_all()
            return [self._queue.popleft()]

    def _send_all(self) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.PUSH)
        socket.sndhwm = _SEND_HIGH_WATER_MARK
        socket.linger = int(1000 * _LINGER_S)
        socket.immediate = True  # without a station messages wait in our queue, not in ZeroMQ's
        try:
            socket.connect(self._endpoint)
            while messages := self._next():
                for message in messages:
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
            try:
                socket.send_multipart(message, flags=zmq.NOBLOCK)
            except zmq.Again:
                socket.poll(int(1000 * _POLL_S), zmq.POLLOUT)
                continue
            self.messages_sent += 1
            return
        self.messages_dropped += 1
