# SPDX-License-Identifier: GPL-3.0-or-later
"""The satellites that the station knows, with every set of orbit data for each, and which set is to be used when."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from xband_core.errors import XbandError
from xband_station.orbit.geometry import Trajectory
from xband_station.orbit.identifiers import normal_identifier
from xband_station.orbit.orbit_file import load_orbit_file

# So many sets are enough in a message.
_NAMED = 5


class UnknownSatelliteError(XbandError):
    """A satellite was asked for that no orbit file has, or none that holds at that time."""


@dataclass(frozen=True)
class OrbitSource:
    """Where sets of orbit data come from. priority: the higher number is preferred, whatever the sets' age.

    max_age: a set whose epoch is further than this from the asked time is not used; None: it is used at any age,
    which is better than no pass at all, and the age alarms speak (age.py).
    """

    name: str
    priority: int = 0
    is_enabled: bool = True
    max_age: timedelta | None = None


FILES = OrbitSource("files")


@dataclass(frozen=True)
class SourcedOrbit:
    """One set of orbit data and where it comes from."""

    trajectory: Trajectory
    source: OrbitSource

    def objection(self, at: datetime) -> str | None:
        """Why this set cannot be used at this time, in words; None if it can."""
        data = self.trajectory
        if not self.source.is_enabled:
            return "source is disabled"
        if data.valid_from and at < data.valid_from:
            return f"valid from {data.valid_from:%Y-%m-%dT%H:%M:%SZ}"
        if data.valid_until and at > data.valid_until:
            return f"valid until {data.valid_until:%Y-%m-%dT%H:%M:%SZ}"
        if self.source.max_age and abs(data.age_s(at)) > self.source.max_age.total_seconds():
            return f"older than {self.source.max_age / timedelta(hours=1):g} h"
        return None


@dataclass(frozen=True)
class Choice:
    """The set that is used for a satellite at a time. reason: for the operator and the pass's report."""

    trajectory: Trajectory
    source: OrbitSource
    at: datetime
    reason: str

    @property
    def age_s(self) -> float:
        """Seconds from the set's epoch to the time; negative before the epoch."""
        return self.trajectory.age_s(self.at)


class Catalogue:
    """Satellites by identifier, each with all its sets of orbit data.

    A set that is known by its international designator only (an ephemeris, mostly) belongs to the satellite whose
    elements carry that designator.
    """

    def __init__(self, orbits: Iterable[SourcedOrbit]) -> None:
        listed = list(orbits)
        numbers = {
            _full_designator(o.trajectory.international_designator): o.trajectory
            for o in listed
            if o.trajectory.norad_cat_id.isdigit() and o.trajectory.international_designator
        }
        self._by_id: dict[str, list[SourcedOrbit]] = {}
        for orbit in listed:
            known = numbers.get(_full_designator(orbit.trajectory.norad_cat_id))
            if known:
                identified = orbit.trajectory.identified(known.norad_cat_id, known.name)
                orbit = SourcedOrbit(identified, orbit.source)
            self._by_id.setdefault(orbit.trajectory.norad_cat_id, []).append(orbit)

    @classmethod
    def from_files(cls, paths: Iterable[Path], source: OrbitSource = FILES) -> Catalogue:
        """Reads all files. Raises OrbitError."""
        return cls(SourcedOrbit(data, source) for path in paths for data in load_orbit_file(path))

    def __iter__(self) -> Iterator[Trajectory]:
        """For each satellite the preferred set, whatever the time."""
        return (_preferred(orbits).trajectory for orbits in self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def orbits(self, satellite_id: str) -> list[SourcedOrbit]:
        """Every set of one satellite, the preferred one first. Raises UnknownSatelliteError."""
        found = self._by_id.get(normal_identifier(satellite_id) or satellite_id)
        if found is None:
            raise UnknownSatelliteError(f"satellite {satellite_id!r} is not among the {len(self)} of the orbit files")
        return sorted(found, key=_preference, reverse=True)

    def choose(self, satellite_id: str, at: datetime, needs_range: bool = False) -> Choice:
        """The set to use: of the enabled ones that hold at this time the highest priority, then the newest epoch.

        A set from after ``at`` (new elements that foretell a manoeuvre) counts less than one from before.
        needs_range: tables of angles do not do, for they tell no Doppler shift.
        Raises UnknownSatelliteError: no set of this satellite, or none that holds.
        """
        orbits = [o for o in self.orbits(satellite_id) if o.trajectory.has_range or not needs_range]
        usable = [orbit for orbit in orbits if orbit.objection(at) is None]
        if not usable:
            listed = [f"{o.source.name} ({o.trajectory.source}): {o.objection(at)}" for o in orbits[:_NAMED]]
            why = "; ".join(listed) or "there are only tables of angles, without ranges"
            raise UnknownSatelliteError(f"no orbit data of satellite {satellite_id} hold at {at:%FT%TZ}: {why}")
        chosen = max(usable, key=lambda orbit: _preference_at(orbit, at))
        return Choice(chosen.trajectory, chosen.source, at, _reason(chosen, orbits, at))

    def choose_or_none(self, satellite_id: str, at: datetime) -> Choice | None:
        """The same, and None where none holds. Raises UnknownSatelliteError: no set of this satellite at all."""
        return (
            self.choose(satellite_id, at) if any(o.objection(at) is None for o in self.orbits(satellite_id)) else None
        )

    def find(self, wanted: str) -> Trajectory:
        """The satellite with this identifier or name, as its preferred set whatever the time.

        Names are compared without case, blanks and hyphens; a part in brackets may be left out, so ``noaa-20`` finds
        "NOAA 20 (JPSS-1)". Raises UnknownSatelliteError with the nearest names, also when two satellites fit.
        """
        identifier = normal_identifier(wanted)
        if identifier in self._by_id:
            return _preferred(self._by_id[identifier]).trajectory
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


def _preference(orbit: SourcedOrbit) -> tuple[bool, int, datetime]:
    return (orbit.source.is_enabled, orbit.source.priority, orbit.trajectory.epoch_utc)


def _preferred(orbits: list[SourcedOrbit]) -> SourcedOrbit:
    return max(orbits, key=_preference)


def _preference_at(orbit: SourcedOrbit, at: datetime) -> tuple[int, bool, timedelta]:
    """Among sets that hold: priority, then from before rather than from after, then nearest."""
    epoch = orbit.trajectory.epoch_utc
    return (orbit.source.priority, epoch <= at, -abs(at - epoch))


def _reason(chosen: SourcedOrbit, orbits: list[SourcedOrbit], at: datetime) -> str:
    """One sentence: what is used, and why not what would come before it."""
    age_h = chosen.trajectory.age_s(at) / 3600.0
    rank = f"{chosen.source.name}, priority {chosen.source.priority}, {age_h:.1f} h old"
    passed_over = [o for o in orbits if o.source.priority > chosen.source.priority and o.objection(at)]
    if passed_over:
        return f"{rank}; not {passed_over[0].source.name}: {passed_over[0].objection(at)}"
    if len(orbits) == 1:
        return f"{rank}; the only set"
    rivals = [o for o in orbits if o.source.priority == chosen.source.priority and not o.objection(at)]
    return f"{rank}; {'newest of ' + str(len(rivals)) if len(rivals) > 1 else 'highest priority'}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _full_designator(text: str) -> str:
    """One writing for one launch: ``11061A`` of a TLE, ``2011-061A`` of a CCSDS message, ``2011-061-A`` of NASA's."""
    match = re.fullmatch(r"(\d{2}|\d{4})-?(\d{3})-?([A-Z]{1,3})", text.strip())
    if not match:
        return text.strip()
    year = match[1] if len(match[1]) == 4 else ("19" if int(match[1]) >= 57 else "20") + match[1]
    return f"{year}-{match[2]}{match[3]}"
