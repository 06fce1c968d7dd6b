# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a plan as rows of a matrix over candidate contacts.

All that can happen at one antenna at one instant stands in one row ("at most one of these"): the maximal cliques of
the conflict graph, not its pairs. For intervals on one antenna the solver's linear relaxation is then already
whole-numbered (a matrix of consecutive ones is totally unimodular), and the search has next to nothing to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from xband_station.planning.columns import Columns, FloatArray, IntArray
from xband_station.planning.model import Problem, Quota

# Gaps and overlaps shorter than this come from rounding.
EPSILON_S = 1e-5


class Rows:
    """Rows ``low <= sum(coefficient * x) <= high``, with the name of the limit they keep."""

    def __init__(self) -> None:
        self._columns: list[IntArray] = []
        self._coefficients: list[FloatArray] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def __len__(self) -> int:
        return len(self.low)

    def add(self, columns: IntArray, coefficients: FloatArray, low: float, high: float) -> None:
        self._columns.append(columns)
        self._coefficients.append(coefficients)
        self.low.append(low)
        self.high.append(high)

    def at_most_one(self, columns: IntArray) -> None:
        self.add(columns, np.ones(len(columns)), -np.inf, 1.0)

    def matrix(self, width: int) -> csr_matrix:
        ends = np.cumsum([0, *(len(columns) for columns in self._columns)])
        columns = np.concatenate([np.zeros(0, dtype=np.int64), *self._columns])
        coefficients = np.concatenate([np.zeros(0), *self._coefficients])
        return csr_matrix((coefficients, columns, ends), shape=(len(self.low), width))


def local_rows(problem: Problem, columns: Columns) -> Rows:
    """Limits that tie contacts near each other in time: antennas, joined passes, resources at a time, pins."""
    rows = Rows()
    antenna = np.array([one.antenna for one in columns.opportunities])[columns.opportunity]
    for name in dict.fromkeys(antenna.tolist()):
        members = np.flatnonzero(antenna == name)
        for clique in _cliques(members, columns.start_s[members], columns.end_s[members] + problem.turnaround_s):
            rows.at_most_one(clique)
        if max(problem.polarisation_switch_s, problem.max_slew_s) > problem.turnaround_s:
            _add_slews(rows, problem, columns, members)
    passes = _grouped([one.pass_id for one in columns.opportunities], columns.opportunity)
    for pass_id, members in passes.items():
        for clique in _cliques(members, columns.start_s[members], columns.end_s[members]):
            rows.at_most_one(clique)
        if pass_id in problem.wishes.pinned:
            rows.add(members, np.ones(len(members)), 1.0, np.inf)
    for resource in problem.resources:
        if not resource.is_used_up:
            demand = demand_of(columns, resource.name)
            members = np.flatnonzero(demand > 0.0)
            for clique in _cliques(members, columns.start_s[members], columns.end_s[members]):
                if _most(demand[clique], antenna[clique].tolist()) > resource.capacity:
                    rows.add(clique, demand[clique], -np.inf, resource.capacity)
    return rows


def global_rows(problem: Problem, columns: Columns) -> Rows:
    """Limits over the whole plan: what is used up, and the quotas."""
    rows = Rows()
    everything = np.arange(len(columns))
    for resource in problem.resources:
        used = demand_of(columns, resource.name) * columns.duration_s
        if resource.is_used_up and used.any():
            rows.add(everything, used, -np.inf, resource.capacity)
    for quota in problem.quotas:
        for coefficients, low, high in quota_rows(quota, columns):
            rows.add(everything, coefficients, low, high)
    return rows


def quota_rows(quota: Quota, columns: Columns) -> Iterator[tuple[FloatArray, float, float]]:
    """Coefficients, lower and upper limit; lower limits come first."""
    partners = np.array([one.partner == quota.partner for one in columns.opportunities], dtype=bool)
    own = columns.duration_s * (partners[columns.opportunity] if len(columns) else 0.0)
    if quota.min_s > 0.0:
        yield own, quota.min_s, np.inf
    if quota.min_share > 0.0:
        yield own - quota.min_share * columns.duration_s, 0.0, np.inf
    if np.isfinite(quota.max_s):
        yield own, -np.inf, quota.max_s
    if quota.max_share < 1.0:
        yield own - quota.max_share * columns.duration_s, -np.inf, 0.0


def demand_of(columns: Columns, resource: str) -> FloatArray:
    """What each column takes of a resource."""
    amounts = np.array(
        [sum(d.amount for d in one.demands if d.resource == resource) for one in columns.opportunities], dtype=float
    )
    return amounts[columns.opportunity] if len(columns) else np.zeros(0)


def _grouped(keys: Sequence[str], owner: IntArray) -> dict[str, IntArray]:
    """Columns by the key of their opportunity."""
    numbers: dict[str, int] = {}
    of_opportunity = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    if not len(owner):
        return {}
    of_column = of_opportunity[owner]
    order = np.argsort(of_column, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(of_column[order])) + 1)
    names = list(numbers)
    return {names[of_column[piece[0]]]: piece for piece in pieces}


def _cliques(members: IntArray, start_s: FloatArray, end_s: FloatArray) -> Iterator[IntArray]:
    """The maximal sets of columns that share an instant; single ones are left out, they limit nothing.

    A set is maximal just before the first end that follows a start.
    """
    if not len(members):
        return
    moments = np.concatenate([end_s - EPSILON_S, start_s])
    is_start = np.repeat([0, 1], len(members))
    active: set[int] = set()
    has_grown = False
    for event in np.lexsort((is_start, moments)).tolist():
        if is_start[event]:
            active.add(event - len(members))
            has_grown = True
            continue
        if has_grown and len(active) > 1:
            yield members[np.fromiter(active, dtype=np.int64, count=len(active))]
        has_grown = False
        active.discard(event)


def _most(demand: FloatArray, antenna: Sequence[str]) -> float:
    """The most that these columns can take at once: one contact per antenna."""
    most: dict[str, float] = defaultdict(float)
    for amount, name in zip(demand.tolist(), antenna, strict=True):
        most[name] = max(most[name], amount)
    return sum(most.values())


def _add_slews(rows: Rows, problem: Problem, columns: Columns, members: IntArray) -> None:
    """Pairs of contacts that the turnaround allows and the antenna cannot reach in time.

    All columns with the same end of the same opportunity fare alike, and so do all with the same start.
    """
    reach_s = max(problem.polarisation_switch_s, problem.max_slew_s)
    leaving = _moments(members, columns.opportunity, columns.end_s)
    coming = sorted(_moments(members, columns.opportunity, columns.start_s).items(), key=lambda item: item[0][1])
    start_times = np.array([start_s for (_, start_s), _ in coming])
    for (first, end_s), before in leaving.items():
        low, high = np.searchsorted(
            start_times, [end_s + problem.turnaround_s - EPSILON_S, end_s + reach_s - EPSILON_S]
        )
        late = [item for item in coming[low:high] if _is_unreachable(problem, columns, first, end_s, *item[0])]
        if not late:
            continue
        # Columns that begin within the least length of each other overlap: they fit into one row.
        if late[-1][0][1] - late[0][0][1] < problem.min_useful_s + problem.turnaround_s - EPSILON_S:
            rows.at_most_one(np.unique(np.concatenate([before, *(after for _, after in late)])))
        else:
            for _, after in late:
                rows.at_most_one(np.unique(np.concatenate([before, after])))


def _moments(members: IntArray, owner: IntArray, times: FloatArray) -> dict[tuple[int, float], IntArray]:
    found: dict[tuple[int, float], list[int]] = defaultdict(list)
    for column in members.tolist():
        found[int(owner[column]), float(times[column])].append(column)
    return {key: np.array(value, dtype=np.int64) for key, value in found.items()}


def _is_unreachable(problem: Problem, columns: Columns, first: int, end_s: float, second: int, start_s: float) -> bool:
    one, two = columns.opportunities[first], columns.opportunities[second]
    gap_s = problem.gap_s(one, columns.time(end_s), two, columns.time(start_s))
    return start_s < end_s + gap_s - EPSILON_S
