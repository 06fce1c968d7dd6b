# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of ``xband bench antenna``: the keyhole, what a pass corrects, and the safety envelope."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from xband_station.antenna.mount import FloatArray, Mount, beamwidth_deg, pointing_loss_db
from xband_station.antenna.pointing import PointingModel
from xband_station.antenna.safety import TICK_S, SafetyEnvelope
from xband_station.antenna.track import LOST_BEYOND_DB
from xband_station.bench.antenna import DIAMETER_M, FREQUENCY_HZ, MOUNTS, Overhead, Simulation, Trouble, simulate
from xband_station.orbit.horizon import HorizonMask
from xband_station.tables import format_table

BEAM_DEG = beamwidth_deg(DIAMETER_M, FREQUENCY_HZ)
# Where the plan itself is off by more than this, an error is no surprise: the keyhole.
_KEYHOLE_DB = 0.1
_GOAL_BEAMWIDTHS = 0.1
_DISHES_AT_ONCE = 20_000
_TICKS = 60
_TICKS_A_WISH = 12
_SLACK = 1e-6


@dataclass(frozen=True)
class KeyholeRow:
    """One pass of one mount. Errors in beamwidths outside of the keyhole, true ones of the simulated dish."""

    mount: str
    altitude_km: float
    max_elevation_deg: float
    predicted_lost_s: float
    lost_s: float
    mean_error: float
    max_error: float
    plan_cpu_s: float


@dataclass(frozen=True)
class CorrectionRow:
    """One trouble. Errors in beamwidths: mean without correction, and with it from 60 s after AOS on, mean and largest;
    found_s: after AOS, when the error was last above a tenth (two tenths where the search adds its own step) in the
    first half of the pass."""

    trouble: str
    mean_before: float
    mean_after: float
    max_after: float
    found_s: float


@dataclass(frozen=True)
class EnvelopeRow:
    """Random dishes of one kind, and how many of their commands broke what."""

    mount: str
    tracks: int
    commands: int
    outside_limits: int
    below_mask: int
    too_fast: int
    too_abrupt: int


def run_keyhole() -> list[KeyholeRow]:
    passes = [(altitude_km, 89.9) for altitude_km in (500.0, 824.0)] + [(824.0, 60.0)]
    return [_keyhole(name, mount, *one) for one in passes for name, mount in MOUNTS.items()]


def _keyhole(name: str, mount: Mount, altitude_km: float, max_elevation_deg: float) -> KeyholeRow:
    simulation = simulate(Overhead(max_elevation_deg, altitude_km), mount)
    during = simulation.times_s >= 0.0
    error = simulation.error_deg[during] / BEAM_DEG
    planned_db = np.interp(simulation.times_s[during], simulation.track.offsets_s, simulation.track.loss_db)
    outside = error[planned_db < _KEYHOLE_DB]
    lost = pointing_loss_db(simulation.error_deg[during], BEAM_DEG) > LOST_BEYOND_DB
    return KeyholeRow(
        mount=name,
        altitude_km=altitude_km,
        max_elevation_deg=max_elevation_deg,
        predicted_lost_s=simulation.track.lost_s,
        lost_s=TICK_S * float(lost.sum()),
        mean_error=float(outside.mean()),
        max_error=float(outside.max()),
        plan_cpu_s=simulation.plan_cpu_s,
    )


def run_corrections() -> list[CorrectionRow]:
    misaligned = PointingModel(first_offset_deg=0.3)
    troubles = {
        "clock 60 ms late": Trouble(time_offset_s=0.06),
        "elements 3 days old, 1.2 s": Trouble(time_offset_s=1.2),
        "azimuth 0.3 degrees off": Trouble(misaligned=misaligned),
        "elevation 0.3 degrees off": Trouble(misaligned=PointingModel(second_offset_deg=0.3)),
        "1.2 s and azimuth 0.3 degrees": Trouble(time_offset_s=1.2, misaligned=misaligned),
    }
    return [_correction(name, trouble) for name, trouble in troubles.items()]


def _correction(name: str, trouble: Trouble) -> CorrectionRow:
    orbit, mount = Overhead(70.0), MOUNTS["az-el, overwind"]
    searches = trouble.misaligned != PointingModel()
    before = simulate(orbit, mount, trouble)
    after = simulate(orbit, mount, trouble, corrects_time=trouble.time_offset_s != 0.0, corrects_peak=searches)
    corrected = _during(after)
    late = corrected[600:]
    goal = _GOAL_BEAMWIDTHS + (_GOAL_BEAMWIDTHS if searches else 0.0)
    wrong = np.flatnonzero(corrected[: len(corrected) // 2] > goal)
    return CorrectionRow(
        trouble=name,
        mean_before=float(_during(before).mean()),
        mean_after=float(late.mean()),
        max_after=float(late.max()),
        found_s=TICK_S * float(wrong[-1] + 1 if wrong.size else 0),
    )


def _during(simulation: Simulation) -> FloatArray:
    result: FloatArray = simulation.error_deg[simulation.times_s >= 0.0] / BEAM_DEG
    return result


def run_envelope(tracks: int, seed: int, tell: Callable[[int], None] = lambda _: None) -> list[EnvelopeRow]:
    """Random tracks, jumps of operators, moves to park and stow, and faults (goals that stand still), of random dishes
    behind random hills; checked by differences of the commands. tell: gets the tracks that are done."""
    random = np.random.default_rng(seed)
    totals: dict[str, list[EnvelopeRow]] = {name: [] for name in MOUNTS}
    done = 0
    at_once = min(_DISHES_AT_ONCE, math.ceil(tracks / len(MOUNTS)))
    while done < tracks:
        for name, mount in MOUNTS.items():
            count = min(at_once, tracks - done)
            if count > 0:
                totals[name].append(_random_dishes(name, mount, count, random))
                done += count
                tell(done)
    return [_sum(rows) for rows in totals.values() if rows]


def _random_dishes(name: str, mount: Mount, count: int, random: np.random.Generator) -> EnvelopeRow:
    mask = HorizonMask(tuple(np.arange(0.0, 360.0, 10.0).tolist()), tuple(random.uniform(0.0, 30.0, 36).tolist()))
    envelope = SafetyEnvelope(mount, mask)
    low, high = mount.low_deg, mount.high_deg
    position = envelope.nearest(random.uniform(low - 50.0, high + 50.0, (count, 2)))
    rate = np.zeros_like(position)
    broken = np.zeros(4, dtype=np.int64)
    goal, drift = position, rate
    for tick in range(_TICKS):
        if tick % _TICKS_A_WISH == 0:
            goal, drift = _wishes(mount, position, random)
        new_position, new_rate = envelope.step(position, rate, goal, drift)
        goal = goal + drift * TICK_S
        moved = (new_position - position) / TICK_S
        azimuth_deg, elevation_deg = mount.to_sky(new_position)
        outside = ((new_position < low - _SLACK) | (new_position > high + _SLACK)).any(axis=1)
        below = elevation_deg < mask.elevation_deg(azimuth_deg) - _SLACK
        fast = (np.abs(moved) > mount.max_rate_deg_s + _SLACK).any(axis=1)
        abrupt = (np.abs(moved - rate) > mount.max_acceleration_deg_s2 * TICK_S + _SLACK).any(axis=1)
        broken += [int(kind.sum()) for kind in (outside, below, fast, abrupt)]
        position, rate = new_position, new_rate
    return EnvelopeRow(name, count, count * _TICKS, *broken.tolist())


def _wishes(mount: Mount, position: FloatArray, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A goal and its drift for each dish: half of them tracks, then jumps, park, stow and standing still."""
    count = len(position)
    kind = random.integers(0, 8, count)[:, None]
    jump = random.uniform(mount.low_deg - 20.0, mount.high_deg + 20.0, (count, 2))
    near = position + random.normal(0.0, 2.0, (count, 2))
    goal = np.select(
        [kind < 4, kind == 4, kind == 5, kind == 6],
        [near, jump, np.tile(mount.park.as_array(), (count, 1)), np.tile(mount.stow.as_array(), (count, 1))],
        position,
    )
    drift = np.where(kind < 4, random.uniform(-1.5, 1.5, (count, 2)) * mount.max_rate_deg_s, 0.0)
    return goal, drift


def _sum(rows: list[EnvelopeRow]) -> EnvelopeRow:
    numbers = np.array([list(asdict(row).values())[1:] for row in rows]).sum(axis=0)
    return EnvelopeRow(rows[0].mount, *numbers.tolist())


def tables(keyhole: list[KeyholeRow], corrections: list[CorrectionRow], envelope: list[EnvelopeRow]) -> str:
    parts = [
        format_table(
            ["mount", "orbit km", "top deg", "lost s predicted", "simulated", "mean error", "max", "plan CPU s"],
            [
                [
                    row.mount,
                    f"{row.altitude_km:.0f}",
                    f"{row.max_elevation_deg:g}",
                    f"{row.predicted_lost_s:.1f}",
                    f"{row.lost_s:.1f}",
                    f"{row.mean_error:.3f}",
                    f"{row.max_error:.3f}",
                    f"{row.plan_cpu_s:.2f}",
                ]
                for row in keyhole
            ],
        ),
        format_table(
            ["trouble", "mean error before", "after", "max after", "found after s"],
            [
                [
                    row.trouble,
                    *(f"{value:.3f}" for value in (row.mean_before, row.mean_after, row.max_after)),
                    f"{row.found_s:.1f}",
                ]
                for row in corrections
            ],
        ),
        format_table(
            ["mount", "tracks", "commands", "outside limits", "below mask", "too fast", "too abrupt"],
            [[str(value) for value in asdict(row).values()] for row in envelope],
        ),
        f"true errors in beamwidths ({BEAM_DEG:.3f} degrees, {DIAMETER_M} m); first table: outside of the keyhole",
    ]
    return "\n\n".join(parts)


def run(tracks: int, seed: int) -> tuple[list[KeyholeRow], list[CorrectionRow], list[EnvelopeRow], float]:
    """Everything, and the seconds it took."""
    began_s = time.monotonic()
    rows = run_keyhole(), run_corrections(), run_envelope(tracks, seed)
    return (*rows, time.monotonic() - began_s)
