# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidate contacts: every opportunity with every start and end that an optimal plan can need.

A contact is trimmed only to make room. So it starts at its AOS or when its antenna (or a resource it shares) comes
free of a neighbour, and ends at its LOS or when a neighbour needs them; neighbours count in full, and cut to the least
useful length. A joined pass changes antenna at such a time of either antenna. On one antenna the optimum over these
candidates is the optimum over all times, as long as no quota or supply ends in the middle of a contact:
tests/station/test_planning.py compares it with every whole second. With several antennas a chain of hand-overs can
gain a little more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from xband_station.planning.model import Contact, Opportunity, Problem, Resource

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Times are kept in whole milliseconds: two ways to reach the same instant give the same number.
_TICKS_PER_S = 1000


@dataclass(frozen=True)
class Columns:
    """Candidate contacts as arrays. start_s, end_s: after ``base``; duration_s: without holes; opportunity: index into
    ``opportunities``; is_kept: contacts that already run."""

    base: datetime
    opportunities: tuple[Opportunity, ...]
    opportunity: IntArray
    start_s: FloatArray
    end_s: FloatArray
    duration_s: FloatArray
    value: FloatArray
    is_kept: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.opportunity)

    def owner(self, column: int) -> Opportunity:
        return self.opportunities[int(self.opportunity[column])]

    def time(self, seconds: float) -> datetime:
        return self.base + timedelta(seconds=seconds)

    def contact(self, column: int) -> Contact:
        """Exact AOS and LOS where the contact is not trimmed."""
        owner = self.owner(column)
        start, end = self.time(float(self.start_s[column])), self.time(float(self.end_s[column]))
        tick = timedelta(seconds=1.5 / _TICKS_PER_S)
        return Contact(
            owner,
            owner.aos if abs(start - owner.aos) < tick else start,
            owner.los if abs(end - owner.los) < tick else end,
        )


def make_columns(problem: Problem) -> Columns:
    """All candidates of the opportunities that wishes allow."""
    wishes = problem.wishes
    usable = tuple(
        one
        for one in problem.opportunities
        if one.duration_s >= problem.min_useful_s and wishes.allow(one) and not exceeded(problem, one)
    )
    times = [one.aos for one in usable] + [kept.start for kept in wishes.kept]
    base = min(times, default=datetime.fromisoformat("2000-01-01T00:00:00+00:00"))
    cuts = _Cuts(problem, usable, base)
    found = [row for index in range(len(usable)) for row in cuts.contacts(index)]
    for number, kept in enumerate(wishes.kept, start=len(usable)):
        start_s, end_s = ((time - base).total_seconds() for time in (kept.start, kept.end))
        found.append((number, start_s, end_s, kept.duration_s))
    everyone = (*usable, *(kept.opportunity for kept in wishes.kept))
    owner, start_s, end_s, duration_s = np.array(found, dtype=float).reshape(-1, 4).T
    index = owner.astype(np.int64)
    rates = np.array([one.value_per_s for one in everyone], dtype=float)
    value = duration_s * rates[index] if everyone else np.zeros(0)
    return Columns(base, everyone, index, start_s, end_s, duration_s, value, index >= len(usable))


class _Cuts:
    """Starts and ends of each opportunity, as sorted arrays of seconds after ``base``."""

    def __init__(self, problem: Problem, usable: tuple[Opportunity, ...], base: datetime) -> None:
        self._problem = problem
        self._usable = usable
        self._base = base
        self._has_slews = max(problem.max_slew_s, problem.polarisation_switch_s) > problem.turnaround_s
        self._aos = [_tick((one.aos - base).total_seconds()) for one in usable]
        self._los = [_tick((one.los - base).total_seconds()) for one in usable]
        self._starts: list[set[float]] = [{time} for time in self._aos]
        self._ends: list[set[float]] = [{time} for time in self._los]
        # Starts of contacts that have the least useful length.
        self._least: list[set[float]] = [set() for _ in usable]
        neighbours = self._neighbours()
        for index, others in enumerate(neighbours):
            for other in others:
                self._cut(index, other, {self._los[other]}, {self._aos[other]})
        self._squeeze(neighbours)
        self._keep_clear()
        self._join()

    def contacts(self, index: int) -> Iterator[tuple[int, float, float, float]]:
        """Opportunity, start, end and useful seconds of each candidate that is long enough."""
        holes = self.holes(index)
        starts, ends = self._starts[index], self._ends[index]
        pairs = {(s, _tick(s + self._problem.min_useful_s)) for s in self._least[index] if not holes}
        if holes:
            # A contact that begins in a hole waits for its end; one that ends in it has ended before.
            starts = {next((b for a, b in holes if a <= s < b), s) for s in starts} | {b for _, b in holes}
            ends = {next((a for a, b in holes if a < e <= b), e) for e in ends} | {a for a, _ in holes}
        pairs.update((s, e) for s in starts for e in ends)
        least_s = self._problem.min_useful_s - 0.5 / _TICKS_PER_S
        for start_s, end_s in sorted(pairs):
            lost_s = sum(max(0.0, min(end_s, b) - max(start_s, a)) for a, b in holes)
            if end_s - start_s - lost_s >= least_s:
                yield index, start_s, end_s, end_s - start_s - lost_s

    def holes(self, index: int) -> list[tuple[float, float]]:
        holes = self._usable[index].holes
        return [(_tick((a - self._base).total_seconds()), _tick((b - self._base).total_seconds())) for a, b in holes]

    def _neighbours(self) -> list[list[int]]:
        """Opportunities of other passes that may have to make room for each other, by a sweep over the AOS."""
        problem = self._problem
        reach_s = max(problem.turnaround_s, problem.polarisation_switch_s, problem.max_slew_s)
        scarce = _scarce_resources(problem, self._usable)
        shares = [{d.resource for d in one.demands if d.amount > 0.0} & scarce for one in self._usable]
        found: list[list[int]] = [[] for _ in self._usable]
        active: list[int] = []
        for index in sorted(range(len(self._usable)), key=self._aos.__getitem__):
            active = [other for other in active if self._los[other] + reach_s > self._aos[index]]
            for other in active:
                mine, its = self._usable[index], self._usable[other]
                if mine.pass_id != its.pass_id and (mine.antenna == its.antenna or shares[index] & shares[other]):
                    found[index].append(other)
                    found[other].append(index)
            active.append(index)
        return found

    def _cut(self, index: int, other: int, its_ends: Iterable[float], its_starts: Iterable[float]) -> bool:
        """Cuts ``index`` to begin after ``other`` has ended, or to end before it begins; whether that is possible."""
        least_s = self._problem.min_useful_s
        is_possible = False
        for end_s in its_ends:
            start_s = self._start_after(other, end_s, index)
            if self._aos[index] < start_s <= self._los[index] - least_s:
                self._starts[index].add(start_s)
                is_possible = True
        for start_s in its_starts:
            end_s = self._end_before(other, start_s, index)
            if self._aos[index] + least_s <= end_s < self._los[index]:
                self._ends[index].add(end_s)
                is_possible = True
        return is_possible

    def _start_after(self, other: int, end_s: float, index: int) -> float:
        """Earliest start of ``index`` once the antenna has come over from the end of ``other``."""
        start_s = max(end_s, self._aos[index])
        # Two rounds follow the satellite that moves on while the antenna slews; the solver checks the gap itself.
        for _ in range(2):
            start_s = max(end_s + self._gap_s(other, end_s, index, start_s), self._aos[index])
        return _tick_up(start_s)

    def _end_before(self, other: int, start_s: float, index: int) -> float:
        end_s = min(start_s, self._los[index])
        for _ in range(2):
            end_s = min(start_s - self._gap_s(index, end_s, other, start_s), self._los[index])
        return -_tick_up(-end_s)

    def _gap_s(self, first: int, end_s: float, second: int, start_s: float) -> float:
        one, two = self._usable[first], self._usable[second]
        if one.antenna != two.antenna:
            return 0.0
        if not self._has_slews:
            return self._problem.turnaround_s
        return self._problem.gap_s(one, self._time(end_s), two, self._time(start_s))

    def _time(self, seconds: float) -> datetime:
        return self._base + timedelta(seconds=seconds)

    def _squeeze(self, neighbours: list[list[int]]) -> None:
        """Room for a neighbour of the least useful length between two others.

        Worth it only if what is cut off is worth less than the neighbour so squeezed in.
        """
        least_s = self._problem.min_useful_s
        starts, ends = [sorted(s) for s in self._starts], [sorted(e) for e in self._ends]
        for index, others in enumerate(neighbours):
            for other in others:
                worth_s = least_s * self._usable[other].value_per_s / max(self._usable[index].value_per_s, 1e-12)
                for start_s in starts[other]:
                    end_s = start_s + least_s
                    if end_s <= self._los[other] and end_s < self._aos[index] + worth_s:
                        self._squeeze_in(other, start_s, self._cut(index, other, [end_s], []))
                for end_s in ends[other]:
                    start_s = end_s - least_s
                    if start_s >= self._aos[other] and start_s > self._los[index] - worth_s:
                        self._squeeze_in(other, start_s, self._cut(index, other, [], [start_s]))

    def _squeeze_in(self, index: int, start_s: float, is_of_use: bool) -> None:
        if is_of_use:
            self._least[index].add(start_s)

    def _keep_clear(self) -> None:
        """Cuts around contacts that already run."""
        problem = self._problem
        for kept in problem.wishes.kept:
            start_s, end_s = ((time - self._base).total_seconds() for time in (kept.start, kept.end))
            for index, one in enumerate(self._usable):
                gap_s = 0.0
                if one.antenna == kept.opportunity.antenna and one.pass_id != kept.opportunity.pass_id:
                    gap_s = problem.gap_s(kept.opportunity, kept.end, one, max(kept.end, one.aos))
                if self._aos[index] < end_s + gap_s < self._los[index]:
                    self._starts[index].add(_tick_up(end_s + gap_s))
                if self._aos[index] < start_s - gap_s < self._los[index]:
                    self._ends[index].add(-_tick_up(gap_s - start_s))

    def _join(self) -> None:
        """Offers each antenna the times at which another one may hand over the same pass, or take it."""
        by_pass = defaultdict(list)
        for index, one in enumerate(self._usable):
            by_pass[one.pass_id].append(index)
        for members in by_pass.values():
            if len(members) < 2:
                continue
            starts = [set(self._starts[index]) for index in members]
            ends = [set(self._ends[index]) for index in members]
            for place, index in enumerate(members):
                own = (self._aos[index], self._los[index])
                for other in range(len(members)):
                    if other != place:
                        self._starts[index] |= {time for time in ends[other] if own[0] < time < own[1]}
                        self._ends[index] |= {time for time in starts[other] if own[0] < time < own[1]}


def exceeded(problem: Problem, one: Opportunity) -> Resource | None:
    """A resource of which the opportunity alone needs more than there is."""
    need: dict[str, float] = defaultdict(float)
    for demand in one.demands:
        need[demand.resource] += demand.amount
    return next((r for r in problem.resources if not r.is_used_up and need[r.name] > r.capacity), None)


def _scarce_resources(problem: Problem, usable: tuple[Opportunity, ...]) -> set[str]:
    """Resources at a time that one contact per antenna, all together, can exceed."""
    scarce = set()
    for resource in problem.resources:
        most: dict[str, float] = defaultdict(float)
        for one in usable:
            for demand in one.demands:
                if demand.resource == resource.name:
                    most[one.antenna] = max(most[one.antenna], demand.amount)
        if not resource.is_used_up and sum(most.values()) > resource.capacity:
            scarce.add(resource.name)
    return scarce


def _tick(seconds: float) -> float:
    return round(seconds * _TICKS_PER_S) / _TICKS_PER_S


def _tick_up(seconds: float) -> float:
    """The next tick; a rounding error of the sum before does not count."""
    return math.ceil(seconds * _TICKS_PER_S - 1e-4) / _TICKS_PER_S
