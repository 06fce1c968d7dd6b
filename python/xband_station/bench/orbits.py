# SPDX-License-Identifier: GPL-3.0-or-later
"""How far elements of a given age miss the satellite, from catalogues of many days.

Each set of a satellite is propagated to the epoch of every later one and compared with it there. Both are wrong by some
hundred metres themselves, and where the satellite has manoeuvred between them the difference says so, not the age.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from xband_core.errors import XbandError
from xband_station.orbit.age import along_track_error_km, circular_limits, mean_altitude_km
from xband_station.orbit.elements import ElementSet
from xband_station.orbit.frames import FloatArray
from xband_station.orbit.orbit_file import load_orbit_file
from xband_station.tables import format_table

ALTITUDES_KM = (0.0, 450.0, 550.0, 650.0, 750.0, 900.0, 1400.0)
AGES_DAYS = (0.2, 0.7, 1.3, 2.3, 3.5, 5.0, 8.0, 12.0)
# Fewer pairs say nothing about one in five.
_MIN_PAIRS = 10
_SPEED_KM_S = 7.5
_CIRCULAR_KM = (450.0, 500.0, 600.0, 705.0, 824.0)
_DAYS = (1, 2, 3, 7)
# Half-power beamwidths at 8.2 GHz, degrees.
_DISHES = {"2.4 m": 1.07, "5 m": 0.51}


@dataclass(frozen=True)
class Row:
    """One class of altitude and age: errors along the track of that many pairs, and what age.py expects."""

    altitude_km: tuple[float, float]
    age_days: float
    pairs: int
    median_km: float
    four_of_five_km: float
    worst_km: float
    expected_km: float


@dataclass(frozen=True)
class _Miss:
    altitude_km: float
    age_days: float
    along_track_km: float


def run(folder: Path) -> list[Row]:
    """Reads every .tle file below the folder. Raises XbandError: there are none, or a file is wrong."""
    files = sorted(folder.rglob("*.tle"))
    if not files:
        raise XbandError(f"{folder}: no .tle file here; give the folder with --data")
    misses = [miss for sets in _by_satellite(files).values() for miss in _misses(sets)]
    table = np.array([(miss.altitude_km, miss.age_days, abs(miss.along_track_km)) for miss in misses])
    rows = []
    for low_km, high_km in itertools.pairwise(ALTITUDES_KM):
        for low_days, high_days in itertools.pairwise(AGES_DAYS):
            chosen = (table[:, 0] >= low_km) & (table[:, 0] < high_km)
            chosen &= (table[:, 1] >= low_days) & (table[:, 1] < high_days)
            if chosen.sum() >= _MIN_PAIRS:
                rows.append(_row((low_km, high_km), table[chosen]))
    return rows


def table(rows: list[Row]) -> str:
    """For people."""
    heading = ["altitude km", "age d", "pairs", "median km", "4 of 5 km", "worst km", "expected km", "expected s"]
    return format_table(
        heading,
        [
            [
                f"{row.altitude_km[0]:.0f}-{row.altitude_km[1]:.0f}",
                f"{row.age_days:.1f}",
                str(row.pairs),
                f"{row.median_km:.2f}",
                f"{row.four_of_five_km:.2f}",
                f"{row.worst_km:.0f}",
                f"{row.expected_km:.2f}",
                f"{row.expected_km / _SPEED_KM_S:.2f}",
            ]
            for row in rows
        ],
    )


def limits_table() -> str:
    """What age.py makes of it: expected errors of circular orbits, and the age at which a dish is warned of them."""
    rows = []
    for altitude_km in _CIRCULAR_KM:
        errors_km = [along_track_error_km(altitude_km, days * 86400.0) for days in _DAYS]
        limits = [circular_limits(altitude_km, beamwidth_deg) for beamwidth_deg in _DISHES.values()]
        rows.append(
            [
                f"{altitude_km:.0f}",
                *(f"{error_km:.1f} km, {error_km / _SPEED_KM_S:.2f} s" for error_km in errors_km),
                *(f"{each.nominal_h:.0f}, {each.warning_h:.0f}, {each.alarm_h:.0f} h" for each in limits),
            ]
        )
    heading = ["circular, km", *(f"{days} d" for days in _DAYS), *(f"limits, {dish}" for dish in _DISHES)]
    return format_table(heading, rows)


def plot(file: Path, rows: list[Row]) -> None:
    """The same as a picture: measured points, expected lines."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, band in enumerate(sorted({row.altitude_km for row in rows})):
        chosen = [row for row in rows if row.altitude_km == band]
        days = [row.age_days for row in chosen]
        label = f"{band[0]:.0f} to {band[1]:.0f} km"
        axes.plot(days, [row.four_of_five_km for row in chosen], "o", color=f"C{number}", label=label)
        axes.plot(days, [row.expected_km for row in chosen], "-", color=f"C{number}")
    axes.set(xlabel="age of the elements, days", ylabel="error along the track, km", yscale="log")
    axes.set_title("Four of five sets are better than this (points: measured, lines: expected)")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=110)


def _by_satellite(files: list[Path]) -> dict[str, list[ElementSet]]:
    """Every set once, in order of epoch."""
    found: dict[str, dict[datetime, ElementSet]] = {}
    for file in files:
        for orbit in load_orbit_file(file):
            if isinstance(orbit, ElementSet):
                found.setdefault(orbit.norad_cat_id, {})[orbit.epoch_utc] = orbit
    return {identifier: [sets[epoch] for epoch in sorted(sets)] for identifier, sets in found.items()}


def _misses(sets: list[ElementSet]) -> Iterator[_Miss]:
    for older, newer in itertools.combinations(sets, 2):
        age_s = older.age_s(newer.epoch_utc)
        error, predicted_km, _ = older.satrec().sgp4_tsince(age_s / 60.0)
        _, true_km, velocity_km_s = newer.satrec().sgp4_tsince(0.0)
        if error:
            continue  # decayed before: no error along any track
        along = np.array(velocity_km_s) / np.linalg.norm(velocity_km_s)
        miss_km = float(np.dot(np.array(predicted_km) - np.array(true_km), along))
        yield _Miss(mean_altitude_km(newer), age_s / 86400.0, miss_km)


def _row(band_km: tuple[float, float], misses: FloatArray) -> Row:
    age_days = float(np.median(misses[:, 1]))
    return Row(
        altitude_km=band_km,
        age_days=age_days,
        pairs=len(misses),
        median_km=float(np.median(misses[:, 2])),
        four_of_five_km=float(np.percentile(misses[:, 2], 80.0)),
        worst_km=float(misses[:, 2].max()),
        expected_km=along_track_error_km(float(np.median(misses[:, 0])), age_days * 86400.0),
    )
