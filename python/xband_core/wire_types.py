# SPDX-License-Identifier: GPL-3.0-or-later
"""What travels over ZeroMQ, as types. The bytes are described in docs/wire-format.md; wire.py makes and reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from .records import RS_MARGIN_UNKNOWN, Bytes2D

WIRE_VERSION = 1

METADATA = np.dtype(
    [
        ("time_ns", "<i8"),
        ("first_sample", "<f8"),
        ("sequence", "<u8"),
        ("vc_count", "<u4"),
        ("gap_before", "<u4"),
        ("es_n0_db", "<f4"),
        ("carrier_offset_hz", "<f4"),
        ("scid", "<u2"),
        ("vcid", "u1"),
        ("integrity", "u1"),
        ("sync", "u1"),
        ("sync_errors", "u1"),
        ("bit_slip", "i1"),
        ("flags", "u1"),
        ("corrected_symbols", "u1", (8,)),
        ("channel_bit_errors", "<u2"),
        ("channel_bits", "<u2"),
        ("ocf", "<u4"),
        ("evm_percent", "<f4"),
        ("symbol_rate_error_ppm", "<f4"),
        ("recovery", "u1"),
        ("rs_margin", "i1"),
        ("phase_slips", "u1"),
        ("ambiguity", "u1"),
        ("reserved", "<u4"),
    ]
)
assert METADATA.itemsize == 80
# Rows as the first stations of version 1 sent them: without the columns from evm_percent on.
SHORTEST_ROW_LEN_BYTES = 64
# What the columns say that a shorter row lacks.
ROW_OF_UNKNOWNS = np.zeros((), METADATA)
ROW_OF_UNKNOWNS["evm_percent"] = ROW_OF_UNKNOWNS["symbol_rate_error_ppm"] = np.nan
ROW_OF_UNKNOWNS["rs_margin"] = RS_MARGIN_UNKNOWN

# Bits of ``flags``.
FLAG_HEADER_AS_MISSION = 1
FLAG_FECF_PRESENT = 2
FLAG_FECF_RIGHT = 4
FLAG_OCF_PRESENT = 8
FLAG_IDLE = 16
FLAG_REPLAY = 32


@dataclass(frozen=True)
class TopicTotal:
    """What the publisher has sent on one topic in this session: the next message's seq and first_frame_seq."""

    messages: int
    frames: int


@dataclass(frozen=True)
class FramesMessage:
    """n frames of one virtual channel, or (vcid None) n uncorrectable ones.

    metadata: (n,) of METADATA; frames: uint8 (n, frame_len_bytes); session, seq, first_frame_seq: the publisher's.
    """

    topic: str
    station: str
    mission: str
    pass_id: str
    session: str
    seq: int
    first_frame_seq: int
    vcid: int | None
    clock_quality: str
    sample_rate_hz: float
    symbol_rate_error_ppm: float | None
    metadata: npt.NDArray[np.void]
    frames: Bytes2D


@dataclass(frozen=True)
class Event:
    """What all other messages have. session and seq are filled in by the publisher; times are UTC nanoseconds, None
    if unknown."""

    TYPE: ClassVar[str]

    station: str
    time_ns: int | None
    session: str = field(default="", kw_only=True)
    seq: int = field(default=0, kw_only=True)

    @property
    def topic(self) -> str:
        """Topic that the event goes out on."""
        return self.TYPE


@dataclass(frozen=True)
class Tick(Event):
    """Once a second. state: idle or receiving; topics: filled in by the publisher."""

    TYPE: ClassVar[str] = "tick"

    state: str
    pass_id: str | None
    topics: Mapping[str, TopicTotal] = field(default_factory=dict)


@dataclass(frozen=True)
class PassStart(Event):
    """The receiver is about to be launched."""

    TYPE: ClassVar[str] = "pass_start"

    mission: str
    pass_id: str
    satellite: str
    norad_cat_id: int
    start_time_ns: int
    stop_time_ns: int
    max_elevation_deg: float | None
    topics: Mapping[str, TopicTotal] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """``pass.`` and the mission."""
        return f"pass.{self.mission}"


@dataclass(frozen=True)
class PassEnd(Event):
    """Everything of the pass has been sent. outcome: complete, degraded or failed; lost_s: time without a receiver."""

    TYPE: ClassVar[str] = "pass_end"

    mission: str
    pass_id: str
    outcome: str
    frames_good: int
    frames_corrected: int
    frames_uncorrectable: int
    lost_s: float
    topics: Mapping[str, TopicTotal] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """``pass.`` and the mission."""
        return f"pass.{self.mission}"


@dataclass(frozen=True)
class Gap(Event):
    """Something is missing, and why. cause: link (a virtual channel's counter jumped), samples (the radio or its
    connection dropped some) or receiver (the process was down from start_time_ns to stop_time_ns).

    The counter fields are None unless cause is link; missing_frames is None also where no number can be told.
    """

    TYPE: ClassVar[str] = "gap"

    mission: str
    pass_id: str
    cause: str
    reason: str
    start_time_ns: int | None = None
    stop_time_ns: int | None = None
    scid: int | None = None
    vcid: int | None = None
    after_vc_count: int | None = None
    before_vc_count: int | None = None
    missing_frames: int | None = None

    @property
    def topic(self) -> str:
        """``gap.`` and the mission."""
        return f"gap.{self.mission}"


@dataclass(frozen=True)
class Alarm(Event):
    """Something at the station does not do what it should. source: the part, such as antenna; reason: for people."""

    TYPE: ClassVar[str] = "alarm"

    mission: str
    pass_id: str
    source: str
    reason: str

    @property
    def topic(self) -> str:
        """``alarm.`` and the mission."""
        return f"alarm.{self.mission}"


AnyEvent = Tick | PassStart | PassEnd | Gap | Alarm
Message = FramesMessage | AnyEvent
EVENT_TYPES: Mapping[str, type[AnyEvent]] = {kind.TYPE: kind for kind in (Tick, PassStart, PassEnd, Gap, Alarm)}
