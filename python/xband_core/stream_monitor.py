# SPDX-License-Identifier: GPL-3.0-or-later
"""What a consumer missed, told from sequence numbers: the method of docs/wire-format.md, section "What was missed"."""

from __future__ import annotations

from dataclasses import dataclass

from .wire_types import FramesMessage, Message, PassEnd, PassStart, Tick, TopicTotal


@dataclass
class TopicState:
    """received, missed: messages and frames since the first one seen. next_*: what should come next."""

    next_seq: int
    next_frame_seq: int
    received_messages: int = 0
    received_frames: int = 0
    missed_messages: int = 0
    missed_frames: int = 0


class StreamMonitor:
    """Follows one publisher. Give it every message in the order of arrival.

    Args: topics: prefixes subscribed to; others that a tick names are none of our business.
    """

    def __init__(self, topics: tuple[str, ...] = ("",)) -> None:
        self._prefixes = topics
        self._session: str | None = None
        self._topics: dict[str, TopicState] = {}
        self._is_aligned = False

    @property
    def topics(self) -> dict[str, TopicState]:
        """State of each topic seen in this session."""
        return self._topics

    def observe(self, message: Message) -> None:
        """Counts one message and whatever is found missing before it."""
        if message.session != self._session:
            self._session, self._topics, self._is_aligned = message.session, {}, False
        first_frame_seq = message.first_frame_seq if isinstance(message, FramesMessage) else 0
        state = self._advance(message.topic, TopicTotal(message.seq, first_frame_seq))
        state.next_seq = message.seq + 1
        state.received_messages += 1
        if isinstance(message, FramesMessage):
            count = len(message.frames)
            state.next_frame_seq = first_frame_seq + count
            state.received_frames += count
        if isinstance(message, Tick | PassStart | PassEnd):
            for topic, total in message.topics.items():
                if topic.startswith(self._prefixes):
                    self._advance(topic, total)
            self._is_aligned = True

    def _advance(self, topic: str, total: TopicTotal) -> TopicState:
        """Everything of the topic before ``total`` has been sent: what has not come is lost."""
        state = self._topics.get(topic)
        if state is None:
            # A topic first seen after a tick began after it; before any tick its beginning may have been before us.
            start = TopicTotal(0, 0) if self._is_aligned else total
            state = self._topics[topic] = TopicState(start.messages, start.frames)
        state.missed_messages += max(0, total.messages - state.next_seq)
        state.missed_frames += max(0, total.frames - state.next_frame_seq)
        state.next_seq = max(state.next_seq, total.messages)
        state.next_frame_seq = max(state.next_frame_seq, total.frames)
        return state
