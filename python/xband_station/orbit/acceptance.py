# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether new orbit data may take the place of the last good ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from xband_station.orbit.errors import OrbitError
from xband_station.orbit.geometry import Trajectory
from xband_station.orbit.orbit_file import parse_orbits

# Satellites decay and groups are tidied, but not so many at once.
_MIN_SHARE_KEPT = 0.5
# So many names are enough in a message.
_NAMED = 3


def accept(
    content: bytes, name: str, kept: Sequence[Trajectory], required: Collection[str]
) -> tuple[Sequence[Trajectory], str | None]:
    """The orbit data in an answer, and why they are refused (None: they are good).

    kept: the last good data of the same feed. required: identifiers that must be among the new ones.
    """
    if not content.strip():
        return (), "answer is empty"
    if re.match(rb"\s*<(!doctype\s+html|html)", content, re.IGNORECASE):
        return (), "answer is an HTML page, not orbit data"
    try:
        found = parse_orbits(content, name)
    except OrbitError as error:
        return (), f"answer is damaged: {error}"
    return found, _objection(found, kept, required)


def _objection(found: Sequence[Trajectory], kept: Sequence[Trajectory], required: Collection[str]) -> str | None:
    new, old = _newest_by_id(found), _newest_by_id(kept)
    missing = sorted(set(required) - set(new))
    if missing:
        return f"answer lacks satellite {_listed(missing)}: wrong satellites, or cut off"
    still_there = len(set(old) & set(new))
    if still_there < _MIN_SHARE_KEPT * len(old):
        return f"answer has {still_there} of the {len(old)} satellites of the last good data: wrong, or cut off"
    older = [identifier for identifier in old if identifier in new and _went_back(new, old, identifier)]
    if len(older) > still_there / 2 or set(older) & set(required):
        return f"answer is stale: older epochs than the last good data for {len(older)} of {still_there} satellites"
    return None


def _newest_by_id(orbits: Sequence[Trajectory]) -> dict[str, Trajectory]:
    return {orbit.norad_cat_id: orbit for orbit in sorted(orbits, key=lambda orbit: orbit.epoch_utc)}


def _went_back(new: dict[str, Trajectory], old: dict[str, Trajectory], identifier: str) -> bool:
    return new[identifier].epoch_utc < old[identifier].epoch_utc


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
