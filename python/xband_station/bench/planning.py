# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner proves, how fast, and what it wins over the usual rules, on real orbits and on random problems."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xband_core.errors import XbandError
from xband_station.bench.plan_oracle import best_value
from xband_station.bench.random_plans import faults_of, tiny_rules, to_problem
from xband_station.orbit.catalogue import Catalogue
from xband_station.orbit.elements import ElementSet
from xband_station.orbit.geometry import Site
from xband_station.orbit.passes import find_passes
from xband_station.planning.model import Opportunity, Problem
from xband_station.planning.planner import make_plan
from xband_station.planning.rules import RULES, plan_by_rule
from xband_station.planning.solver import Solver
from xband_station.tables import format_table

ALMATY = Site(43.222, 76.929, 850.0)
START = datetime(2026, 7, 22, tzinfo=UTC)
DAYS = 7
# Weights of a minute, as a station's priorities might be.
_WEIGHTS = (1, 2, 3, 5, 8)
# A satellite that is up for hours is another kind of problem than those that pass.
_MAX_PERIOD_S = 7200.0
_SCENES = ((14, 1, 10.0), (40, 1, 5.0), (40, 2, 5.0), (80, 2, 5.0))

CONDITIONS = (
    f"{DAYS} days from {START:%Y-%m-%d} at Almaty, 60 s turnaround, contacts of 180 s and more; satellites of the\n"
    "orbit file and weights 1, 2, 3, 5, 8 a minute drawn at random. Rules: share of the optimum that they get, taking\n"
    "whole passes in turn."
)


@dataclass(frozen=True)
class Row:
    """One scene. value: of the optimal plan; cpu_s, solve_s: of it; share: of the optimum, by rule."""

    satellites: int
    antennas: int
    floor_deg: float
    passes: int
    in_conflict: float
    value: float
    gap: float
    solve_s: float
    cpu_s: float
    trimmed: int
    joined: int
    share: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Trial:
    """Random problems: how many, the faults that the validator found, and how the optimum compares with brute force."""

    plans: int
    faults: list[str]
    tiny: int
    differing: int
    tiny_two: int
    differing_two: int
    value_share_two: float


def run(orbits: Path, seed: int, tell: Callable[[str], None] = lambda _: None) -> list[Row]:
    """All scenes. Raises XbandError: the orbit file cannot be read or has too few satellites."""
    catalogue = Catalogue.from_files([orbits])
    low = sorted(
        (one for one in catalogue if isinstance(one, ElementSet) and one.period_s < _MAX_PERIOD_S),
        key=lambda one: one.norad_cat_id,
    )
    rows = []
    for satellites, antennas, floor_deg in _SCENES:
        if satellites > len(low):
            raise XbandError(f"{orbits}: {len(low)} satellites in low orbits, {satellites} are needed")
        rng = random.Random(seed)
        chosen = rng.sample(low, satellites)
        weights = {one.norad_cat_id: rng.choice(_WEIGHTS) for one in chosen}
        end = START + timedelta(days=DAYS)
        passes = [p for one in chosen for p in find_passes(one, ALMATY, START, end, floor_deg)]
        opportunities = tuple(
            Opportunity(
                satellite=p.satellite,
                antenna=f"antenna {number + 1}",
                pass_id=f"{p.aos:%d%H%M%S}-{p.norad_cat_id}",
                aos=_whole_ms(p.aos),
                los=_whole_ms(p.los),
                value_per_s=weights[p.norad_cat_id] / 60.0,
                max_elevation_deg=p.max_elevation_deg,
            )
            for p in passes
            if p.aos and p.los
            for number in range(antennas)
        )
        rows.append(_row(Problem(opportunities, 60.0, 180.0), satellites, antennas, floor_deg))
        tell(f"{satellites} satellites, {antennas} antennas: {rows[-1].solve_s:.2f} s")
    return rows


def _row(problem: Problem, satellites: int, antennas: int, floor_deg: float) -> Row:
    began_s = time.process_time()
    plan = make_plan(problem)
    cpu_s = time.process_time() - began_s
    taken = [contact.opportunity.pass_id for contact in plan.contacts]
    first = [one for one in problem.opportunities if one.antenna == problem.opportunities[0].antenna]
    return Row(
        satellites=satellites,
        antennas=antennas,
        floor_deg=floor_deg,
        passes=len(first),
        in_conflict=_share_in_conflict(first, problem.turnaround_s),
        value=plan.objective,
        gap=plan.gap,
        solve_s=plan.solve_s,
        cpu_s=cpu_s,
        trimmed=sum(contact.is_trimmed for contact in plan.contacts),
        joined=len(taken) - len(set(taken)),
        share={name: plan_by_rule(problem, order).objective / plan.objective for name, order in RULES.items()},
    )


def _share_in_conflict(passes: list[Opportunity], turnaround_s: float) -> float:
    """Of the passes that overlap with another, turnaround included."""
    turnaround = timedelta(seconds=turnaround_s)
    ordered = sorted(passes, key=lambda one: one.aos)
    met = set()
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if other.aos >= one.los + turnaround:
                break
            met |= {one.pass_id, other.pass_id}
    return len(met) / len(ordered) if ordered else 0.0


def try_random(plans: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> Trial:
    """So many plans through the validator, and as many tiny problems (a tenth with two antennas) by brute force."""
    faults: list[str] = []
    for number in range(plans):
        faults += faults_of(seed * 1_000_000 + number)
        if number % 1000 == 999:
            tell(f"{number + 1} plans, {len(faults)} faults")
    differing = sum(_misses(seed * 1_000_000 + number, 1)[0] for number in range(plans))
    two = [_misses(seed * 1_000_000 + number, 2) for number in range(plans // 10)]
    value, best = sum(v for _, v, _ in two), sum(b for _, _, b in two)
    return Trial(plans, faults, plans, differing, len(two), sum(m for m, _, _ in two), value / best if best else 1.0)


def _misses(seed: int, antennas: int) -> tuple[bool, float, float]:
    """Whether the planner's optimum differs from brute force; both values."""
    rules = tiny_rules(seed, antennas)
    solver = Solver(to_problem(rules))
    value = float(solver.columns.value[solver.choice.taken].sum())
    best = best_value(rules)
    return abs(value - best) > 1e-6, value, best


def table(rows: list[Row]) -> str:
    """For people."""
    names = list(RULES)
    header = ["satellites", "antennas", "floor", "passes", "conflict", "trimmed", "joined", "gap", "s", *names]
    lines = [
        [
            str(row.satellites),
            str(row.antennas),
            f"{row.floor_deg:g} deg",
            str(row.passes),
            f"{row.in_conflict:.0%}",
            str(row.trimmed),
            str(row.joined),
            f"{row.gap:.0e}" if row.gap > 1e-9 else "0",
            f"{row.solve_s:.2f}",
            *(f"{row.share[name]:.1%}" for name in names),
        ]
        for row in rows
    ]
    return f"{format_table(header, lines)}\n{CONDITIONS}"


def describe(trial: Trial) -> str:
    """For people."""
    lines = [
        f"{trial.plans} random plans: {len(trial.faults)} faults found by the independent validator",
        f"{trial.tiny} tiny problems with one antenna: {trial.differing} differ from brute force over every second",
        f"{trial.tiny_two} with two antennas: {trial.differing_two} differ; {trial.value_share_two:.3%} of the value",
    ]
    return "\n".join([*lines, *trial.faults[:20]])


def _whole_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
