# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading of orbit files; the content, not the name, tells the format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from xband_station.orbit.angle_table import SEGMENTS_KEY, parse_angle_table
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.geometry import Trajectory
from xband_station.orbit.oem import parse_oem_kvn, parse_oem_xml
from xband_station.orbit.omm import CSV_HEADING, parse_csv, parse_json, parse_kvn, parse_xml
from xband_station.orbit.tle import parse_tle

Parser = Callable[[str, str], Iterator[Trajectory]]


def load_orbit_file(path: Path) -> Sequence[Trajectory]:
    """Reads one file: TLE (two or three lines), OMM (KVN, XML, JSON, CSV), OEM (KVN, XML), azimuth-elevation table.

    Raises OrbitError: unreadable, not one of the formats, no satellite in it, or a wrong field.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OrbitError(str(path), "", f"cannot be read: {error.strerror}") from None
    return parse_orbits(data, str(path))


def parse_orbits(data: bytes, file: str) -> Sequence[Trajectory]:
    """The satellites of a file's content. file: its name, for messages. Raises OrbitError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OrbitError(file, "", f"is not text (octet {error.start} is not UTF-8)") from None
    orbits = list(_parser_for(text)(text, file))
    if not orbits:
        raise OrbitError(file, "", "no satellite in this file")
    return orbits


def _parser_for(text: str) -> Parser:
    start = text.lstrip()
    if start.startswith("<"):
        return parse_oem_xml if re.search(r"<oem[\s>]", start) else parse_xml
    # A TLE's name line may begin with a bracket, never with a brace or "[" followed by one.
    if re.match(r"\{|\[\s*[\[{\]]", start):
        return parse_angle_table if f'"{SEGMENTS_KEY}"' in start else parse_json
    if re.search(r"^\s*CCSDS_OEM_VERS\s*=", text, re.MULTILINE):
        return parse_oem_kvn
    if re.search(r"^\s*CCSDS_OMM_VERS\s*=", text, re.MULTILINE):
        return parse_kvn
    if CSV_HEADING.match(start):
        return parse_csv
    return parse_tle
