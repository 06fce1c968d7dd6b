# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the demodulator takes recordings wider than the signal: input samples a CPU-second, best of several.

Run as ``PYTHONPATH=build/python python3 tests/perf/bench_wide.py``. Only the last row has decimation.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from xband_core import _core
from xband_core.mission import Mission, load_mission
from xband_core.simulate import SimulationSettings, make_simulator

ROUNDS = 5
SECONDS = 0.25
RECORDINGS = (
    ("suomi-npp", 33e6),
    ("suomi-npp", 66e6),
    ("suomi-npp", 100e6),
    ("suomi-npp", 240e6),
    ("metop-ahrpt-class", 100e6),
)


def demodulate(mission: Mission, rate_hz: float, samples: npt.NDArray[np.uint8]) -> float:
    """CPU seconds for all samples, the search for the signal left out: the first tenth is not timed."""
    demodulator = _core.PskDemodulator(**mission.demodulator_config(rate_hz, "cs8"))
    warm = len(samples) // 20 * 2
    demodulator.push(samples[:warm])
    demodulator.pull()
    begin = time.process_time()
    for at in range(warm, len(samples), 1 << 18):
        demodulator.push(samples[at : at + (1 << 18)])
        demodulator.pull()
    return (time.process_time() - begin) * len(samples) / (len(samples) - warm)


def main() -> None:
    """Prints one row a recording."""
    print("mission            Msample/s  samples a symbol  Msample per CPU-s  Msym per CPU-s")
    for name, rate_hz in RECORDINGS:
        mission = load_mission(name)
        settings = SimulationSettings(
            sample_rate_hz=rate_hz, seconds=SECONDS, es_n0_db=((0.0, 8.0),), frequency_offset_hz=20e3, seed=1
        )
        samples = make_simulator(mission, settings, None).read(round(SECONDS * rate_hz))
        seconds = min(demodulate(mission, rate_hz, samples) for _ in range(ROUNDS))
        symbols = SECONDS * mission.modulation.symbol_rate_hz
        ratio = rate_hz / mission.modulation.symbol_rate_hz
        rate = len(samples) / 2 / seconds / 1e6
        print(f"{name:18} {rate_hz / 1e6:9.0f}  {ratio:16.2f}  {rate:17.0f}  {symbols / seconds / 1e6:14.1f}")


if __name__ == "__main__":
    main()
