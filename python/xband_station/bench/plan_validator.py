# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a plan allowed? A second opinion that shares no code with the planner: plain seconds, every pair looked at.

Keep it that way: this file imports nothing of ours (tests/arch/test_plan_peers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Times may be rounded to milliseconds, and their sums over a plan.
SLOP_S = 0.0021
QUOTA_SLOP_S = 0.5


@dataclass(frozen=True)
class Window:
    """When an antenna could take a pass. needs: amount by resource."""

    satellite: str
    pass_id: str
    antenna: str
    begin_s: float
    end_s: float
    worth_per_s: float = 1.0
    partner: str = ""
    polarisation: str = ""
    needs: tuple[tuple[str, float], ...] = ()
    holes: tuple[tuple[float, float], ...] = ()

    def useful_s(self, begin_s: float, end_s: float) -> float:
        return end_s - begin_s - sum(max(0.0, min(b, end_s) - max(a, begin_s)) for a, b in self.holes)


@dataclass(frozen=True)
class Taken:
    """A contact: part of a window."""

    name: str
    window: Window
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Refused:
    """A pass that is not taken, with the contacts that are said to be in its way."""

    pass_id: str
    reason: str
    in_its_way: tuple[str, ...]
    is_conflict: bool


@dataclass(frozen=True)
class Partner:
    name: str
    min_s: float = 0.0
    max_s: float = float("inf")
    min_share: float = 0.0
    max_share: float = 1.0
    missing_s: float = 0.0  # what the plan admits to be missing


@dataclass(frozen=True)
class Rules:
    """slew_s: from a window at a time to another window at a time, on one antenna."""

    turnaround_s: float
    min_useful_s: float
    switch_s: float = 0.0
    slew_s: Callable[[Window, float, Window, float], float] = lambda *_: 0.0
    at_a_time: tuple[tuple[str, float], ...] = ()
    in_total: tuple[tuple[str, float], ...] = ()
    partners: tuple[Partner, ...] = ()
    forbidden: frozenset[str] = frozenset()
    out: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()
    windows: tuple[Window, ...] = field(default=(), repr=False)


def faults(rules: Rules, plan: list[Taken], refused: list[Refused], objective: float, bound: float) -> Iterator[str]:
    """Everything that is wrong with a plan, in sentences."""
    yield from _single(rules, plan)
    yield from _pairs(rules, plan)
    yield from _resources(rules, plan)
    yield from _quotas(rules, plan)
    yield from _account(rules, plan, refused)
    worth = sum(t.window.worth_per_s * t.window.useful_s(t.begin_s, t.end_s) for t in plan)
    if abs(worth - objective) > 1e-6 * max(1.0, worth) + 0.01:
        yield f"objective {objective} is not the value {worth} of the contacts"
    if bound < objective - 1e-6 * max(1.0, worth):
        yield f"bound {bound} is below the objective {objective}"


def _single(rules: Rules, plan: list[Taken]) -> Iterator[str]:
    for one in plan:
        window = one.window
        if window not in rules.windows:
            yield f"{one.name}: no such opportunity"
        if one.begin_s < window.begin_s - SLOP_S or one.end_s > window.end_s + SLOP_S:
            yield f"{one.name}: outside its pass"
        if window.useful_s(one.begin_s, one.end_s) < rules.min_useful_s - SLOP_S:
            yield f"{one.name}: shorter than useful"
        if window.pass_id in rules.forbidden or window.satellite in rules.forbidden:
            yield f"{one.name}: forbidden"
        if window.antenna in rules.out:
            yield f"{one.name}: its antenna is out of service"
    for pass_id in rules.pinned - {one.window.pass_id for one in plan}:
        yield f"{pass_id}: pinned, not taken"


def _pairs(rules: Rules, plan: list[Taken]) -> Iterator[str]:
    for place, one in enumerate(plan):
        for two in plan[place + 1 :]:
            first, second = (one, two) if one.begin_s <= two.begin_s else (two, one)
            pause_s = second.begin_s - first.end_s
            if first.window.pass_id == second.window.pass_id and pause_s < -SLOP_S:
                yield f"{first.name} and {second.name}: the same pass twice at a time"
            if first.window.antenna != second.window.antenna:
                continue
            needed_s = max(
                rules.turnaround_s,
                rules.switch_s if first.window.polarisation != second.window.polarisation else 0.0,
                rules.slew_s(first.window, first.end_s, second.window, second.begin_s),
            )
            if pause_s < needed_s - SLOP_S:
                yield f"{first.name} and {second.name}: {pause_s:.3f} s between them, {needed_s:.3f} s needed"


def _resources(rules: Rules, plan: list[Taken]) -> Iterator[str]:
    for resource, capacity in rules.at_a_time:
        # Use only grows where a contact begins.
        for instant_s in {one.begin_s for one in plan}:
            running = [
                one for one in plan if one.begin_s <= instant_s + SLOP_S and instant_s + SLOP_S < one.end_s - SLOP_S
            ]
            used = sum(dict(one.window.needs).get(resource, 0.0) for one in running)
            if used > capacity + 1e-6:
                yield f"{resource}: {used} of {capacity} in use at {instant_s}"
    for resource, capacity in rules.in_total:
        used = sum(dict(o.window.needs).get(resource, 0.0) * o.window.useful_s(o.begin_s, o.end_s) for o in plan)
        if used > capacity * (1.0 + 1e-6) + 1e-6:
            yield f"{resource}: {used} of {capacity} used up"


def _quotas(rules: Rules, plan: list[Taken]) -> Iterator[str]:
    total_s = sum(one.window.useful_s(one.begin_s, one.end_s) for one in plan)
    for partner in rules.partners:
        own_s = sum(o.window.useful_s(o.begin_s, o.end_s) for o in plan if o.window.partner == partner.name)
        if own_s < max(partner.min_s, partner.min_share * total_s) - partner.missing_s - QUOTA_SLOP_S:
            yield f"{partner.name}: {own_s:.1f} s are below the quota"
        if own_s > min(partner.max_s, partner.max_share * total_s) + QUOTA_SLOP_S:
            yield f"{partner.name}: {own_s:.1f} s are above the quota"


def _account(rules: Rules, plan: list[Taken], refused: list[Refused]) -> Iterator[str]:
    """Every pass is taken or refused with a reason, and what is said to be in the way is."""
    taken, told = {one.window.pass_id for one in plan}, {one.pass_id for one in refused}
    for pass_id in {window.pass_id for window in rules.windows} - taken - told:
        yield f"{pass_id}: neither taken nor refused"
    for pass_id in taken & told:
        yield f"{pass_id}: taken and refused"
    by_name = {one.name: one for one in plan}
    if len(by_name) != len(plan):
        yield "two contacts have the same name"
    for one in refused:
        if not one.reason:
            yield f"{one.pass_id}: refused without a reason"
        if one.is_conflict and not one.in_its_way:
            yield f"{one.pass_id}: a conflict with nothing"
        windows = [window for window in rules.windows if window.pass_id == one.pass_id]
        for name in one.in_its_way:
            rival = by_name.get(name)
            if rival is None:
                yield f"{one.pass_id}: in conflict with {name}, which is not in the plan"
            elif not any(_meet(rules, window, rival) for window in windows):
                yield f"{one.pass_id}: in conflict with {name}, which is elsewhere"


def _meet(rules: Rules, window: Window, rival: Taken) -> bool:
    """Whether the contact touches the window, with all pauses that may lie between."""
    if window.antenna == rival.window.antenna:
        reach_s = max(
            rules.turnaround_s,
            rules.switch_s,
            rules.slew_s(rival.window, rival.end_s, window, max(rival.end_s, window.begin_s)),
            rules.slew_s(window, min(window.end_s, rival.begin_s), rival.window, rival.begin_s),
        )
    else:
        reach_s = 0.0
    return window.begin_s < rival.end_s + reach_s + SLOP_S and rival.begin_s < window.end_s + reach_s + SLOP_S
