# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages for ZeroMQ: encode, decode, number. The format is docs/wire-format.md; the types are wire_types.py.

A message is a list of parts: topic, header (JSON), and for frames also metadata (80 octets a frame) and payload. This
module knows no sockets.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import WireError
from .framing import TIME_UNKNOWN_NS, ChannelGap, FrameBatch, channels_of
from .records import CHECK_FECF_PRESENT, CHECK_FECF_RIGHT, CHECK_HEADER, Bytes2D
from .utc import format_utc_ns, parse_utc_ns
from .wire_types import (
    EVENT_TYPES,
    FLAG_FECF_PRESENT,
    FLAG_FECF_RIGHT,
    FLAG_HEADER_AS_MISSION,
    FLAG_IDLE,
    FLAG_OCF_PRESENT,
    FLAG_REPLAY,
    METADATA,
    ROW_OF_UNKNOWNS,
    SHORTEST_ROW_LEN_BYTES,
    WIRE_VERSION,
    AnyEvent,
    FramesMessage,
    Gap,
    Message,
    TopicTotal,
)

# A message of 64 frames of 1 kB is 64 KiB: large enough that per-message costs vanish, 35 ms at 15 Mbit/s.
MAX_FRAMES_PER_MESSAGE = 64
MAX_FRAME_LEN_BYTES = 65535

_FIELD_TYPES: Mapping[type[AnyEvent], Mapping[str, Any]] = {
    kind: {name: hint for name, hint in typing.get_type_hints(kind).items() if name != "TYPE"}
    for kind in EVENT_TYPES.values()
}


def encode_batches(batch: FrameBatch, station: str) -> list[list[bytes]]:
    """Messages for one batch: frames by virtual channel, uncorrectable ones apart, then the gaps found in it.

    session, seq and first_frame_seq are left to the publisher (:class:`Sequencer`).
    """
    metadata = _metadata(batch)
    name = batch.mission.name
    messages: list[list[bytes]] = []
    for (_, vcid), rows in channels_of(batch.headers, batch.is_trusted):
        messages += _frames_messages(batch, metadata, rows, station, f"frames.{name}.{vcid}", vcid)
    bad = np.flatnonzero(~batch.is_trusted)
    messages += _frames_messages(batch, metadata, bad, station, f"bad.{name}", None)
    messages += [encode_event(_gap_event(batch, gap, station)) for gap in batch.gaps]
    return messages


def encode_event(event: AnyEvent) -> list[bytes]:
    """Message [topic, header] of anything but frames."""
    header: dict[str, Any] = {"xband": WIRE_VERSION, "type": event.TYPE}
    for item in dataclasses.fields(event):
        value = getattr(event, item.name)
        if item.name.endswith("time_ns"):
            header[_utc_key(item.name)] = None if value is None else format_utc_ns(value)
        elif item.name == "topics":
            header["topics"] = {topic: dataclasses.asdict(total) for topic, total in value.items()}
        else:
            header[item.name] = value
    return [event.topic.encode(), _dump(header)]


def decode_message(parts: Sequence[bytes]) -> Message:
    """Reads any message of wire version 1. Keys that are not known are ignored: they may be added at any time.

    Raises: WireError: another version, an unknown type, missing or ill-typed keys, parts whose lengths do not agree.
    """
    if not 2 <= len(parts) <= 4:
        raise WireError(f"message of {len(parts)} parts, not 2 (event) or 4 (frames)")
    try:
        topic = parts[0].decode()
    except UnicodeDecodeError as error:
        raise WireError("topic is not UTF-8") from error
    header = _load(parts[1])
    kind = header.get("type")
    if kind == "frames":
        return _decode_frames(topic, header, parts)
    if not isinstance(kind, str) or kind not in EVENT_TYPES:
        raise WireError(f"unknown message type {kind!r}")
    if len(parts) != 2:
        raise WireError(f"{kind} message of {len(parts)} parts, not 2")
    return _decode_event(EVENT_TYPES[kind], header)


class Sequencer:
    """Numbers the messages of one publisher, per topic, from 0.

    Args: session: names this run of the publisher; another session means that all numbers start again.
    """

    def __init__(self, session: str) -> None:
        self._session = session
        self._totals: dict[str, TopicTotal] = {}

    @property
    def totals(self) -> Mapping[str, TopicTotal]:
        """Messages and frames stamped so far, by topic."""
        return self._totals

    def stamp(self, parts: Sequence[bytes]) -> list[bytes]:
        """The message with session, seq, first_frame_seq and (tick, pass_start, pass_end) topics filled in.

        Call it in the order of sending: ``topics`` promises that everything before has been sent.
        Raises: WireError: not a message of ours.
        """
        if len(parts) < 2:
            raise WireError(f"message of {len(parts)} parts, at least 2 are needed")
        header = _load(parts[1])
        topic = bytes(parts[0]).decode(errors="replace")
        sent = self._totals.get(topic, TopicTotal(0, 0))
        header["session"] = self._session
        header["seq"] = sent.messages
        frames = 0
        if header.get("type") == "frames":
            header["first_frame_seq"] = sent.frames
            frames = _checked(header, "count", int)
        elif "topics" in header:
            header["topics"] = {name: dataclasses.asdict(total) for name, total in self._totals.items()}
        self._totals[topic] = TopicTotal(sent.messages + 1, sent.frames + frames)
        return [bytes(parts[0]), _dump(header), *parts[2:]]


def _metadata(batch: FrameBatch) -> npt.NDArray[np.void]:
    """The metadata table of a whole batch."""
    records, headers = batch.records, batch.headers
    table = np.zeros(len(batch), METADATA)
    for name in METADATA.names or ():
        if name in (records.dtype.names or ()) and name != "reserved":
            table[name] = records[name]
    table["time_ns"] = batch.time_ns
    table["gap_before"] = batch.gap_before
    table["vc_count"] = headers.vc_count
    table["scid"] = headers.scid
    table["vcid"] = headers.vcid
    table["ocf"] = headers.ocf
    checks = records["checks"]
    table["flags"] = (
        np.where(checks & CHECK_HEADER, FLAG_HEADER_AS_MISSION, 0)
        | np.where(checks & CHECK_FECF_PRESENT, FLAG_FECF_PRESENT, 0)
        | np.where(checks & CHECK_FECF_RIGHT, FLAG_FECF_RIGHT, 0)
        | headers.has_ocf * FLAG_OCF_PRESENT
        | headers.is_idle * FLAG_IDLE
        | headers.is_replay * FLAG_REPLAY
    )
    return table


def _frames_messages(
    batch: FrameBatch,
    metadata: npt.NDArray[np.void],
    rows: npt.NDArray[np.intp],
    station: str,
    topic: str,
    vcid: int | None,
) -> Iterator[list[bytes]]:
    for first in range(0, len(rows), MAX_FRAMES_PER_MESSAGE):
        chosen = rows[first : first + MAX_FRAMES_PER_MESSAGE]
        header = {
            "xband": WIRE_VERSION,
            "type": "frames",
            "station": station,
            "session": "",
            "seq": 0,
            "mission": batch.mission.name,
            "pass_id": batch.pass_id,
            "vcid": vcid,
            "first_frame_seq": 0,
            "count": len(chosen),
            "frame_len_bytes": batch.mission.framing.frame_len_bytes,
            "metadata_len_bytes": METADATA.itemsize,
            "clock_quality": batch.clock_quality,
            "sample_rate_hz": batch.sample_rate_hz,
            "symbol_rate_error_ppm": _finite(batch.records["symbol_rate_error_ppm"][chosen[-1]]),
        }
        yield [topic.encode(), _dump(header), metadata[chosen].tobytes(), batch.frames[chosen].tobytes()]


def _gap_event(batch: FrameBatch, gap: ChannelGap, station: str) -> Gap:
    return Gap(
        station=station,
        time_ns=None if gap.time_ns == TIME_UNKNOWN_NS else gap.time_ns,
        mission=batch.mission.name,
        pass_id=batch.pass_id,
        cause="link",
        reason="counter repeated or went back" if gap.missing_frames is None else "frames not received",
        scid=gap.scid,
        vcid=gap.vcid,
        after_vc_count=gap.after_vc_count,
        before_vc_count=gap.before_vc_count,
        missing_frames=gap.missing_frames,
    )


def _decode_frames(topic: str, header: dict[str, Any], parts: Sequence[bytes]) -> FramesMessage:
    if len(parts) != 4:
        raise WireError(f"frames message of {len(parts)} parts, not 4")
    count = _checked(header, "count", int)
    frame_len = _checked(header, "frame_len_bytes", int)
    row_len = _checked(header, "metadata_len_bytes", int)
    # A later version 1 may append columns to a row, an earlier one has fewer; what is known stays where it is.
    if not (count >= 0 and 0 < frame_len <= MAX_FRAME_LEN_BYTES and SHORTEST_ROW_LEN_BYTES <= row_len <= 4096):
        raise WireError(f"count {count}, frame_len_bytes {frame_len}, metadata_len_bytes {row_len} make no sense")
    if len(parts[2]) != count * row_len or len(parts[3]) != count * frame_len:
        raise WireError(f"{len(parts[2])} octets of metadata and {len(parts[3])} of frames are not {count} frames")
    return FramesMessage(
        topic=topic,
        station=_checked(header, "station", str),
        mission=_checked(header, "mission", str),
        pass_id=_checked(header, "pass_id", str),
        session=_checked(header, "session", str),
        seq=_checked(header, "seq", int),
        first_frame_seq=_checked(header, "first_frame_seq", int),
        vcid=_checked(header, "vcid", int | None),
        clock_quality=_checked(header, "clock_quality", str),
        sample_rate_hz=_checked(header, "sample_rate_hz", float),
        symbol_rate_error_ppm=_checked(header, "symbol_rate_error_ppm", float | None),
        metadata=_read_rows(np.frombuffer(parts[2], np.uint8).reshape(count, row_len)),
        frames=np.frombuffer(parts[3], np.uint8).reshape(count, frame_len),
    )


def _read_rows(octets: Bytes2D) -> npt.NDArray[np.void]:
    """Metadata rows of any length: what they lack is unknown, what they have beyond our columns is left out."""
    table = np.full(len(octets), ROW_OF_UNKNOWNS)
    known = min(octets.shape[1], METADATA.itemsize)
    table.view(np.uint8).reshape(-1, METADATA.itemsize)[:, :known] = octets[:, :known]
    return table


def _decode_event(kind: type[AnyEvent], header: dict[str, Any]) -> AnyEvent:
    values: dict[str, Any] = {}
    for name, annotation in _FIELD_TYPES[kind].items():
        if name.endswith("time_ns"):
            text = _checked(header, _utc_key(name), str if annotation is int else str | None)
            values[name] = None if text is None else _parse_time(text)
        elif name == "topics":
            values[name] = {topic: _total(entry) for topic, entry in _checked(header, name, dict).items()}
        else:
            values[name] = _checked(header, name, annotation)
    return kind(**values)


def _total(entry: object) -> TopicTotal:
    if not isinstance(entry, dict):
        raise WireError("topics: an entry is not an object")
    return TopicTotal(_checked(entry, "messages", int), _checked(entry, "frames", int))


def _checked(header: Mapping[str, Any], key: str, kind: Any) -> Any:
    """A key of the header if it is there and of its type. A whole number will do where a number is wanted."""
    if key not in header:
        raise WireError(f"header has no {key!r}")
    value = header[key]
    allowed = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise WireError(f"header: {key} is {str(value)[:40]!r}, not {kind}")
    return value


def _parse_time(text: str) -> int:
    try:
        return parse_utc_ns(text)
    except ValueError as error:
        raise WireError(str(error)) from error


def _utc_key(field_name: str) -> str:
    """JSON carries times as text: JavaScript would round the nanoseconds of a number."""
    return field_name.removesuffix("_ns") + "_utc"


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return round(float(value), 6) if math.isfinite(value) else None


def _dump(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, separators=(",", ":"), allow_nan=False).encode()


def _load(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError("header is not JSON") from error
    if not isinstance(header, dict) or header.get("xband") != WIRE_VERSION:
        raise WireError(f"header is not of wire version {WIRE_VERSION}")
    return header
