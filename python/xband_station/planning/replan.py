# SPDX-License-Identifier: GPL-3.0-or-later
"""A new plan when orbits, antennas or wishes have changed: what runs goes on, and what changed is stated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xband_station.planning.model import Contact, Plan, Problem, Wishes
from xband_station.planning.planner import make_plan

# New orbit data shift every pass a little; below this a contact counts as the same.
SAME_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Changes:
    """From one plan to another. moved: (before, after) of contacts of one pass and antenna at other times."""

    added: tuple[Contact, ...]
    removed: tuple[Contact, ...]
    moved: tuple[tuple[Contact, Contact], ...]
    value: float

    def sentences(self) -> list[str]:
        """For the operator, in order of time."""
        told = [
            *((one.start, f"new: {_named(one)}") for one in self.added),
            *((one.start, f"gone: {_named(one)}") for one in self.removed),
            *(
                (one.start, f"moved: {_named(one)}, now {two.start:%H:%M:%S} to {two.end:%H:%M:%S}")
                for one, two in self.moved
            ),
        ]
        return [sentence for _, sentence in sorted(told)] or ["nothing changes"]


def replan(problem: Problem, previous: Plan, now: datetime, time_limit_s: float = 60.0) -> tuple[Plan, Changes]:
    """The optimal plan that keeps every contact of ``previous`` that runs at ``now``, unless its antenna has failed.

    Raises PlanningError: what is pinned excludes itself.
    """
    out = problem.wishes.antennas_out
    running = tuple(
        contact
        for contact in previous.contacts
        if contact.start <= now < contact.end and contact.opportunity.antenna not in out
    )
    # The rest of a running pass is its contact's own, on this antenna.
    held = {(contact.opportunity.pass_id, contact.opportunity.antenna) for contact in running}
    others = tuple(one for one in problem.opportunities if (one.pass_id, one.antenna) not in held and one.los > now)
    ahead = tuple(replace(one, aos=max(one.aos, now)) for one in others)
    wishes: Wishes = replace(problem.wishes, kept=running)
    plan = make_plan(replace(problem, opportunities=ahead, wishes=wishes), time_limit_s)
    future = tuple(contact for contact in previous.contacts if contact.end > now)
    return plan, compare(replace(previous, contacts=future), plan)


def compare(before: Plan, after: Plan) -> Changes:
    """What differs; ``value`` is that of the contacts after, less those before."""
    old, new = _by_place(before), _by_place(after)
    added: list[Contact] = []
    removed: list[Contact] = []
    moved: list[tuple[Contact, Contact]] = []
    for place in sorted(old.keys() | new.keys()):
        mine, theirs = old.get(place, []), new.get(place, [])
        for one, two in zip(mine, theirs, strict=False):
            if abs(one.start - two.start) > SAME_WITHIN or abs(one.end - two.end) > SAME_WITHIN:
                moved.append((one, two))
        removed += mine[len(theirs) :]
        added += theirs[len(mine) :]
    value = sum(c.value for c in after.contacts) - sum(c.value for c in before.contacts)
    return Changes(tuple(added), tuple(removed), tuple(moved), value)


def _by_place(plan: Plan) -> dict[tuple[str, str], list[Contact]]:
    """Contacts by pass and antenna, in order of time."""
    found: dict[tuple[str, str], list[Contact]] = {}
    for contact in plan.contacts:
        found.setdefault((contact.opportunity.pass_id, contact.opportunity.antenna), []).append(contact)
    return found


def _named(contact: Contact) -> str:
    one = contact.opportunity
    return f"{one.satellite} on {one.antenna}, {contact.start:%m-%d %H:%M:%S} to {contact.end:%H:%M:%S}"
