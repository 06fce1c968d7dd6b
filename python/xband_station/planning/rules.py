# SPDX-License-Identifier: GPL-3.0-or-later
"""Simple rules: passes one after another, whole, as long as they fit. The fallback, and a measure for the optimum.

first-come: in order of AOS; highest: in order of elevation (SatDump's rule); priority: by value of a second, then
elevation; value: by value of the whole pass. They keep turnarounds, slews and shared resources, and know no quotas.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from xband_station.planning.model import Contact, Opportunity, Plan, Problem
from xband_station.planning.reasons import explain

Order = Callable[[Opportunity], tuple[object, ...]]

RULES: dict[str, Order] = {
    "first-come": lambda one: (one.aos, one.antenna),
    "highest elevation": lambda one: (-one.max_elevation_deg, one.aos, one.antenna),
    "priority first": lambda one: (-one.value_per_s, -one.max_elevation_deg, one.aos, one.antenna),
    "greedy value": lambda one: (-one.value, one.aos, one.antenna),
}


def plan_by_priority(problem: Problem) -> Plan:
    """The plan of a station whose planner failed."""
    return plan_by_rule(problem, RULES["priority first"])


def plan_by_rule(problem: Problem, order: Order) -> Plan:
    """Takes whole passes in that order. ``bound`` is what all passes together would be worth: nothing is proven."""
    began_s = time.monotonic()
    contacts = list(problem.wishes.kept)
    for one in sorted(_allowed(problem), key=order):
        contact = Contact(one, one.aos, one.los)
        if not any(_clash(problem, contact, other) for other in contacts) and _has_resources(
            problem, contact, contacts
        ):
            contacts.append(contact)
    ordered = tuple(sorted(contacts, key=lambda contact: contact.start))
    bound = sum({one.pass_id: one.value for one in problem.opportunities}.values())
    objective = sum(contact.value for contact in ordered)
    solve_s = time.monotonic() - began_s
    return Plan(ordered, explain(problem, ordered), objective, max(bound, objective), solve_s)


def _allowed(problem: Problem) -> list[Opportunity]:
    return [
        one for one in problem.opportunities if one.duration_s >= problem.min_useful_s and problem.wishes.allow(one)
    ]


def _clash(problem: Problem, one: Contact, other: Contact) -> bool:
    first, second = (one, other) if one.start <= other.start else (other, one)
    if one.opportunity.pass_id == other.opportunity.pass_id:
        return True
    if one.opportunity.antenna != other.opportunity.antenna:
        return False
    pause_s = (second.start - first.end).total_seconds()
    return pause_s < problem.gap_s(first.opportunity, first.end, second.opportunity, second.start)


def _has_resources(problem: Problem, one: Contact, contacts: list[Contact]) -> bool:
    """Whether all resources suffice for the contact together with those at the same time, or with all."""
    beside = [other for other in contacts if other.start < one.end and other.end > one.start]
    for resource in problem.resources:
        used = sum(
            sum(demand.amount for demand in contact.opportunity.demands if demand.resource == resource.name)
            * (contact.duration_s if resource.is_used_up else 1.0)
            for contact in (one, *(contacts if resource.is_used_up else beside))
        )
        if used > resource.capacity:
            return False
    return True
