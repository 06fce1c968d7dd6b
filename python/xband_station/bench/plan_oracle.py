# SPDX-License-Identifier: GPL-3.0-or-later
"""The best plan by trying everything, second by second. Exact, slow, and without a line of the planner.

A dynamic programme over whole seconds: each antenna is idle (since when, after which polarisation) or tracks a pass
(since when). All times must be whole numbers and small. Imports nothing of ours (tests/arch/test_plan_peers.py) but
the records of the validator.
"""

from __future__ import annotations

import functools
import itertools

from xband_station.bench.plan_validator import Rules, Window

# (index of the window or -1, seconds in this state up to what matters, polarisation of the last contact)
_State = tuple[int, int, str]
_FRESH: _State = (-1, 1_000_000, "")


def best_value(rules: Rules) -> float:
    """The value of the best plan: no quotas and no resource that is used up; slews count as turnaround."""
    windows = rules.windows
    antennas = sorted({window.antenna for window in windows})
    end_s = max((int(window.end_s) for window in windows), default=0)
    least_s, pause_s = int(rules.min_useful_s), int(max(rules.turnaround_s, rules.switch_s))

    def moves(state: _State, antenna: str, second: int) -> list[_State]:
        """What an antenna can do in the second that begins now."""
        index, since_s, polarisation = state
        found: list[_State] = []
        if index >= 0:
            if second < windows[index].end_s:
                found.append((index, min(since_s + 1, least_s), polarisation))
            if since_s < least_s:
                return found
            state = (-1, 0, polarisation)
            since_s = 0
        found.append((-1, min(since_s + 1, pause_s), polarisation))
        for number, window in enumerate(windows):
            if window.antenna != antenna or not window.begin_s <= second < window.end_s:
                continue
            needed_s = rules.switch_s if polarisation and polarisation != window.polarisation else 0.0
            if not polarisation or since_s >= max(rules.turnaround_s, needed_s):
                found.append((number, 1, window.polarisation))
        return found

    def is_allowed(states: tuple[_State, ...]) -> bool:
        running: list[Window] = [windows[index] for index, _, _ in states if index >= 0]
        if len({window.pass_id for window in running}) < len(running):
            return False
        return all(
            sum(dict(window.needs).get(resource, 0.0) for window in running) <= capacity
            for resource, capacity in rules.at_a_time
        )

    @functools.cache
    def best(second: int, states: tuple[_State, ...]) -> float:
        if second >= end_s:
            return 0.0 if all(index < 0 or since_s >= least_s for index, since_s, _ in states) else float("-inf")
        options = itertools.product(*(moves(s, a, second) for s, a in zip(states, antennas, strict=True)))
        return max(
            (
                sum(windows[index].worth_per_s for index, _, _ in after if index >= 0) + best(second + 1, after)
                for after in options
                if is_allowed(after)
            ),
            default=float("-inf"),
        )

    return best(0, (_FRESH,) * len(antennas))
