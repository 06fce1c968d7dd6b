# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's plan file: how a pass looks to the receiver, as JSON.

    {"sample_rate_hz": 33e6,
     "first_sample_time_ns": 1784686491887000000,
     "doppler": [{"start_sample": 0, "coefficients_hz": [180e3, -90.0]}, ...],
     "es_n0_db": [[0.0, 4.0], [300.0, 12.0], [600.0, 4.0]],
     "fades": [{"start_s": 12.0, "length_s": 0.5, "depth_db": 30.0}]}

Every key may be left out, but Doppler, which counts samples, needs the sample rate. Times are seconds since sample 0.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .plan import DopplerSegment
from .simulate import Fade
from .simulated_frames import SimulationError


@dataclass(frozen=True)
class SimulationPlan:
    """The file's content; the fields are those of SimulationSettings."""

    sample_rate_hz: float | None = None
    first_sample_time_ns: int | None = None
    doppler: tuple[DopplerSegment, ...] = ()
    es_n0_db: tuple[tuple[float, float], ...] = ()
    fades: tuple[Fade, ...] = ()


def load_simulation_plan(file: Path) -> SimulationPlan:
    """Reads and checks a plan. Raises SimulationError naming file, key and value."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulationError(f"{file}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SimulationError(f"{file}: not JSON: {error}") from error
    try:
        return _read(content)
    except _WrongEntryError as error:
        raise SimulationError(f"{file}: {error}") from error


class _WrongEntryError(Exception):
    """Where in the file, what is there, what may be there."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name}: {str(value)[:80]!r} found, allowed: {allowed}")


def _read(content: object) -> SimulationPlan:
    plan = _object("plan", content, {field.name for field in fields(SimulationPlan)}, set())
    rate = plan.get("sample_rate_hz")
    start = plan.get("first_sample_time_ns")
    doppler = []
    for name, entry in _entries("doppler", plan.get("doppler", [])):
        keys = {"start_sample", "coefficients_hz"}
        segment = _object(name, entry, keys, keys)
        coefficients = _numbers(f"{name}.coefficients_hz", segment["coefficients_hz"], 1, 6)
        doppler.append(DopplerSegment(_count(f"{name}.start_sample", segment["start_sample"]), coefficients))
    if doppler and rate is None:
        raise _WrongEntryError("sample_rate_hz", None, "hertz, because the Doppler segments count samples")
    points = []
    for name, entry in _entries("es_n0_db", plan.get("es_n0_db", [])):
        time_s, es_n0_db = _numbers(name, entry, 2, 2)
        points.append((time_s, es_n0_db))
    fades = []
    for name, entry in _entries("fades", plan.get("fades", [])):
        keys = {field.name for field in fields(Fade)}
        fade = _object(name, entry, keys, keys)
        fades.append(Fade(**{key: _number(f"{name}.{key}", fade[key]) for key in keys}))
    return SimulationPlan(
        sample_rate_hz=None if rate is None else _number("sample_rate_hz", rate),
        first_sample_time_ns=None if start is None else _count("first_sample_time_ns", start),
        doppler=tuple(doppler),
        es_n0_db=tuple(points),
        fades=tuple(fades),
    )


def _object(name: str, value: object, known: set[str], required: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongEntryError(name, value, "an object")
    for key in value:
        if key not in known:
            raise _WrongEntryError(name, key, f"the keys {', '.join(sorted(known))}")
    for key in sorted(required - value.keys()):
        raise _WrongEntryError(f"{name}.{key}", None, "a value; the key is missing")
    return value


def _entries(name: str, value: object) -> list[tuple[str, object]]:
    if not isinstance(value, list):
        raise _WrongEntryError(name, value, "a list")
    return [(f"{name}[{index}]", entry) for index, entry in enumerate(value)]


def _number(name: str, value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise _WrongEntryError(name, value, "a number")
    return float(value)


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _WrongEntryError(name, value, "a whole number, not negative")
    return value


def _numbers(name: str, value: object, least: int, most: int) -> tuple[float, ...]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise _WrongEntryError(
            name, value, f"a list of {least} to {most} numbers" if most > least else f"{least} numbers"
        )
    return tuple(_number(f"{name}[{index}]", entry) for index, entry in enumerate(value))
