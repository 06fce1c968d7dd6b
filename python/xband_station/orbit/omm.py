# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbit mean-elements messages in their four writings: KVN, XML, JSON and CSV.

Source: CCSDS 502.0-B-3, section 4 (OMM, KVN); CCSDS 505.0-B-3 (XML); JSON as CelesTrak (numbers) and Space-Track
(numbers in strings) serve it: one object or a list of objects with the KVN's keywords; CSV as CelesTrak: a heading
with the same keywords, then a row for each satellite.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from xml.parsers import expat

from xband_station.orbit.elements import ElementSet
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.identifiers import normal_identifier

# What SGP4 elements must say when they say it at all.
_REQUIRED_IF_GIVEN = {
    "CENTER_NAME": {"EARTH"},
    "REF_FRAME": {"TEME", "TEMEOFDATE"},
    "TIME_SYSTEM": {"UTC"},
    "MEAN_ELEMENT_THEORY": {"SGP", "SGP4", "SGP/SGP4"},
}
_EPOCH = re.compile(r"(\d{4})-(?:(\d\d)-(\d\d)|(\d{3}))T(\d\d):(\d\d):(\d\d)(\.\d+)?Z?")
CSV_HEADING = re.compile(r"([A-Z0-9_]+\s*,\s*)*(EPOCH|NORAD_CAT_ID)\s*,")
_KVN_LINE = re.compile(r"([A-Z0-9_]+)\s*=\s*(.*?)\s*(?:\[[^\]]*\])?")


class _Fields:
    """Keywords of one message with the place each came from."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._values: dict[str, tuple[str, str]] = {}

    def add(self, key: str, value: str, where: str) -> None:
        if key in self._values:
            raise OrbitError(where, key, "stands twice in this message")
        self._values[key] = (value, where)

    def text(self, key: str, default: str | None = None) -> str:
        if key in self._values:
            return self._values[key][0]
        if default is None:
            raise OrbitError(self.where, key, "is missing")
        return default

    def place(self, key: str) -> str:
        return self._values[key][1] if key in self._values else self.where

    def number(self, key: str, default: str | None = None) -> float:
        raw = self.text(key, default)
        try:
            return float(raw)
        except ValueError:
            raise OrbitError(self.place(key), key, f"{raw!r} is not a number") from None

    def epoch(self) -> datetime:
        raw = self.text("EPOCH")
        match = _EPOCH.fullmatch(raw)
        problem = f"{raw!r} is not a UTC time like 2026-07-21T14:19:14.482560"
        if not match:
            raise OrbitError(self.place("EPOCH"), "EPOCH", problem)
        year, month, day, day_of_year, hour, minute, second = (int(part or 0) for part in match.groups()[:7])
        try:
            start = datetime(year, month or 1, day or 1, hour, minute, tzinfo=UTC)
            if day_of_year > 366 or second > 60 or (match[4] and not day_of_year):
                raise ValueError
            # Added rather than passed so that second 60 (a leap second) is accepted.
            return start + timedelta(
                days=max(day_of_year - 1, 0), seconds=second, microseconds=round(float(match[8] or 0) * 1e6)
            )
        except (ValueError, OverflowError):
            raise OrbitError(self.place("EPOCH"), "EPOCH", problem) from None

    def to_elements(self) -> ElementSet:
        """Raises OrbitError naming place and keyword."""
        for key, allowed in _REQUIRED_IF_GIVEN.items():
            value = self.text(key, "").upper()
            if value and value not in allowed:
                raise OrbitError(self.place(key), key, f"{value!r} is not one of {', '.join(sorted(allowed))}")
        catalogue_id = self.text("NORAD_CAT_ID")
        catalogue_id = normal_identifier(catalogue_id) or catalogue_id
        return ElementSet(
            name=self.text("OBJECT_NAME", catalogue_id).strip() or catalogue_id,
            norad_cat_id=catalogue_id,
            international_designator=self.text("OBJECT_ID", ""),
            epoch_utc=self.epoch(),
            mean_motion_rev_day=self.number("MEAN_MOTION"),
            eccentricity=self.number("ECCENTRICITY"),
            inclination_deg=self.number("INCLINATION"),
            raan_deg=self.number("RA_OF_ASC_NODE"),
            argument_of_perigee_deg=self.number("ARG_OF_PERICENTER"),
            mean_anomaly_deg=self.number("MEAN_ANOMALY"),
            bstar_per_earth_radius=self.number("BSTAR"),
            mean_motion_dot_rev_day2=self.number("MEAN_MOTION_DOT", "0"),
            mean_motion_ddot_rev_day3=self.number("MEAN_MOTION_DDOT", "0"),
            source=self.where,
        )


def parse_kvn(text: str, file: str) -> Iterator[ElementSet]:
    """Reads one or several KVN messages; each begins with CCSDS_OMM_VERS. Raises OrbitError with file and line."""
    message: _Fields | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        where = f"{file}:{number}"
        if not line or line.split()[0] == "COMMENT":
            continue
        match = _KVN_LINE.fullmatch(line)
        if not match:
            raise OrbitError(where, "", f"{line[:40]!r} is not KEYWORD = value")
        if match[1] == "CCSDS_OMM_VERS":
            if message:
                yield message.to_elements()
            message = _Fields(where)
        elif message is None:
            raise OrbitError(where, match[1], "stands before CCSDS_OMM_VERS, which begins a message")
        else:
            message.add(match[1], match[2], where)
    if message:
        yield message.to_elements()


def parse_csv(text: str, file: str) -> Iterator[ElementSet]:
    """Reads a table with a heading of OMM keywords, as CelesTrak serves it. Raises OrbitError with file and line."""
    rows = csv.reader(text.splitlines())
    try:
        heading = [name.strip() for name in next(rows)]
        for row in rows:
            where = f"{file}:{rows.line_num}"
            if not any(field.strip() for field in row):
                continue
            if len(row) != len(heading):
                raise OrbitError(where, "", f"{len(row)} fields, the heading has {len(heading)}")
            message = _Fields(where)
            for key, value in zip(heading, row, strict=True):
                message.add(key, value.strip(), where)
            yield message.to_elements()
    except csv.Error as error:
        raise OrbitError(f"{file}:{rows.line_num}", "", f"not valid CSV: {error}") from None


def parse_json(text: str, file: str) -> Iterator[ElementSet]:
    """Reads one JSON object or a list of them. Raises OrbitError with file and line or entry."""
    try:
        # Numbers stay text so that a catalogue number or an epoch is never rounded through a float.
        content = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise OrbitError(f"{file}:{error.lineno}", "", f"not valid JSON: {error.msg}") from None
    except RecursionError:
        raise OrbitError(file, "", "not orbit data: JSON nested too deeply") from None
    for number, entry in enumerate(content if isinstance(content, list) else [content], 1):
        where = f"{file}: entry {number}"
        if not isinstance(entry, Mapping):
            raise OrbitError(where, "", "is not an object with keys such as NORAD_CAT_ID")
        message = _Fields(where)
        for key, value in entry.items():
            if isinstance(value, str):
                message.add(key, value, where)
        yield message.to_elements()


def parse_xml(text: str, file: str) -> Iterator[ElementSet]:
    """Reads every <omm> of an NDM or OMM document. Raises OrbitError with file and line."""
    reader = _XmlReader(file)
    reader.read(text)
    return (message.to_elements() for message in reader.messages)


class _XmlReader:
    """Collects the leaf elements of each <omm>; expat is used because it knows line numbers."""

    def __init__(self, file: str) -> None:
        self.messages: list[_Fields] = []
        self._file = file
        self._text = ""
        self._is_inside = False
        self._is_leaf = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> None:
        try:
            # As bytes: the text is already decoded, whatever encoding its declaration names.
            self._parser.Parse(re.sub(r"^<\?xml[^>]*\?>", "", text).encode(), True)
        except expat.ExpatError as error:
            message = expat.errors.messages[error.code]
            raise OrbitError(f"{self._file}:{error.lineno}", "", f"not valid XML: {message}") from None

    def _where(self) -> str:
        return f"{self._file}:{self._parser.CurrentLineNumber}"

    def _doctype(self, *_: object) -> None:
        # Entities could be made to grow without bound; no OMM has a document type.
        raise OrbitError(self._where(), "DOCTYPE", "is not allowed in orbit data")

    def _start(self, tag: str, _attributes: object) -> None:
        if tag == "omm":
            self.messages.append(_Fields(self._where()))
            self._is_inside = True
        self._text = ""
        self._is_leaf = True

    def _end(self, tag: str) -> None:
        if tag == "omm":
            self._is_inside = False
        elif self._is_inside and self._is_leaf and tag != "COMMENT":
            self.messages[-1].add(tag, self._text.strip(), self._where())
        self._is_leaf = False

    def _characters(self, text: str) -> None:
        self._text += text
