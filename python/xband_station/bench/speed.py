# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of our parts beside what Debian installs and what else is there, in CPU time, in one run.

Each round measures everything once, ours and peers in turn, in processes of their own (this package never imports
gnuradio); a row is the best of its rounds.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from xband_core import _core
from xband_station.tables import format_table

from . import programs, signals
from .measure import run_module
from .speed_rows import ROWS, Row

ROUNDS = 3
# A program runs a second, in which a virtual core is seldom undisturbed; a kernel's call runs some milliseconds.
PROGRAM_RUNS_PER_ROUND = 2
# Long beside the start of a program, whose time scatters by some hundredths of a second.
PROGRAM_SYMBOLS = 120e6
BEGINNING = 1 / 16
MAX_MEMORY_MB = 200.0
# So much for GNU Radio's Viterbi decoder: starting a flowgraph must not count.
VITERBI_REPEATS = 8

Report = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """One row. ours and peer in `unit`, per CPU-second if a rate; None where they could not be measured.

    goal: in words, "" for none; simd_target: of the decoders, which have SIMD code of their own; the demodulator
    chooses by the CPU.
    """

    what: str
    unit: str
    ours: float | None
    peer: float | None
    peer_name: str
    ratio: float | None
    goal: str
    is_met: bool | None
    conditions: str
    simd_target: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def run(report: Report = lambda _: None) -> list[Result]:
    """Every row; a minute or two. report: told what is missing, and why."""
    supported = _core.simd_targets()
    with tempfile.TemporaryDirectory(prefix="xband-bench-") as folder:
        bench = _Bench(Path(folder), supported, report)
        for _ in range(ROUNDS):
            bench.measure()
        rates = bench.rates()
        memory = bench.memory()
    rows = [row for row in ROWS if row.target == "best" or row.target in supported[1:]]
    return [_result(row, supported[0] if row.target == "best" else row.target, rates) for row in rows] + memory


def _result(row: Row, target: str, rates: dict[str, float]) -> Result:
    ours = rates.get(f"{row.ours}@{target}", rates.get(row.ours))
    peer = rates.get(row.peer)
    ratio = None if ours is None or peer is None else ours / peer
    wanted = [(ours, row.goal_rate, row.unit), (ratio, row.goal_ratio, "times")]
    goals = [(found, goal, unit) for found, goal, unit in wanted if goal is not None and row.goal_needs in target]
    verdicts = [found >= goal for found, goal, _ in goals if found is not None]
    return Result(
        what=row.what,
        unit=row.unit,
        ours=ours,
        peer=peer,
        peer_name=row.peer_name,
        ratio=ratio,
        goal=", ".join(f">= {goal:g} {unit}" for _, goal, unit in goals),
        is_met=all(verdicts) if verdicts and len(verdicts) == len(goals) else None,
        conditions=row.conditions,
        simd_target=target,
    )


def memory_row(what: str, pace: programs.Pace, simd_target: str) -> Result:
    """What a program holds: most of it, and after a tenth of the run."""
    peak, early = pace.memory_peak_bytes / 1e6, pace.memory_early_bytes / 1e6
    return Result(
        what=f"memory, {what}",
        unit="MB resident",
        ours=peak,
        peer=None,
        peer_name="",
        ratio=None,
        goal=f"<= {MAX_MEMORY_MB:g} MB",
        is_met=peak <= MAX_MEMORY_MB,
        conditions=f"most in the run; at a tenth of it {early:.0f} MB; start {pace.start_s:.2f} CPU-s",
        simd_target=simd_target,
    )


class _Bench:
    """Signals on disk and the best rates so far, by row and, where it matters, SIMD target."""

    def __init__(self, folder: Path, targets: list[str], report: Report) -> None:
        self._folder = folder
        self._targets = targets[:1] + [name for name in targets[1:] if name == "avx2"]
        self._report = report
        self._rates: dict[str, float] = {}
        self._is_told: set[str] = set()
        self._write_signals()
        mission = signals.SNPP.loaded()
        whole = programs.Recording(folder / "long.cs8", mission, signals.SNPP.sample_rate_hz)
        signals.write_recording(signals.SNPP, PROGRAM_SYMBOLS, whole.file)
        beginning = whole.beginning(folder / "short.cs8", BEGINNING)
        self._meters = {
            "program_bare": programs.PaceMeter(programs.bare_kernels, whole, beginning),
            "program_decode": programs.PaceMeter(programs.decode, whole, beginning),
            "program_flowgraph": programs.PaceMeter(programs.flowgraph, whole, beginning),
        }
        if programs.is_satdump_installed():
            self._meters["program_satdump"] = programs.PaceMeter(programs.satdump, whole, beginning)
        else:
            self._tell("SatDump is not installed: no such rows")

    def measure(self) -> None:
        """One round."""
        for target in self._targets:
            self._run("xband_station.bench.speed_kernels", str(self._folder), "fec", target=target)
        self._run("gnuradio.xband.bench_peers", str(self._folder / "job.json"))
        self._run("xband_station.bench.speed_kernels", str(self._folder), "chain")
        self._run("xband_station.bench.c_peers", str(self._folder))
        for _ in range(PROGRAM_RUNS_PER_ROUND):
            self._measure_programs()

    def _measure_programs(self) -> None:
        for name, meter in list(self._meters.items()):
            try:
                meter.measure()
            except programs.ProgramError as error:
                self._tell(f"{name.removeprefix('program_')}: {error}")
                del self._meters[name]

    def rates(self) -> dict[str, float]:
        """Amounts in millions per CPU-second."""
        return self._rates | {name: 1e-6 / meter.pace().cpu_s for name, meter in self._meters.items()}

    def memory(self) -> list[Result]:
        """One row for each of our programs."""
        results = []
        for name, what in (("program_decode", "xband decode"), ("program_flowgraph", "headless flowgraph")):
            if name in self._meters:
                pace = self._meters[name].pace()
                results.append(memory_row(what, pace, self._targets[0]))
        return results

    def _run(self, module: str, *arguments: str, target: str | None = None) -> None:
        status, line = run_module(module, *arguments, target=target)
        if status != 0:
            self._tell(f"{module} failed: {line}")
            return
        for name, rate in json.loads(line).items():
            key = name if target is None else f"{name}@{target}"
            self._rates[key] = max(rate, self._rates.get(key, 0.0))

    def _tell(self, text: str) -> None:
        if text not in self._is_told:
            self._is_told.add(text)
            self._report(text)

    def _write_signals(self) -> None:
        signals.write_waveforms(self._folder)
        symbols = (127 - signals.coded_stream(signals.NOISY_DB).astype(np.int16)).astype(np.uint8)
        np.tile(symbols, VITERBI_REPEATS).tofile(self._folder / "symbols.u8")
        recordings = {
            f"gnuradio_{waveform.key}": [
                str(waveform.file(self._folder)),
                waveform.iq_format,
                waveform.samples_per_symbol,
            ]
            for waveform in signals.WAVEFORMS
        }
        job = {"recordings": recordings, "symbols": str(self._folder / "symbols.u8")}
        (self._folder / "job.json").write_text(json.dumps(job), encoding="utf-8")


def table(results: list[Result]) -> str:
    """For people."""
    rows = [
        (
            result.what,
            "-" if result.ours is None else f"{result.ours:.1f} {result.unit}",
            "-" if result.peer is None else f"{result.peer:.1f}",
            "-" if result.ratio is None else f"{result.ratio:.2f}",
            result.peer_name,
            result.goal,
            {True: "yes", False: "NO", None: ""}[result.is_met],
            result.simd_target,
            result.conditions,
        )
        for result in results
    ]
    header = ("per CPU-second", "ours", "peer", "ratio", "which peer", "goal", "met", "SIMD target", "conditions")
    return format_table(header, rows)
