# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimal plan, by mixed-integer programming (HiGHS, as scipy brings it).

Where no opportunity crosses an instant, the plan falls into parts that are solved by themselves. Limits over the whole
plan (quotas, disk) are first left out: if the parts together keep them, nothing is lost and the plan is optimal;
otherwise all is solved in one. A quota that no plan can meet is missed by as little as possible, and that is stated.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, hstack, vstack

from xband_core.errors import XbandError
from xband_station.planning.columns import Columns, FloatArray, IntArray, make_columns
from xband_station.planning.model import Problem
from xband_station.planning.rows import EPSILON_S, Rows, global_rows, local_rows

_TIME_LIMIT = 1  # status of scipy's milp
_BATCH_LEN = 300
# What a contact costs in itself: too little to change a plan's value, enough that of plans of equal value the one with
# fewer contacts and hand-overs is taken. The bound is right to this for each contact.
_TROUBLE_S = 1e-4
# Supplies and quotas are knapsacks: proving their last digits takes hours. The plan states its bound.
_GAP_AT_ONCE = 1e-4
# Sums of seconds are compared with limits to this.
_TOLERANCE = 1e-6


class PlanningError(XbandError):
    """What is pinned, or already runs, cannot be taken together."""


class _ImpossibleError(PlanningError):
    """No choice keeps all limits."""


class _NoTimeError(PlanningError):
    """No choice was found within the time limit."""


@dataclass(frozen=True)
class Choice:
    """Which columns are taken, the value of the best plan that could still exist, and missed quotas in seconds."""

    taken: npt.NDArray[np.bool_]
    bound: float
    shortfalls: tuple[tuple[str, float], ...] = ()


class Solver:
    """One problem in front of HiGHS: solved once, then asked what a pass would cost.

    Raises PlanningError: no plan has all that is pinned or already runs.
    """

    def __init__(self, problem: Problem, time_limit_s: float = 60.0) -> None:
        began_s = time.monotonic()
        self.problem = problem
        self.columns = make_columns(problem)
        self._deadline_s = began_s + time_limit_s
        local = local_rows(problem, self.columns)
        self._over_all = global_rows(problem, self.columns)
        self._limits = _Limits(local.matrix(len(self.columns)), np.array(local.low), np.array(local.high))
        self._parts = _parts(self.columns, self._limits.matrix)
        missing = problem.wishes.pinned - {one.pass_id for one in self.columns.opportunities}
        if missing:
            raise PlanningError(f"pinned, but not among the passes that can be taken: {', '.join(sorted(missing))}")
        self._is_in_parts = True
        self.choice = self._choose()
        self.solve_s = time.monotonic() - began_s

    def value_with(self, pass_id: str, time_limit_s: float) -> float | None:
        """Value of the best plan that has this pass; None: there is none, or it was not found in time."""
        self._deadline_s = time.monotonic() + time_limit_s
        of_pass = np.array([one.pass_id == pass_id for one in self.columns.opportunities])[self.columns.opportunity]
        members = np.flatnonzero(of_pass)
        if not len(members):
            return None
        if not self._is_in_parts:
            return self._best_with(np.arange(len(self.columns)), self._all_limits(), members)
        touched = [part for part in self._parts if np.isin(part, members).any()]
        part = np.concatenate(touched)
        best = self._best_with(part, self._limits.of(part), members)
        if best is None:
            return None
        others = self.choice.taken.copy()
        others[part] = False
        return best + float(self.columns.value[others].sum())

    def _best_with(self, part: IntArray, limits: _Limits, members: IntArray) -> float | None:
        forced = limits.and_one_of(np.isin(part, members))
        try:
            taken, _ = self._maximise(part, forced)
        except PlanningError:
            return None
        return float(self.columns.value[part][taken].sum())

    def _choose(self) -> Choice:
        taken = np.zeros(len(self.columns), dtype=bool)
        if not len(taken):
            return Choice(taken, 0.0, _name_shortfalls(self.problem, self.columns, taken))
        bound = 0.0
        for part in _batches(self._parts):
            limits = self._limits.of(part)
            try:
                taken[part], part_bound = self._maximise(part, limits)
            except _NoTimeError:
                taken[part], part_bound = self._take_in_turn(part, limits), self._most_of(part)
            bound += part_bound
        if _keeps(self._over_all, taken):
            return Choice(taken, bound)
        self._is_in_parts = False
        choice = self._choose_at_once()
        return Choice(choice.taken, min(bound, choice.bound), choice.shortfalls)

    def _all_limits(self) -> _Limits:
        rows = self._over_all
        matrix = vstack([self._limits.matrix, rows.matrix(len(self.columns))], format="csr")
        return _Limits(matrix, np.append(self._limits.low, rows.low), np.append(self._limits.high, rows.high))

    def _choose_at_once(self) -> Choice:
        """With the limits over the whole plan; lower ones are missed by as little as possible."""
        limits, everything = self._all_limits(), np.arange(len(self.columns))
        floors = np.flatnonzero(np.isfinite(np.array(self._over_all.low))) + len(self._limits.low)
        try:
            try:
                return Choice(*self._maximise(everything, limits))
            except _ImpossibleError:
                if not len(floors):
                    raise
            limits.low[floors] -= self._least_missing(limits, floors) + _TOLERANCE
            taken, bound = self._maximise(everything, limits)
        except _NoTimeError:
            # Better a plan that is far from the optimum, and says so, than none.
            taken, bound = self._take_in_turn(everything, limits), np.inf
        return Choice(taken, bound, _name_shortfalls(self.problem, self.columns, taken))

    def _most_of(self, part: IntArray) -> float:
        """What all opportunities of a part would be worth together: no plan of it is worth more."""
        most = np.zeros(len(self.columns.opportunities))
        np.maximum.at(most, self.columns.opportunity[part], self.columns.value[part])
        return float(most.sum())

    def _take_in_turn(self, part: IntArray, limits: _Limits) -> npt.NDArray[np.bool_]:
        """Contacts in order of value as long as no upper limit is broken; lower ones may be missed."""
        by_column = limits.matrix.tocsc()
        taken = self.columns.is_kept[part].copy()
        used = limits.matrix @ taken.astype(float)
        for column in np.argsort(-self.columns.value[part], kind="stable"):
            rows = slice(by_column.indptr[column], by_column.indptr[column + 1])
            after = used[by_column.indices[rows]] + by_column.data[rows]
            if not taken[column] and np.all(after <= limits.high[by_column.indices[rows]] + _TOLERANCE):
                used[by_column.indices[rows]] = after
                taken[column] = True
        return taken

    def _least_missing(self, limits: _Limits, floors: IntArray) -> FloatArray:
        """By how much each lower limit has to give way so that the sum of all is least."""
        width = len(self.columns)
        slack = csr_matrix((np.ones(len(floors)), (floors, np.arange(len(floors)))), (len(limits.low), len(floors)))
        result = milp(
            np.repeat([0.0, 1.0], [width, len(floors)]),
            constraints=LinearConstraint(hstack([limits.matrix, slack], format="csr"), limits.low, limits.high),
            integrality=np.repeat([1, 0], [width, len(floors)]),
            bounds=Bounds(
                np.append(self.columns.is_kept.astype(float), np.zeros(len(floors))),
                np.repeat([1.0, np.inf], [width, len(floors)]),
            ),
            options={"time_limit": self._time_left_s(), "presolve": False},
        )
        if result.x is None:
            raise (_NoTimeError if result.status == _TIME_LIMIT else _ImpossibleError)(self._contradiction())
        missing: FloatArray = np.maximum(result.x[width:], 0.0)
        return missing

    def _maximise(self, part: IntArray, limits: _Limits) -> tuple[npt.NDArray[np.bool_], float]:
        """The best 0-1 choice and the bound. Raises PlanningError: there is none, or none was found in time."""
        value, is_kept = self.columns.value[part], self.columns.is_kept[part]
        rate = value / np.maximum(self.columns.duration_s[part], 1e-9)
        trouble = _TROUBLE_S * rate
        if not len(limits.low):
            taken = (value > 0.0) | is_kept
            return taken, float(value[taken].sum())
        result = milp(
            trouble - value,
            constraints=LinearConstraint(limits.matrix, limits.low, limits.high),
            integrality=np.ones(len(value)),
            bounds=Bounds(is_kept.astype(float), np.ones(len(value))),
            options={
                "time_limit": self._time_left_s(),
                "mip_rel_gap": 0.0 if self._is_in_parts else _GAP_AT_ONCE,
                # Cliques leave nothing for presolve to find, and HiGHS 1.2 forgets the time limit in it.
                "presolve": False,
            },
        )
        if result.x is None:
            if result.status == _TIME_LIMIT:
                raise _NoTimeError("no plan was found within the time limit")
            raise _ImpossibleError(self._contradiction())
        taken = result.x > 0.5
        objective = float(value[taken].sum())
        if result.mip_dual_bound is None:
            return taken, objective
        return taken, max(objective, float(trouble[taken].sum()) - float(result.mip_dual_bound))

    def _time_left_s(self) -> float:
        # HiGHS takes no zero; a tenth of a second gives at least its own quick heuristics.
        return max(0.1, self._deadline_s - time.monotonic())

    def _contradiction(self) -> str:
        wishes = self.problem.wishes
        named = ", ".join([*sorted(wishes.pinned), *(kept.contact_id for kept in wishes.kept)])
        return f"these cannot all be taken: {named}" if named else "the limits of resources leave no plan"


@dataclass(frozen=True)
class _Limits:
    """``low <= matrix x <= high``."""

    matrix: csr_matrix
    low: FloatArray
    high: FloatArray

    def of(self, part: IntArray) -> _Limits:
        """Only some columns, and the rows that have them."""
        piece = self.matrix[:, part]
        used = np.flatnonzero(np.diff(piece.indptr))
        return _Limits(piece[used], self.low[used], self.high[used])

    def and_one_of(self, is_member: npt.NDArray[np.bool_]) -> _Limits:
        row = csr_matrix(is_member.astype(float)[None, :])
        matrix = vstack([self.matrix, row], format="csr")
        return _Limits(matrix, np.append(self.low, 1.0), np.append(self.high, np.inf))


def _parts(columns: Columns, matrix: csr_matrix) -> list[IntArray]:
    """Columns that no row ties together fall apart in order of time: a part ends where no row spans on."""
    order = np.argsort(columns.start_s, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    reach = np.arange(len(order))
    places = place[matrix.indices]
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled):
        first = np.minimum.reduceat(places, matrix.indptr[filled])
        last = np.maximum.reduceat(places, matrix.indptr[filled])
        np.maximum.at(reach, first, last)
    ends = np.flatnonzero(np.maximum.accumulate(reach) == np.arange(len(order)))
    return [part for part in np.split(order, ends + 1) if len(part)]


def _batches(parts: list[IntArray]) -> Iterator[IntArray]:
    """Small parts together: starting the solver takes as long as solving some hundred columns."""
    batch: list[IntArray] = []
    for part in parts:
        batch.append(part)
        if sum(map(len, batch)) >= _BATCH_LEN:
            yield np.concatenate(batch)
            batch = []
    if batch:
        yield np.concatenate(batch)


def _keeps(rows: Rows, taken: npt.NDArray[np.bool_]) -> bool:
    if not len(rows):
        return True
    sums = rows.matrix(len(taken)) @ taken.astype(float)
    return bool(np.all(sums >= np.array(rows.low) - _TOLERANCE) and np.all(sums <= np.array(rows.high) + _TOLERANCE))


def _name_shortfalls(problem: Problem, columns: Columns, taken: npt.NDArray[np.bool_]) -> tuple[tuple[str, float], ...]:
    """Seconds by which each partner's plan stays below its quota."""
    found = []
    planned_s = float(columns.duration_s[taken].sum())
    for quota in problem.quotas:
        own_s = sum(
            float(columns.duration_s[column])
            for column in np.flatnonzero(taken)
            if columns.owner(column).partner == quota.partner
        )
        missing_s = max(quota.min_s, quota.min_share * planned_s) - own_s
        if missing_s > EPSILON_S:
            found.append((quota.partner, missing_s))
    return tuple(found)
