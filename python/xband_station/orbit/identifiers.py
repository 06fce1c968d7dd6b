# SPDX-License-Identifier: GPL-3.0-or-later
"""Identifiers of satellites: text, because not all are numbers and SGP4's library refuses those above 339999."""

from __future__ import annotations

import re

# Leading pair of digits 10 to 33 of a catalogue number as one letter, without I and O, which look like digits.
_ALPHA5 = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_ALPHA5_ID = re.compile(f"[{_ALPHA5}][0-9]{{4}}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_NAME = re.compile(r"[A-Z0-9][A-Z0-9-]{0,23}")
ALLOWED = "a number of 1 to 9 digits, Alpha-5, or up to 24 capital letters, digits and hyphens"


def normal_identifier(text: str) -> str | None:
    """One writing for one satellite: numbers without leading zeros, Alpha-5 as the number; None if it is neither."""
    raw = text.strip()
    if _NUMBER.fullmatch(raw):
        return raw.lstrip("0") or "0"
    if _ALPHA5_ID.fullmatch(raw):
        return str((_ALPHA5.index(raw[0]) + 10) * 10000 + int(raw[1:]))
    return raw if _NAME.fullmatch(raw) and not raw.isdigit() else None


def catalogue_number(identifier: str) -> int:
    """The identifier as the number that the wire format and the reports carry; 0 for one that is no number."""
    return int(identifier) if _NUMBER.fullmatch(identifier) else 0
