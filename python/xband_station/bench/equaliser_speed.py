# SPDX-License-Identifier: GPL-3.0-or-later
"""What the equaliser costs while it works: the demodulator's speed behind an echo, without it and with it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np

from xband_core import _core
from xband_core.channel_response import ChannelResponse, Echo
from xband_station.bench.reception import Bytes
from xband_station.tables import format_table

MODULATIONS = ("qpsk", "oqpsk")
PATH = ChannelResponse(echoes=(Echo(1.3, -6.0, 60.0),))
SAMPLES_PER_SYMBOL, ROLLOFF, ES_N0_DB = 2.2, 0.5, 6.0
SYMBOLS = 3_000_000
BEFORE = 0.4  # of the samples, not timed: the taps settle
ROUNDS = 3


@dataclass(frozen=True)
class Speed:
    """Msym per CPU-second of one core, search left out."""

    modulation: str
    off: float
    auto: float
    is_active: bool

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def run(seed: int) -> list[Speed]:
    """Both modes in turn, each the best of three."""
    rows = []
    for modulation in MODULATIONS:
        settings = {
            "modulation": modulation,
            "sample_rate_hz": SAMPLES_PER_SYMBOL,
            "symbol_rate_hz": 1.0,
            "rolloff": ROLLOFF,
            "iq_format": "cs8",
        }
        taps = PATH.taps(SAMPLES_PER_SYMBOL, ROLLOFF).tolist()
        simulator = _core.SignalSimulator(**settings, es_n0=[(0.0, ES_N0_DB)], path=taps, seed=seed)
        simulator.push_bits(np.random.default_rng(seed).integers(0, 2, 2 * SYMBOLS, dtype=np.uint8))
        simulator.flush()
        samples = simulator.pull(simulator.available())
        found = [(_rate(settings, samples, "off"), _rate(settings, samples, "auto")) for _ in range(ROUNDS)]
        rows.append(
            Speed(
                modulation,
                max(off for (off, _), _ in found),
                max(auto for _, (auto, _) in found),
                all(is_active for _, (_, is_active) in found),
            )
        )
    return rows


def _rate(settings: dict[str, object], samples: Bytes, mode: str) -> tuple[float, bool]:
    demodulator = _core.PskDemodulator(**settings, equaliser=mode)
    border = int(BEFORE * len(samples)) // 2 * 2
    demodulator.push(samples[:border])
    demodulator.pull()
    symbols, began_s = demodulator.stats()["symbols"], time.process_time()
    demodulator.push(samples[border:])
    spent_s = time.process_time() - began_s
    stats = demodulator.stats()
    return (stats["symbols"] - symbols) / spent_s / 1e6, stats["is_equaliser_active"]


def table(rows: list[Speed]) -> str:
    header = ("Msym per CPU-second behind two rays, -6 dB", "off", "auto", "share", "active")
    cells = [
        (row.modulation, f"{row.off:.1f}", f"{row.auto:.1f}", f"{row.auto / row.off:.2f}", str(row.is_active))
        for row in rows
    ]
    return format_table(header, cells)
