# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of our parts beside what Debian installs, both by CPU time of one process, alternately, best of several runs.

The GNU Radio peers run in a process of their own (``gnuradio.xband.bench_peers``): this package never imports gnuradio.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xband_core import _core, wire
from xband_core.framing import FrameProcessor
from xband_core.mission import Mission, load_mission
from xband_core.simulate import SimulationSettings, make_simulator

ROUNDS = 3
SAMPLES_PER_SYMBOL = 2.2
ES_N0_DB = 8.0
SECONDS = 0.4


@dataclass(frozen=True)
class Result:
    """One row. ours and peer in `unit` per CPU-second; peer None where there is none on this machine."""

    what: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    conditions: str

    @property
    def ratio(self) -> float | None:
        return None if self.peer is None else self.ours / self.peer

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"ratio": self.ratio}


def best_rate(amount: float, work: Callable[[], object]) -> float:
    """Amount per CPU-second, best of ROUNDS."""
    rates = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        rates.append(amount / (time.process_time() - begin))
    return max(rates)


def run() -> list[Result]:
    """Every row; about a minute."""
    mission = load_mission("suomi-npp")
    rate_hz = SAMPLES_PER_SYMBOL * mission.modulation.symbol_rate_hz
    settings = SimulationSettings(
        sample_rate_hz=rate_hz, seconds=SECONDS, es_n0_db=((0.0, ES_N0_DB),), frequency_offset_hz=20e3, seed=1
    )
    simulator = make_simulator(mission, settings, None)
    samples = simulator.read(round(SECONDS * rate_hz))
    symbols = SECONDS * mission.modulation.symbol_rate_hz / 1e6
    signal = f"S-NPP waveform, cs8, {SAMPLES_PER_SYMBOL} samples a symbol, Es/N0 {ES_N0_DB:g} dB"

    demodulated = _demodulate(mission, rate_hz, samples)
    records = _decode(mission, demodulated)
    with tempfile.TemporaryDirectory() as folder:
        iq_file, soft_file = Path(folder, "iq.cs8"), Path(folder, "soft.s8")
        samples.tofile(iq_file)
        demodulated.tofile(soft_file)
        peers = _gnuradio_peers(iq_file, soft_file)
        demod = best_rate(symbols, lambda: _demodulate(mission, rate_hz, samples))
        decode = best_rate(symbols, lambda: _decode(mission, demodulated))
    n_bits = len(demodulated) / 2 / 1e6
    return [
        Result("IQ to soft bits", "Msym/s", demod, peers.get("demodulator"), "agc + symbol_sync + costas", signal),
        Result("soft bits to frames", "Msym/s", decode, None, "", signal),
        Result("IQ to frames", "Msym/s", 1 / (1 / demod + 1 / decode), None, "", signal),
        Result("Viterbi K=7 r=1/2", "Mbit/s", best_rate(n_bits, lambda: _viterbi(demodulated)), peers.get("viterbi"),
               "fec.cc_decoder", "soft bits of the same signal"),
        _framing(mission, records),
    ]  # fmt: skip


def _demodulate(mission: Mission, rate_hz: float, samples: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    demodulator = _core.PskDemodulator(**mission.demodulator_config(rate_hz, "cs8"))
    soft = []
    for at in range(0, len(samples), 1 << 18):
        demodulator.push(samples[at : at + (1 << 18)])
        soft.append(demodulator.pull())
    demodulator.flush()
    soft.append(demodulator.pull())
    return np.concatenate(soft)


def _decode(mission: Mission, soft: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    decoder = _core.FrameDecoder(**mission.decoder_config())
    records = []
    for at in range(0, len(soft), 1 << 18):
        decoder.push(soft[at : at + (1 << 18)])
        records.append(decoder.pull())
    decoder.flush()
    records.append(decoder.pull())
    return np.concatenate(records)


def _viterbi(soft: npt.NDArray[np.int8]) -> None:
    decoder = _core.ViterbiBatch()
    step = 2 * decoder.payload_bits
    for at in range(0, len(soft) - decoder.input_soft_bits, step):
        decoder.decode(soft[at : at + decoder.input_soft_bits])


def _framing(mission: Mission, records: npt.NDArray[np.uint8]) -> Result:
    batches = [np.ascontiguousarray(records[at : at + 64]) for at in range(0, len(records) - 63, 64)] * 20
    megabits = len(batches) * 64 * mission.cadu_len_bytes * 8 / 1e6

    def work() -> None:
        processor = FrameProcessor(mission, 33e6, 0, "bench", "bench")
        for batch in batches:
            wire.encode_batches(processor.process(batch), "bench")

    return Result("framing and wire encoding", "Mbit/s", best_rate(megabits, work), None, "", "batches of 64 CADUs")


def _gnuradio_peers(iq_file: Path, soft_file: Path) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "gnuradio.xband.bench_peers",
        str(iq_file),
        str(soft_file),
        str(SAMPLES_PER_SYMBOL),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {}
    peers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return peers
