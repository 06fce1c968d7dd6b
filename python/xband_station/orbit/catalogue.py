# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbit files and the catalogue of satellites made from them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from xband_core.errors import XbandError
from xband_station.orbit.elements import ElementSet, OrbitError
from xband_station.orbit.omm import parse_json, parse_kvn, parse_xml
from xband_station.orbit.tle import parse_tle

Parser = Callable[[str, str], Iterator[ElementSet]]


class UnknownSatelliteError(XbandError):
    """A satellite was asked for that no orbit file has."""


def load_orbit_file(path: Path) -> list[ElementSet]:
    """Reads one file of TLE (two or three lines) or OMM (KVN, XML, JSON); the content tells the format.

    Raises OrbitError: unreadable, not one of the formats, no satellite in it, or a wrong field.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise OrbitError(str(path), "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise OrbitError(str(path), "", f"is not text (octet {error.start} is not UTF-8)") from None
    elements = list(_parser_for(text)(text, str(path)))
    if not elements:
        raise OrbitError(str(path), "", "no satellite in this file")
    return elements


def _parser_for(text: str) -> Parser:
    start = text.lstrip()
    if start.startswith("<"):
        return parse_xml
    # A TLE's name line may begin with a bracket, never with a brace or "[" followed by one.
    if re.match(r"\{|\[\s*[\[{\]]", start):
        return parse_json
    if re.search(r"^\s*CCSDS_OMM_VERS\s*=", text, re.MULTILINE):
        return parse_kvn
    return parse_tle


class Catalogue:
    """Satellites by catalogue number; of several element sets for one satellite the newest epoch is kept."""

    def __init__(self, elements: Iterable[ElementSet]) -> None:
        self._by_id: dict[str, ElementSet] = {}
        for element_set in elements:
            known = self._by_id.get(element_set.norad_cat_id)
            if known is None or element_set.epoch_utc > known.epoch_utc:
                self._by_id[element_set.norad_cat_id] = element_set

    @classmethod
    def from_files(cls, paths: Iterable[Path]) -> Catalogue:
        """Reads all files. Raises OrbitError."""
        return cls(element_set for path in paths for element_set in load_orbit_file(path))

    def __iter__(self) -> Iterator[ElementSet]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, wanted: str) -> ElementSet:
        """The satellite with this catalogue number or name.

        Names are compared without case, blanks and hyphens; a part in brackets may be left out, so ``noaa-20`` finds
        "NOAA 20 (JPSS-1)". Raises UnknownSatelliteError with the nearest names, also when two satellites fit.
        """
        if wanted.strip().lstrip("0") in self._by_id:
            return self._by_id[wanted.strip().lstrip("0")]
        key = _plain(wanted)
        fits = [e for e in self if key and key in (_plain(e.name), _plain(re.sub(r"\(.*?\)", "", e.name)))]
        if len(fits) == 1:
            return fits[0]
        if fits:
            listed = ", ".join(f"{e.name} ({e.norad_cat_id})" for e in fits)
            raise UnknownSatelliteError(f"satellite {wanted!r} is ambiguous: {listed}; give the catalogue number")
        near = difflib.get_close_matches(wanted.upper(), [e.name for e in self], n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise UnknownSatelliteError(f"satellite {wanted!r} is not among the {len(self)} of the orbit files{hint}")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
