# SPDX-License-Identifier: GPL-3.0-or-later
"""Random planning problems, small enough to try every plan, and rich enough for every kind of limit.

The problem is written in the validator's terms and translated for the planner, so that the check never reads what the
planner made of it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from xband_station.bench.plan_validator import Partner, Refused, Rules, Taken, Window, faults
from xband_station.planning.model import (
    Cause,
    Contact,
    Demand,
    Opportunity,
    Plan,
    Problem,
    Quota,
    Resource,
    Wishes,
)
from xband_station.planning.planner import make_plan

_BASE = datetime(2026, 7, 22, tzinfo=UTC)


def slew_s(first: Window, end_s: float, second: Window, start_s: float) -> float:
    """An antenna that turns to where each satellite is: a made-up direction that moves with time."""
    return abs(_direction(first.satellite, end_s) - _direction(second.satellite, start_s)) / 3.0


MAX_SLEW_S = 120.0 / 3.0
# Some of these problems are knapsacks without end; whether the plan is allowed does not wait for its proof.
TIME_LIMIT_S = 0.3


def _direction(satellite: str, time_s: float) -> float:
    return 60.0 + 60.0 * math.sin(time_s / 300.0 + sum(map(ord, satellite)))


def tiny_rules(seed: int, antennas: int = 1) -> Rules:
    """Whole seconds, for the oracle: passes, turnaround, polarisation and one shared resource."""
    rng = random.Random(seed)
    windows = []
    for number in range(rng.randint(2, 6 if antennas == 1 else 4)):
        begin_s, length_s = rng.randint(0, 14), rng.randint(2, 9)
        worth, polarisation = rng.choice([1, 1, 2, 3, 5]), rng.choice("RL")
        for antenna in range(antennas):
            if antennas == 1 or rng.random() > 0.2:
                windows.append(
                    Window(
                        f"s{number}",
                        f"p{number}",
                        f"a{antenna}",
                        begin_s,
                        begin_s + length_s,
                        worth,
                        polarisation=polarisation,
                        needs=(("converter", 1.0),),
                    )
                )
    return Rules(
        turnaround_s=rng.randint(0, 2),
        min_useful_s=rng.randint(1, 3),
        switch_s=rng.choice([0, 0, 3]),
        at_a_time=(("converter", rng.choice([1.0, 2.0])),),
        windows=tuple(windows),
    )


def random_rules(seed: int) -> Rules:
    """Some hours of a busy station, with every kind of limit, some of which cannot be kept."""
    rng = random.Random(seed)
    names = [f"antenna-{k}" for k in range(rng.choice([1, 2, 2, 3]))]
    partners = ["north", "south", ""]
    kinds = {}
    for number in range(rng.randint(2, 6)):
        needs = (("converter", 1.0), ("cpu", rng.choice([0.2, 0.6, 1.1])), ("disk", rng.choice([1.0, 4.0])))
        kinds[f"SAT {number}"] = (rng.choice(partners), rng.choice("RL"), needs, rng.choice([1, 2, 4, 8, 8.5]))
    windows = []
    for satellite, (partner, polarisation, needs, worth) in kinds.items():
        for orbit in range(rng.randint(1, 2)):
            begin_s = rng.uniform(0, 1200) + 5800 * orbit
            length_s = rng.uniform(60, 800)
            for name in names:
                if rng.random() < 0.15:
                    continue
                begin = round(begin_s + rng.uniform(0, 20), 3)
                end = round(begin_s + length_s - rng.uniform(0, 20), 3)
                holes: tuple[tuple[float, float], ...] = ()
                if rng.random() < 0.15 and end - begin > 300:
                    holes = ((round(begin + 100, 3), round(begin + 100 + rng.uniform(5, 150), 3)),)
                windows.append(
                    Window(
                        satellite, f"{satellite}#{orbit}", name, begin, end, worth, partner, polarisation, needs, holes
                    )
                )
    passes = sorted({window.pass_id for window in windows})
    return Rules(
        turnaround_s=rng.choice([0.0, 30.0, 60.0]),
        min_useful_s=rng.choice([60.0, 120.0, 180.0]),
        switch_s=rng.choice([0.0, 90.0]),
        slew_s=slew_s if rng.random() < 0.5 else lambda *_: 0.0,
        at_a_time=(("converter", rng.choice([1.0, 2.0])), ("cpu", rng.choice([1.0, 1.9, 9.0]))),
        in_total=(("disk", rng.choice([1500.0, 4000.0, 1e6])),),
        partners=tuple(
            Partner(name, *rng.choice([(0.0, 1e9, 0.0, 1.0), (600.0, 1e9, 0.0, 1.0), (0.0, 900.0, 0.2, 0.6)]))
            for name in ("north", "south")
            if rng.random() < 0.6
        ),
        forbidden=frozenset(rng.sample(passes, k=rng.randint(0, min(1, len(passes)))))
        | frozenset({"SAT 2"} if rng.random() < 0.1 else ()),
        out=frozenset(rng.sample(names, k=1) if rng.random() < 0.1 else ()),
        windows=tuple(windows),
    )


def to_problem(rules: Rules) -> Problem:
    """The same problem as the planner knows it."""
    has_slews = rules.slew_s is slew_s
    by_key = {(window.pass_id, window.antenna): window for window in rules.windows}

    def slew(first: Opportunity, end: datetime, second: Opportunity, start: datetime) -> float:
        one, two = (by_key[o.pass_id, o.antenna] for o in (first, second))
        return rules.slew_s(one, _seconds(end), two, _seconds(start))

    passes = {window.pass_id for window in rules.windows}
    return Problem(
        opportunities=tuple(_opportunity(window) for window in rules.windows),
        turnaround_s=rules.turnaround_s,
        min_useful_s=rules.min_useful_s,
        polarisation_switch_s=rules.switch_s,
        slew_s=slew,
        max_slew_s=MAX_SLEW_S if has_slews else 0.0,
        resources=(
            *(Resource(name, capacity) for name, capacity in rules.at_a_time),
            *(Resource(name, capacity, is_used_up=True) for name, capacity in rules.in_total),
        ),
        quotas=tuple(Quota(p.name, p.min_s, p.max_s, p.min_share, p.max_share) for p in rules.partners),
        wishes=Wishes(
            pinned=rules.pinned,
            forbidden=rules.forbidden & passes,
            forbidden_satellites=rules.forbidden - passes,
            antennas_out=rules.out,
        ),
    )


def check(rules: Rules, plan: Plan) -> Iterator[str]:
    """What the validator has against a plan."""
    by_key = {(window.pass_id, window.antenna): window for window in rules.windows}
    missing_s = dict(plan.shortfalls)
    admitted = tuple(
        Partner(p.name, p.min_s, p.max_s, p.min_share, p.max_share, missing_s.get(p.name, 0.0)) for p in rules.partners
    )
    known = Rules(**{**vars(rules), "partners": admitted})
    taken = [_taken(by_key[c.opportunity.pass_id, c.opportunity.antenna], c) for c in plan.contacts]
    refused = [
        Refused(r.opportunity.pass_id, r.reason, r.conflicts_with, r.cause is Cause.CONFLICT) for r in plan.rejected
    ]
    return faults(known, taken, refused, plan.objective, plan.bound)


def faults_of(seed: int) -> list[str]:
    """Plans one random problem; what is wrong with the plan."""
    rules = random_rules(seed)
    plan = make_plan(to_problem(rules), time_limit_s=TIME_LIMIT_S)
    return [f"seed {seed}: {fault}" for fault in check(rules, plan)]


def _taken(window: Window, contact: Contact) -> Taken:
    return Taken(contact.contact_id, window, _seconds(contact.start), _seconds(contact.end))


def _opportunity(window: Window) -> Opportunity:
    return Opportunity(
        satellite=window.satellite,
        antenna=window.antenna,
        pass_id=window.pass_id,
        aos=_time(window.begin_s),
        los=_time(window.end_s),
        value_per_s=window.worth_per_s,
        partner=window.partner,
        polarisation=window.polarisation,
        demands=tuple(Demand(name, amount) for name, amount in window.needs),
        holes=tuple((_time(begin_s), _time(end_s)) for begin_s, end_s in window.holes),
    )


def _time(seconds: float) -> datetime:
    return _BASE + timedelta(seconds=seconds)


def _seconds(time: datetime) -> float:
    return (time - _BASE).total_seconds()
