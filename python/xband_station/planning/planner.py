# SPDX-License-Identifier: GPL-3.0-or-later
"""From a problem to a plan in which every pass is taken or has a stated reason why not."""

from __future__ import annotations

import dataclasses
import time

from xband_station.planning.model import Cause, Contact, Plan, Problem, Rejected
from xband_station.planning.reasons import explain
from xband_station.planning.solver import Solver


def make_plan(problem: Problem, time_limit_s: float = 60.0, costs_within_s: float = 0.0) -> Plan:
    """The optimal plan.

    time_limit_s: after it the best plan so far is taken, and ``bound`` tells how much better one could still be.
    costs_within_s: time to work out what each refused pass would cost; those that do not fit into it stay without.
    Raises PlanningError: what is pinned or already runs cannot be taken together.
    """
    solver = Solver(problem, time_limit_s)
    taken = [solver.columns.contact(int(column)) for column in solver.choice.taken.nonzero()[0]]
    contacts = tuple(sorted(_united(taken), key=lambda c: (c.start, c.opportunity.antenna)))
    objective = sum(contact.value for contact in contacts)
    rejected = explain(problem, contacts)
    if costs_within_s > 0.0:
        rejected = _with_costs(solver, rejected, objective, costs_within_s)
    # Rounding to whole milliseconds may put the sum of a proven optimum a hair above the solver's.
    bound = max(solver.choice.bound, objective)
    return Plan(contacts, rejected, objective, bound, solver.solve_s, solver.choice.shortfalls)


def _united(contacts: list[Contact]) -> list[Contact]:
    """One contact instead of two with nothing but a hole between them, if nobody else wants anything in it."""
    united: list[Contact] = []
    for contact in sorted(contacts, key=lambda c: (c.opportunity.antenna, c.start)):
        before = united[-1] if united else None
        if before and before.opportunity == contact.opportunity:
            hole = (before.end, contact.start)
            has_company = any(other.start < hole[1] and other.end > hole[0] for other in contacts)
            if hole in contact.opportunity.holes and not has_company:
                united[-1] = Contact(contact.opportunity, before.start, contact.end)
                continue
        united.append(contact)
    return united


def _with_costs(
    solver: Solver, rejected: tuple[Rejected, ...], objective: float, within_s: float
) -> tuple[Rejected, ...]:
    deadline_s = time.monotonic() + within_s
    found = []
    for one in rejected:
        left_s = deadline_s - time.monotonic()
        if one.cause in (Cause.CONFLICT, Cause.RESOURCE, Cause.QUOTA) and left_s > 0.0:
            value = solver.value_with(one.opportunity.pass_id, left_s)
            if value is not None:
                one = dataclasses.replace(one, cost=max(0.0, objective - value))
        found.append(one)
    return tuple(found)
