# SPDX-License-Identifier: GPL-3.0-or-later
"""The first look at a signal: is the clock and the carrier that the search finds right, whatever the noise?"""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import product

import numpy as np

from xband_core import _core
from xband_core.mission import load_mission
from xband_station.bench import impairments
from xband_station.bench.scene import Conditions, make_scene
from xband_station.tables import format_table

MISSION = "suomi-npp"  # its waveform, the modulation changed
MODULATIONS = ("bpsk", "qpsk", "oqpsk")
ES_N0_DB = (2.0, 3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 25.0)
SAMPLES_PER_SYMBOL = (1.8, 2.0, 2.2, 3.1)
ROLLOFFS = (0.35, 0.5)
FRAMES = 3  # 24 576 symbols (BPSK: 49 152): the search looks at 16 384
MOST_LEAD_IN_S = 0.6e-3
# What the demodulator pulls in with nothing lost: a drift of 0.25 symbols over one stretch of 4096, and a tenth of what
# turns the fourth power of 16 symbols by half a cycle.
MOST_CLOCK_ERROR_PPM, MOST_OFFSET_ERROR_NORM = 60.0, 8e-4

Key = tuple[str, float]
NOTES = f"""\
Search errors: clock and carrier that the search finds first, against those sent. Wrong: clock off by more than
{MOST_CLOCK_ERROR_PPM:g} ppm or carrier by more than {MOST_OFFSET_ERROR_NORM:g} of the symbol rate.
Offset within +-10 %, clock within +-500 ppm (one signal in 8 at both limits), roll-off 0.35 or 0.5, 1.8 to 3.1
samples a symbol, up to 0.6 ms of noise ahead."""


@dataclass(frozen=True)
class Finding:
    """Errors of one search; None where nothing was found."""

    clock_error_ppm: float | None
    offset_error_norm: float | None

    @property
    def is_wrong(self) -> bool:
        if self.clock_error_ppm is None or self.offset_error_norm is None:
            return False
        return abs(self.clock_error_ppm) > MOST_CLOCK_ERROR_PPM or abs(self.offset_error_norm) > MOST_OFFSET_ERROR_NORM


@dataclass(frozen=True)
class Row:
    """All searches for a modulation at one Es/N0."""

    modulation: str
    es_n0_db: float
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, object]:
        clocks = [f.clock_error_ppm for f in self.findings if f.clock_error_ppm is not None]
        offsets = [f.offset_error_norm for f in self.findings if f.offset_error_norm is not None]
        return {
            "modulation": self.modulation,
            "es_n0_db": self.es_n0_db,
            "searches": len(self.findings),
            "not_found": len(self.findings) - len(clocks),
            "wrong": sum(f.is_wrong for f in self.findings),
            "clock_error_ppm_worst": float(np.max(np.abs(clocks), initial=0.0)),
            "offset_error_norm_worst": float(np.max(np.abs(offsets), initial=0.0)),
            "findings": [asdict(f) for f in self.findings],
        }


def submit(pool: ProcessPoolExecutor, searches: int, seed: int) -> list[tuple[Key, list[Future[Finding]]]]:
    """Starts so many searches for each modulation and Es/N0."""
    return [
        (key, [pool.submit(measure, *key, index, seed) for index in range(searches)])
        for key in product(MODULATIONS, ES_N0_DB)
    ]


def measure(modulation: str, es_n0_db: float, index: int, seed: int) -> Finding:
    rng = np.random.default_rng([seed, index, MODULATIONS.index(modulation)])
    offset_norm, clock = rng.uniform(-1.0, 1.0, 2) * (0.1, 500.0)
    if index % 8 == 0:
        offset_norm, clock = np.copysign(0.1, offset_norm), np.copysign(500.0, clock)
    shipped = load_mission(MISSION)
    shape = replace(shipped.modulation, kind=modulation, rolloff=float(rng.choice(ROLLOFFS)))
    mission = replace(shipped, modulation=shape)
    bits_per_symbol = 1 if modulation == "bpsk" else 2
    conditions = Conditions(
        es_n0_db - 10 * np.log10(bits_per_symbol / 2),  # the mission's code rate is 1/2
        samples_per_symbol=float(rng.choice(SAMPLES_PER_SYMBOL)),
        offset_hz=float(offset_norm * shape.symbol_rate_hz),
        clock_ppm=float(clock),
        lead_in_s=float(rng.uniform(0.0, MOST_LEAD_IN_S)),
        seed=seed * 1_000_003 + index,
    )
    scene = make_scene(mission, FRAMES, conditions)
    raw = impairments.quantise(scene.samples, "cs8")
    found = _core.find_signal(
        raw,
        modulation=modulation,
        sample_rate_hz=scene.sample_rate_hz,
        symbol_rate_hz=shape.symbol_rate_hz,
        rolloff=shape.rolloff,
    )
    if found is None:
        return Finding(None, None)
    offset_hz, clock_ppm = found
    return Finding(clock_ppm - conditions.clock_ppm, (offset_hz - conditions.offset_hz) / shape.symbol_rate_hz)


def table(rows: list[Row]) -> str:
    """For people: a line for each modulation and Es/N0."""
    header = ("search", "Es/N0", "signals", "not found", "wrong", "clock error, worst", "carrier error, worst")
    cells = []
    for f in (row.as_dict() for row in rows):
        counts = [str(f[key]) for key in ("searches", "not_found", "wrong")]
        worst = f"{f['clock_error_ppm_worst']:.1f} ppm", f"{f['offset_error_norm_worst']:.1e} Rs"
        cells.append((str(f["modulation"]), f"{f['es_n0_db']:g} dB", *counts, *worst))
    return format_table(header, cells)
