# SPDX-License-Identifier: GPL-3.0-or-later
"""Two- and three-line element sets.

Source: Spacetrack Report No. 3 and the column table of CelesTrak's "NORAD Two-Line Element Set Format"; catalogue
numbers from 100000 to 339999 in the "Alpha-5" writing (a letter without I and O for the two leading digits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from xband_station.orbit.elements import ElementSet
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.identifiers import normal_identifier

LINE_LEN_CHARS = 69
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_EXPONENTIAL = re.compile(r"([+-]?)(\d{1,5})([+-]\d)")


def parse_tle(text: str, file: str) -> Iterator[ElementSet]:
    """Reads a file of two-line sets, each with or without a name line before it.

    Raises OrbitError naming file, line and field.
    """
    lines = [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    position = 0
    while position < len(lines):
        name = ""
        line = lines[position][1]
        if not _is_element_line(line, "1"):
            name = line.removeprefix("0 ").strip()
            position += 1
        if position + 1 >= len(lines):
            raise OrbitError(
                f"{file}:{lines[-1][0]}", "", "two element lines, beginning with 1 and 2, were expected here"
            )
        yield _parse_pair(name, lines[position], lines[position + 1], file)
        position += 2


def _is_element_line(line: str, digit: str) -> bool:
    return line.startswith(f"{digit} ") and len(line) >= LINE_LEN_CHARS - 1


def _parse_pair(name: str, first: tuple[int, str], second: tuple[int, str], file: str) -> ElementSet:
    line1, line2 = _Line(file, *first, digit="1"), _Line(file, *second, digit="2")
    catalogue_id = line1.catalogue_id()
    if line2.catalogue_id() != catalogue_id:
        raise line2.error("catalogue number", f"{line2.columns(3, 7)!r} differs from line 1's {line1.columns(3, 7)!r}")
    return ElementSet(
        name=name or catalogue_id,
        norad_cat_id=catalogue_id,
        international_designator=line1.columns(10, 17).strip(),
        epoch_utc=line1.epoch(),
        mean_motion_dot_rev_day2=line1.decimal("first derivative of mean motion", 34, 43),
        mean_motion_ddot_rev_day3=line1.exponential("second derivative of mean motion", 45, 52),
        bstar_per_earth_radius=line1.exponential("BSTAR", 54, 61),
        inclination_deg=line2.decimal("inclination", 9, 16),
        raan_deg=line2.decimal("right ascension of the node", 18, 25),
        eccentricity=line2.fraction("eccentricity", 27, 33),
        argument_of_perigee_deg=line2.decimal("argument of perigee", 35, 42),
        mean_anomaly_deg=line2.decimal("mean anomaly", 44, 51),
        mean_motion_rev_day=line2.decimal("mean motion", 53, 63),
        source=f"{file}:{second[0]}",
    )


class _Line:
    """One element line; columns are counted from 1 as in the format's description."""

    def __init__(self, file: str, number: int, text: str, digit: str) -> None:
        self._where = f"{file}:{number}"
        self._text = text
        if not text.startswith(f"{digit} "):
            raise self.error("", f"element line {digit} was expected, found {text[:24]!r}")
        if len(text) != LINE_LEN_CHARS or not text.isascii():
            raise self.error("", f"{len(text)} characters, an element line has {LINE_LEN_CHARS} ASCII characters")
        # Modulo-10 sum of the digits, a minus sign counts as 1.
        total = sum(int(char) if char.isdigit() else char == "-" for char in text[:-1]) % 10
        if text[-1] != str(total):
            raise self.error("checksum", f"{text[-1]!r} stands in column 69, the line's sum is {total}")

    def error(self, field: str, problem: str) -> OrbitError:
        return OrbitError(self._where, field, problem)

    def columns(self, first: int, last: int) -> str:
        return self._text[first - 1 : last]

    def catalogue_id(self) -> str:
        """Columns 3 to 7 as a plain decimal number."""
        raw = self.columns(3, 7).strip()
        identifier = normal_identifier(raw)
        if identifier is None or not identifier.isdigit():
            raise self.error("catalogue number", f"{raw!r} is neither five digits nor Alpha-5")
        return identifier

    def epoch(self) -> datetime:
        """Columns 19 to 32: two-digit year (57 and later are the 1900s) and day of the year with fraction."""
        raw = self.columns(19, 32)
        match = re.fullmatch(r"(\d\d)([ \d]{3})(\.\d+)", raw)
        day = int(match[2].strip() or 0) if match else 0
        if not match or not 1 <= day <= 366:
            raise self.error("epoch", f"{raw!r} is not YYDDD.DDDDDDDD with a day from 1 to 366")
        year = int(match[1])
        start = datetime(1900 + year if year >= 57 else 2000 + year, 1, 1, tzinfo=UTC)
        return start + timedelta(days=day - 1, microseconds=round(float(match[3]) * 86400e6))

    def decimal(self, field: str, first: int, last: int) -> float:
        raw = self.columns(first, last).strip()
        if not _DECIMAL.fullmatch(raw):
            raise self.error(field, f"{raw!r} in columns {first} to {last} is not a number")
        return float(raw)

    def fraction(self, field: str, first: int, last: int) -> float:
        """Digits after an assumed decimal point."""
        raw = self.columns(first, last)
        if not raw.isdigit():
            raise self.error(field, f"{raw!r} in columns {first} to {last} is not {last - first + 1} digits")
        return float(f"0.{raw}")

    def exponential(self, field: str, first: int, last: int) -> float:
        """Sign, digits after an assumed point, signed exponent: `` 50149-4`` is 0.50149e-4."""
        raw = self.columns(first, last).strip()
        match = _EXPONENTIAL.fullmatch(raw)
        if not match:
            raise self.error(field, f"{raw!r} in columns {first} to {last} is not like 12345-6")
        return float(f"{match[1]}0.{match[2]}e{match[3]}")
