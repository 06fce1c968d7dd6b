# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is made of: opportunities and limits go in, contacts and stated refusals come out.

A *pass* is one rise of a satellite. An *opportunity* is the stretch of a pass that one antenna can use; where a ridge
of the horizon or the Sun interrupts it, it has a hole. A *contact* is the part of an opportunity that is taken; it may
span holes. Several contacts of one pass are *joined*: they may not overlap, and their values add up.

Nothing here knows orbits, missions or files, so the planner can be tested on made-up numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


@dataclass(frozen=True)
class Demand:
    """What a contact takes of a resource: ``amount`` at a time, or per second of a resource that is used up."""

    resource: str
    amount: float


@dataclass(frozen=True)
class Resource:
    """Something that contacts share beside their antenna.

    capacity: at any time (downconverters, SDR channels, CPU cores), or over the whole plan if ``is_used_up`` (disk,
    octets on a partner's link).
    """

    name: str
    capacity: float
    is_used_up: bool = False


@dataclass(frozen=True)
class Quota:
    """How much of the plan belongs to a partner: seconds over the whole plan, and shares of all planned seconds."""

    partner: str
    min_s: float = 0.0
    max_s: float = float("inf")
    min_share: float = 0.0
    max_share: float = 1.0


@dataclass(frozen=True)
class Opportunity:
    """The stretch of a pass that one antenna can use.

    aos, los: where it begins and ends (aware UTC datetimes); pass_id: the same on all antennas; value_per_s: what a
    useful second is worth; holes: (begin, end) within it in order of time, worth nothing.
    """

    satellite: str
    antenna: str
    pass_id: str
    aos: datetime
    los: datetime
    value_per_s: float
    partner: str = ""
    polarisation: str = ""
    demands: tuple[Demand, ...] = ()
    max_elevation_deg: float = 90.0
    holes: tuple[tuple[datetime, datetime], ...] = ()

    def useful_s(self, start: datetime, end: datetime) -> float:
        """Seconds from ``start`` to ``end`` without the holes."""
        lost_s = sum(max(0.0, (min(b, end) - max(a, start)).total_seconds()) for a, b in self.holes)
        return (end - start).total_seconds() - lost_s

    @property
    def duration_s(self) -> float:
        """Useful seconds."""
        return self.useful_s(self.aos, self.los)

    @property
    def value(self) -> float:
        """Of the whole stretch."""
        return self.value_per_s * self.duration_s


# Seconds an antenna needs from the end of a contact of the first opportunity to the start of one of the second.
SlewTime = Callable[[Opportunity, datetime, Opportunity, datetime], float]


def no_slew(_first: Opportunity, _end: datetime, _second: Opportunity, _start: datetime) -> float:
    """An antenna that is everywhere at once: the turnaround alone counts."""
    return 0.0


@dataclass(frozen=True)
class Wishes:
    """What the operator, or a fault, says. pinned, forbidden: pass_ids; forbidden_satellites, antennas_out: names.

    kept: contacts that already run; they stay as they are.
    """

    pinned: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    forbidden_satellites: frozenset[str] = frozenset()
    antennas_out: frozenset[str] = frozenset()
    kept: tuple[Contact, ...] = ()

    def allow(self, one: Opportunity) -> bool:
        """Whether nothing speaks against taking it."""
        is_forbidden = one.pass_id in self.forbidden or one.satellite in self.forbidden_satellites
        return not is_forbidden and one.antenna not in self.antennas_out


class Cause(Enum):
    """Why a pass is not taken, for machines; the reason says it for people."""

    CONFLICT = "conflict"
    TOO_SHORT = "too short"
    RESOURCE = "resource"
    QUOTA = "quota"
    OPERATOR = "operator"
    ANTENNA_OUT = "antenna out of service"
    INTERFERENCE = "interference"
    MASK = "mask"
    LINK = "link margin"
    FEED = "no feed"
    ORBIT_DATA = "orbit data"
    TIME_LIMIT = "time limit"


@dataclass(frozen=True)
class Contact:
    """The part of an opportunity that is taken: ``start`` to ``end`` (aware UTC datetimes)."""

    opportunity: Opportunity
    start: datetime
    end: datetime

    @property
    def contact_id(self) -> str:
        """Unique within a plan: an antenna begins one contact at a time."""
        return f"{self.opportunity.pass_id}@{self.opportunity.antenna}+{self.start:%H%M%S}"

    @property
    def duration_s(self) -> float:
        """Useful seconds."""
        return self.opportunity.useful_s(self.start, self.end)

    @property
    def value(self) -> float:
        return self.opportunity.value_per_s * self.duration_s

    @property
    def is_trimmed(self) -> bool:
        """Shorter than its opportunity."""
        return self.start > self.opportunity.aos or self.end < self.opportunity.los


@dataclass(frozen=True)
class Rejected:
    """A pass without a contact. opportunity: its best one, or what it would have been.

    conflicts_with: contact_ids that are in its way; cost: by how much the plan's value falls if the pass is forced in,
    None where that was not worked out (or is impossible).
    """

    opportunity: Opportunity
    cause: Cause
    reason: str
    conflicts_with: tuple[str, ...] = ()
    cost: float | None = None


@dataclass(frozen=True)
class Problem:
    """All that the planner decides about. turnaround_s: least time between two contacts of one antenna;
    min_useful_s: no contact has fewer useful seconds; polarisation_switch_s: least time between contacts of unlike
    polarisation; max_slew_s: no answer of ``slew_s`` is longer.

    refused: passes that cannot be taken at all, with their reasons; they go through to the plan.
    """

    opportunities: tuple[Opportunity, ...]
    turnaround_s: float = 60.0
    min_useful_s: float = 120.0
    polarisation_switch_s: float = 0.0
    slew_s: SlewTime = no_slew
    max_slew_s: float = 0.0
    resources: tuple[Resource, ...] = ()
    quotas: tuple[Quota, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    refused: tuple[Rejected, ...] = ()

    def gap_s(self, first: Opportunity, end: datetime, second: Opportunity, start: datetime) -> float:
        """Least time from the end of a contact to the start of the next on the same antenna."""
        is_switched = first.polarisation != second.polarisation
        switch_s = self.polarisation_switch_s if is_switched else 0.0
        return max(self.turnaround_s, switch_s, self.slew_s(first, end, second, start))


@dataclass(frozen=True)
class Plan:
    """Contacts in order of start; every pass without one is in ``rejected``.

    objective: value of the contacts; bound: no plan is worth more; both equal: proven optimal. solve_s: wall-clock
    seconds. shortfalls: partners whose quota cannot be met, and by how many seconds.
    """

    contacts: tuple[Contact, ...]
    rejected: tuple[Rejected, ...]
    objective: float
    bound: float
    solve_s: float
    shortfalls: tuple[tuple[str, float], ...] = ()

    @property
    def gap(self) -> float:
        """How far the value may be from the optimum, relative to the bound."""
        return (self.bound - self.objective) / self.bound if self.bound > 0.0 else 0.0
