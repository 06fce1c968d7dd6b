# SPDX-License-Identifier: GPL-3.0-or-later
"""What the receiver tells of itself while it runs: JSON objects over a ZeroMQ PUSH socket."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xband_core.errors import WireError
from xband_station.corrections import Corrections


@dataclass(frozen=True)
class Heartbeat:
    """samples: taken by this instance; first_sample_index: of the first of them, counted by the source.

    frames_*: decoded by this instance so far, not_checked if the mission has no check; messages_dropped: that the
    receiver could not get rid of. es_n0_db, evm_percent, carrier_offset_hz: None while unknown. channel_*, *_slips: as
    in docs/quality.md, counted since the instance began.
    """

    samples: int
    first_sample_index: int
    frames_good: int
    frames_corrected: int
    frames_uncorrectable: int
    frames_not_checked: int
    messages_dropped: int
    is_locked: bool
    es_n0_db: float | None
    carrier_offset_hz: float | None
    evm_percent: float | None = None
    channel_bits: int = 0
    channel_bit_errors: int = 0
    phase_slips: int = 0
    bit_slips: int = 0
    corrections: Corrections = field(default_factory=Corrections)

    @property
    def sample_position(self) -> int:
        """Samples of the source up to now, those before this instance included."""
        return self.first_sample_index + self.samples


@dataclass(frozen=True)
class Snapshot:
    """For the report. spectrum_db: power over spectrum_width_hz around the middle of the sampled band, lowest frequency
    first; constellation: I, Q."""

    spectrum_db: tuple[float, ...]
    spectrum_width_hz: float
    constellation: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LogLine:
    """Something the operator should read."""

    level: str
    text: str


@dataclass(frozen=True)
class End:
    """The receiver has flushed everything and is about to exit; its last counts are in ``last``."""

    reason: str
    last: Heartbeat


Event = Heartbeat | Snapshot | LogLine | End


def parse_event(data: bytes) -> Event | None:
    """One event; None for a type that this version does not know. Raises WireError: not an event."""
    try:
        content = json.loads(data)
        kind = content["type"]
        if kind == "heartbeat":
            return _heartbeat(content)
        if kind == "end":
            return End(str(content.get("reason", "")), _heartbeat(content))
        if kind == "snapshot":
            spectrum = tuple(float(value) for value in content.get("spectrum_db", ()))
            points = tuple((float(i), float(q)) for i, q in content.get("constellation", ()))
            return Snapshot(spectrum, float(content.get("spectrum_width_hz", 0.0)), points)
        if kind == "log":
            return LogLine(str(content.get("level", "info")), str(content.get("text", content.get("message", ""))))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WireError(f"not an event of a receiver: {data[:80]!r}: {error!r}") from error
    return None


def _heartbeat(content: Mapping[str, Any]) -> Heartbeat:
    return Heartbeat(
        samples=int(content["samples"]),
        first_sample_index=int(content.get("first_sample_index", 0)),
        frames_good=int(content.get("frames_good", 0)),
        frames_corrected=int(content.get("frames_corrected", 0)),
        frames_uncorrectable=int(content.get("frames_uncorrectable", 0)),
        frames_not_checked=int(content.get("frames_not_checked", 0)),
        messages_dropped=int(content.get("messages_dropped", 0)),
        is_locked=bool(content.get("locked", False)),
        es_n0_db=_finite(content.get("es_n0_db")),
        carrier_offset_hz=_finite(content.get("carrier_offset_hz")),
        evm_percent=_finite(content.get("evm_percent")),
        channel_bits=int(content.get("channel_bits", 0)),
        channel_bit_errors=int(content.get("channel_bit_errors", 0)),
        phase_slips=int(content.get("phase_slips", 0)),
        corrections=Corrections.read(content.get("corrections", {})),
        bit_slips=int(content.get("bit_slips", 0)),
    )


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
