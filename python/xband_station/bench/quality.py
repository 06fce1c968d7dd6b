# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband bench quality``: Es/N0 and EVM as the demodulator tells them beside what the simulator sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xband_core import _core
from xband_station.tables import format_table

MODULATIONS = ("bpsk", "qpsk", "oqpsk")
ES_N0_DB = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0)
SYMBOL_RATE_HZ = 15e6
CONDITIONS: dict[str, Any] = {
    "symbol_rate_hz": SYMBOL_RATE_HZ,
    "samples_per_symbol": 2.2,
    "rolloff": 0.5,
    "iq_format": "cs16",
    "frequency_offset_hz": 120e3,
    "frequency_ramp_hz_s": 5e3,
    "linewidth_hz": 100.0,
    "clock_error_ppm": 20.0,
}
_SYMBOLS = 1_000_000
# The clock settles first; the very last stretch is a short one.
_SETTLING_STRETCHES, _STRETCHES_AT_END = 24, 2
_ES_N0_FIELD, _EVM_FIELD = 3, 4


@dataclass(frozen=True)
class Point:
    """One modulation at one Es/N0. scatter_db: standard deviation of the readings, one each 4096 symbols."""

    modulation: str
    es_n0_db: float
    measured_db: float
    scatter_db: float
    evm_percent: float
    stretches_unknown: int

    @property
    def bias_db(self) -> float:
        """Mean reading less what was sent."""
        return self.measured_db - self.es_n0_db

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "bias_db": self.bias_db}


def run(seed: int, es_n0_db: Iterable[float] = ES_N0_DB, symbols: int = _SYMBOLS) -> list[Point]:
    """All modulations at all points, in order."""
    return [measure(kind, value, seed, symbols) for kind in MODULATIONS for value in es_n0_db]


def measure(modulation: str, es_n0_db: float, seed: int, symbols: int = _SYMBOLS) -> Point:
    """Random symbols through simulator and demodulator."""
    marks = _marks(modulation, es_n0_db, seed, symbols)[_SETTLING_STRETCHES:-_STRETCHES_AT_END]
    readings = marks[:, _ES_N0_FIELD]
    return Point(
        modulation,
        es_n0_db,
        round(float(np.nanmean(readings)), 3),
        round(float(np.nanstd(readings)), 3),
        round(float(np.nanmean(marks[:, _EVM_FIELD])), 2),
        int(np.isnan(readings).sum()),
    )


def _marks(modulation: str, es_n0_db: float, seed: int, symbols: int) -> npt.NDArray[np.float64]:
    conditions = dict(CONDITIONS)
    sample_rate_hz = conditions.pop("samples_per_symbol") * SYMBOL_RATE_HZ
    simulator = _core.SignalSimulator(
        modulation=modulation, sample_rate_hz=sample_rate_hz, es_n0=[(0.0, es_n0_db)], seed=seed, **conditions
    )
    demodulator = _core.PskDemodulator(
        modulation=modulation,
        sample_rate_hz=sample_rate_hz,
        symbol_rate_hz=SYMBOL_RATE_HZ,
        rolloff=conditions["rolloff"],
        iq_format=conditions["iq_format"],
    )
    rails = 1 if modulation == "bpsk" else 2
    simulator.push_bits(np.random.default_rng(seed).integers(0, 2, symbols * rails, dtype=np.uint8))
    simulator.flush()
    marks: list[tuple[float, ...]] = []
    while simulator.available():
        demodulator.push(simulator.pull(min(simulator.available(), 1 << 18)))
        demodulator.pull()
        marks += demodulator.pull_marks().tolist()
    return np.array(marks, np.float64)


def table(points: Iterable[Point]) -> str:
    """For people."""
    rows = [
        (
            point.modulation,
            f"{point.es_n0_db:.0f}",
            f"{point.measured_db:.2f}",
            f"{point.bias_db:+.2f}",
            f"{point.scatter_db:.2f}",
            f"{point.evm_percent:.1f}",
            f"{100 * 10 ** (-point.es_n0_db / 20):.1f}",
        )
        for point in points
    ]
    header = ("modulation", "Es/N0 dB", "measured", "bias", "scatter", "EVM %", "without decision errors")
    return format_table(header, rows)
