# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbit ephemeris messages in both of their writings.

Source: CCSDS 502.0-B-3, section 5 (OEM, KVN); CCSDS 505.0-B-3, 4.10 (XML). Covariances and accelerations are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

from xband_station.orbit.ccsds_fields import KVN_LINE, MessageFields
from xband_station.orbit.ccsds_time import EXAMPLE, TIME_SYSTEMS, atomic_s, parse_calendar, to_utc
from xband_station.orbit.ephemeris import Ephemeris, EphemerisSegment
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.frames import FRAMES
from xband_station.orbit.identifiers import ALLOWED, normal_identifier
from xband_station.orbit.interpolation import nodes_needed
from xband_station.orbit.xml_leaves import XmlLeaves

_METHODS = ("LINEAR", "LAGRANGE", "HERMITE")
# What is used when the message leaves it to us: it needs no more than the states before and after.
_DEFAULT_METHOD, _DEFAULT_DEGREE = "HERMITE", "7"
_MAX_DEGREE = 30
_STATE_KEYS = ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT")
# Nothing around the Earth is lower, farther or faster.
_RADIUS_KM = (6300.0, 1e6)
_MAX_SPEED_KM_S = 15.0


def parse_oem_kvn(text: str, file: str) -> Iterator[Ephemeris]:
    """Reads one message. Raises OrbitError with file and line."""
    message = _Message(file)
    # What the lines belong to: the header, META_START to META_STOP, the states, or a covariance.
    is_meta = is_covariance = False
    for number, raw in enumerate(text.splitlines(), 1):
        line, where = raw.strip(), f"{file}:{number}"
        if not line or line.split()[0] == "COMMENT":
            continue
        if line in ("META_START", "META_STOP"):
            is_meta = line == "META_START"
            if is_meta:
                message.open_segment(where)
        elif line in ("COVARIANCE_START", "COVARIANCE_STOP"):
            is_covariance = line == "COVARIANCE_START"
        elif is_covariance:
            continue
        elif match := KVN_LINE.fullmatch(line):
            message.keyword(match[1], match[2], where, is_meta)
        elif is_meta:
            raise OrbitError(where, "", f"{line[:40]!r} is not KEYWORD = value")
        else:
            message.state(line.split(), where)
    return message.ephemerides()


def parse_oem_xml(text: str, file: str) -> Iterator[Ephemeris]:
    """Reads every <oem> of an NDM or OEM document. Raises OrbitError with file and line."""
    messages: list[_Message] = []
    open_tags: list[str] = []
    state: dict[str, str] = {}

    def opened(tag: str, where: str) -> None:
        open_tags.append(tag)
        if tag == "oem":
            messages.append(_Message(file))
        elif tag == "segment" and messages:
            messages[-1].open_segment(where)
        elif tag == "stateVector":
            state.clear()

    def leaf(tag: str, content: str, where: str) -> None:
        parent = open_tags[-2] if len(open_tags) > 1 else ""
        if not messages or tag == "COMMENT":
            return
        if parent in ("header", "metadata"):
            messages[-1].keyword(tag, content, where, parent == "metadata")
        elif parent == "stateVector":
            state[tag] = content

    def closed(tag: str, where: str) -> None:
        open_tags.pop()
        if tag == "stateVector" and messages:
            missing = [key for key in ("EPOCH", *_STATE_KEYS) if key not in state]
            if missing:
                raise OrbitError(where, missing[0], "is missing in this state")
            messages[-1].state([state["EPOCH"], *(state[key] for key in _STATE_KEYS)], where)

    XmlLeaves(file, opened, leaf, closed).read(text)
    return (ephemeris for message in messages for ephemeris in message.ephemerides())


class _Segment:
    """The metadata and the states of a segment while it is read."""

    def __init__(self, where: str) -> None:
        self.fields = MessageFields(where)
        self.times_s: list[float] = []
        self.states: list[list[float]] = []
        self._scale: str | None = None

    @property
    def scale(self) -> str:
        if self._scale is None:
            self._scale = self._one_of("TIME_SYSTEM", TIME_SYSTEMS)
        return self._scale

    def add(self, words: list[str], where: str) -> None:
        """One line of states: time, position, velocity, and perhaps acceleration."""
        if len(words) not in (7, 10):
            raise OrbitError(where, "", f"{len(words)} words, a state has a time and 6 numbers (or 9)")
        time_s = _seconds(words[0], self.scale, where, "EPOCH")
        if self.times_s and time_s <= self.times_s[-1]:
            raise OrbitError(where, "EPOCH", f"{words[0]} is not after the state before it")
        try:
            values = [float(word) for word in words[1:7]]
        except ValueError:
            raise OrbitError(where, "state", f"{' '.join(words[1:7])[:80]!r} are not 6 numbers") from None
        radius_km, speed_km_s = np.linalg.norm(values[:3]), np.linalg.norm(values[3:])
        # Written so that NaN fails too.
        if not _RADIUS_KM[0] <= radius_km <= _RADIUS_KM[1]:
            limits = f"{_RADIUS_KM[0]:g} to {_RADIUS_KM[1]:g} km"
            raise OrbitError(where, "position", f"{radius_km:g} km from the Earth's centre is not within {limits}")
        if not speed_km_s <= _MAX_SPEED_KM_S:
            raise OrbitError(where, "velocity", f"{speed_km_s:g} km/s is above {_MAX_SPEED_KM_S:g}")
        self.times_s.append(time_s)
        self.states.append(values)

    def finish(self) -> EphemerisSegment:
        self._one_of("CENTER_NAME", ("EARTH",))
        if self.fields.text("REF_FRAME_EPOCH", ""):
            raise self._error("REF_FRAME_EPOCH", "a frame of another epoch is not supported")
        method = self._one_of("INTERPOLATION", _METHODS, _DEFAULT_METHOD)
        degree = 1 if method == "LINEAR" else self._degree()
        if not self.times_s:
            raise OrbitError(self.fields.where, "", "no state in this segment")
        needed = nodes_needed(degree, method == "HERMITE")
        if len(self.times_s) < needed:
            problem = f"{method} of degree {degree} needs {needed} states, the segment has {len(self.times_s)}"
            raise self._error("INTERPOLATION_DEGREE", problem)
        states = np.array(self.states).T
        start_s, stop_s = self._useable()
        return EphemerisSegment(
            frame=self._one_of("REF_FRAME", FRAMES),
            start_s=start_s,
            stop_s=stop_s,
            nodes_s=np.array(self.times_s),
            position_km=states[:3],
            velocity_km_s=states[3:],
            is_hermite=method == "HERMITE",
            degree=degree,
        )

    def _degree(self) -> int:
        raw = self.fields.text("INTERPOLATION_DEGREE", _DEFAULT_DEGREE)
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 3 and 1 <= int(raw) <= _MAX_DEGREE):
            raise self._error("INTERPOLATION_DEGREE", f"{raw[:20]!r} is not a whole number 1 to {_MAX_DEGREE}")
        return int(raw)

    def _useable(self) -> tuple[float, float]:
        """The span that may be used, which must lie within the states."""
        bounds = {}
        for edge, found_s in (("START", self.times_s[0]), ("STOP", self.times_s[-1])):
            key = f"USEABLE_{edge}_TIME" if self.fields.text(f"USEABLE_{edge}_TIME", "") else f"{edge}_TIME"
            bounds[edge] = _seconds(self.fields.text(key), self.scale, self.fields.place(key), key)
            # Writers round their times to a millisecond.
            if (found_s - bounds[edge]) * (1 if edge == "START" else -1) > 1e-3:
                raise self._error(key, f"lies outside of the states, which {edge.lower()} at {to_utc(found_s):%FT%TZ}")
        start_s, stop_s = max(bounds["START"], self.times_s[0]), min(bounds["STOP"], self.times_s[-1])
        if start_s >= stop_s:
            raise OrbitError(self.fields.where, "STOP_TIME", "is not after START_TIME")
        return start_s, stop_s

    def _one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.fields.text(key, default).upper()
        value = value.replace("-", "") if key == "REF_FRAME" else value
        if value not in allowed:
            raise self._error(key, f"{value[:40]!r} is not one of {', '.join(allowed)}")
        return value

    def _error(self, key: str, problem: str) -> OrbitError:
        return OrbitError(self.fields.place(key), key, problem)


class _Message:
    """A message while it is read: its header and its segments."""

    def __init__(self, file: str) -> None:
        self._header = MessageFields(file)
        self._segments: list[_Segment] = []

    def open_segment(self, where: str) -> None:
        self._segments.append(_Segment(where))

    def keyword(self, key: str, value: str, where: str, is_meta: bool) -> None:
        if not is_meta and self._segments:
            raise OrbitError(where, key, "stands among the states")
        (self._segments[-1].fields if is_meta and self._segments else self._header).add(key, value, where)

    def state(self, words: list[str], where: str) -> None:
        if not self._segments:
            raise OrbitError(where, "", f"{words[0][:40]!r} stands before META_START")
        self._segments[-1].add(words, where)

    def ephemerides(self) -> Iterator[Ephemeris]:
        """One for each satellite in the message."""
        by_id: dict[str, list[_Segment]] = {}
        for segment in self._segments:
            raw = segment.fields.text("OBJECT_ID").upper()
            identifier = normal_identifier(raw)
            if identifier is None:
                raise OrbitError(segment.fields.place("OBJECT_ID"), "OBJECT_ID", f"{raw[:40]!r} is not {ALLOWED}")
            by_id.setdefault(identifier, []).append(segment)
        for identifier, segments in by_id.items():
            fields = segments[0].fields
            finished = tuple(segment.finish() for segment in segments)
            for before, after, segment in zip(finished, finished[1:], segments[1:], strict=False):
                if after.start_s < before.stop_s:
                    raise OrbitError(segment.fields.where, "START_TIME", "lies in the segment before")
            yield Ephemeris(
                name=fields.text("OBJECT_NAME", identifier) or identifier,
                norad_cat_id=identifier,
                international_designator=identifier if "-" in identifier else "",
                epoch_utc=self._created() or to_utc(finished[0].start_s),
                source=fields.where,
                segments=finished,
            )

    def _created(self) -> datetime | None:
        raw = self._header.text("CREATION_DATE", "")
        if not raw:
            return None
        try:
            minute, seconds = parse_calendar(raw)
        except ValueError:
            problem = f"{raw[:40]!r} is not a time like {EXAMPLE}"
            raise OrbitError(self._header.place("CREATION_DATE"), "CREATION_DATE", problem) from None
        return minute + timedelta(seconds=seconds)


def _seconds(raw: str, scale: str, where: str, key: str) -> float:
    try:
        return atomic_s(raw, scale)
    except (ValueError, OverflowError):
        raise OrbitError(where, key, f"{raw[:40]!r} is not a time like {EXAMPLE}") from None
