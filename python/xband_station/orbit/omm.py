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
from datetime import datetime, timedelta

from xband_station.orbit.ccsds_fields import KVN_LINE, MessageFields
from xband_station.orbit.ccsds_time import EXAMPLE, parse_calendar
from xband_station.orbit.elements import ElementSet
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.identifiers import normal_identifier
from xband_station.orbit.xml_leaves import XmlLeaves

# What SGP4 elements must say when they say it at all.
_REQUIRED_IF_GIVEN = {
    "CENTER_NAME": {"EARTH"},
    "REF_FRAME": {"TEME", "TEMEOFDATE"},
    "TIME_SYSTEM": {"UTC"},
    "MEAN_ELEMENT_THEORY": {"SGP", "SGP4", "SGP/SGP4"},
}
CSV_HEADING = re.compile(r"([A-Z0-9_]+\s*,\s*)*(EPOCH|NORAD_CAT_ID)\s*,")


def _epoch(fields: MessageFields) -> datetime:
    raw = fields.text("EPOCH")
    try:
        minute, seconds = parse_calendar(raw)
    except ValueError:
        raise OrbitError(fields.place("EPOCH"), "EPOCH", f"{raw!r} is not a UTC time like {EXAMPLE}") from None
    return minute + timedelta(microseconds=round(seconds * 1e6))


def _to_elements(fields: MessageFields) -> ElementSet:
    """Raises OrbitError naming place and keyword."""
    for key, allowed in _REQUIRED_IF_GIVEN.items():
        value = fields.text(key, "").upper()
        if value and value not in allowed:
            raise OrbitError(fields.place(key), key, f"{value!r} is not one of {', '.join(sorted(allowed))}")
    catalogue_id = fields.text("NORAD_CAT_ID")
    catalogue_id = normal_identifier(catalogue_id) or catalogue_id
    return ElementSet(
        name=fields.text("OBJECT_NAME", catalogue_id).strip() or catalogue_id,
        norad_cat_id=catalogue_id,
        international_designator=fields.text("OBJECT_ID", ""),
        epoch_utc=_epoch(fields),
        mean_motion_rev_day=fields.number("MEAN_MOTION"),
        eccentricity=fields.number("ECCENTRICITY"),
        inclination_deg=fields.number("INCLINATION"),
        raan_deg=fields.number("RA_OF_ASC_NODE"),
        argument_of_perigee_deg=fields.number("ARG_OF_PERICENTER"),
        mean_anomaly_deg=fields.number("MEAN_ANOMALY"),
        bstar_per_earth_radius=fields.number("BSTAR"),
        mean_motion_dot_rev_day2=fields.number("MEAN_MOTION_DOT", "0"),
        mean_motion_ddot_rev_day3=fields.number("MEAN_MOTION_DDOT", "0"),
        source=fields.where,
    )


def parse_kvn(text: str, file: str) -> Iterator[ElementSet]:
    """Reads one or several KVN messages; each begins with CCSDS_OMM_VERS. Raises OrbitError with file and line."""
    message: MessageFields | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        where = f"{file}:{number}"
        if not line or line.split()[0] == "COMMENT":
            continue
        match = KVN_LINE.fullmatch(line)
        if not match:
            raise OrbitError(where, "", f"{line[:40]!r} is not KEYWORD = value")
        if match[1] == "CCSDS_OMM_VERS":
            if message:
                yield _to_elements(message)
            message = MessageFields(where)
        elif message is None:
            raise OrbitError(where, match[1], "stands before CCSDS_OMM_VERS, which begins a message")
        else:
            message.add(match[1], match[2], where)
    if message:
        yield _to_elements(message)


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
            message = MessageFields(where)
            for key, value in zip(heading, row, strict=True):
                message.add(key, value.strip(), where)
            yield _to_elements(message)
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
        message = MessageFields(where)
        for key, value in entry.items():
            if isinstance(value, str):
                message.add(key, value, where)
        yield _to_elements(message)


def parse_xml(text: str, file: str) -> Iterator[ElementSet]:
    """Reads every <omm> of an NDM or OMM document. Raises OrbitError with file and line."""
    messages: list[MessageFields] = []
    open_tags: list[str] = []

    def opened(tag: str, where: str) -> None:
        open_tags.append(tag)
        if tag == "omm":
            messages.append(MessageFields(where))

    def leaf(tag: str, content: str, where: str) -> None:
        if "omm" in open_tags[:-1] and tag != "COMMENT":
            messages[-1].add(tag, content, where)

    def closed(_tag: str, _where: str) -> None:
        open_tags.pop()

    XmlLeaves(file, opened, leaf, closed).read(text)
    return (_to_elements(message) for message in messages)
