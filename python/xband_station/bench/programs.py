# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole programs on a recording: `xband decode`, the worker with a mission's flowgraph, SatDump where there is one."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import zmq

from xband_core.mission import Mission
from xband_core.plan import PassPlan, PlanSource
from xband_station.flowgraph import find_flowgraph

from .measure import ProgramRun, run_program

SATDUMP_PIPELINES = {"suomi-npp": "npp_hrd"}


@dataclass(frozen=True)
class Recording:
    """A file of samples."""

    file: Path
    mission: Mission
    sample_rate_hz: float
    iq_format: str = "cs8"

    @property
    def symbols(self) -> float:
        """Channel symbols in it."""
        sample_len = {"cs8": 2, "cs16": 4}[self.iq_format]
        samples = self.file.stat().st_size / sample_len
        return samples / self.sample_rate_hz * self.mission.modulation.symbol_rate_hz

    def beginning(self, file: Path, share: float) -> Recording:
        """The first part of it as a recording of its own."""
        n_bytes = int(self.file.stat().st_size * share) // 8 * 8
        with self.file.open("rb") as source, file.open("wb") as target:
            target.write(source.read(n_bytes))
        return replace(self, file=file)


Program = Callable[[Recording], ProgramRun]


class ProgramError(Exception):
    """A measured program failed. The text is what it said last."""


@dataclass(frozen=True)
class Pace:
    """What a program needs beyond its start: seconds per symbol, of processors, of the busiest thread, of the clock.

    start_s: of processors, to start. memory_early_bytes, memory_peak_bytes: resident after a tenth of the long run and
    at most.
    """

    cpu_s: float
    busiest_s: float
    wall_s: float
    start_s: float
    memory_early_bytes: int
    memory_peak_bytes: int

    def symbols_per_s(self, n_cores: int) -> float:
        """What so many cores with nothing else to do can take: no thread can have more than one of them."""
        return min(1 / self.busiest_s, n_cores / self.cpu_s)


class PaceMeter:
    """Tells a program's pace from its start by the difference of a long and a short run, the best of several each."""

    def __init__(self, program: Program, whole: Recording, beginning: Recording) -> None:
        self._program = program
        self._whole = whole
        self._beginning = beginning
        self._long: list[ProgramRun] = []
        self._short: list[ProgramRun] = []

    def measure(self) -> None:
        """Runs the program on both once more. Raises: ProgramError: it failed."""
        self._long.append(_checked(self._program(self._whole)))
        self._short.append(_checked(self._program(self._beginning)))

    def pace(self) -> Pace:
        """By the runs so far, one at least."""
        symbols = self._whole.symbols - self._beginning.symbols
        names = self._long[0].threads_s.keys()
        fastest = min(self._long, key=lambda run: run.wall_s)
        begin_s, begin_cpu_s = min(run.wall_s for run in self._short), min(run.cpu_s for run in self._short)
        cpu_s = (min(run.cpu_s for run in self._long) - begin_cpu_s) / symbols
        return Pace(
            cpu_s=cpu_s,
            busiest_s=max(_thread_s(self._long, name) - _thread_s(self._short, name) for name in names) / symbols,
            wall_s=(fastest.wall_s - begin_s) / symbols,
            start_s=begin_cpu_s - cpu_s * self._beginning.symbols,
            memory_early_bytes=fastest.memory_bytes(0.9 * begin_s + 0.1 * fastest.wall_s),
            memory_peak_bytes=max(resident for run in self._long for _, resident in run.memory),
        )


def _thread_s(runs: list[ProgramRun], name: str) -> float:
    """Least CPU time of a thread; one that lived too shortly to be seen has needed none."""
    return min(run.threads_s.get(name, 0.0) for run in runs)


def _checked(run: ProgramRun) -> ProgramRun:
    if run.status != 0:
        lines = run.said.strip().splitlines()
        raise ProgramError(f"exit status {run.status}: {lines[-1] if lines else 'no output'}")
    return run


def bare_kernels(recording: Recording) -> ProgramRun:
    """The demodulator and the frame decoder in one thread, from the same file to frames that nobody takes."""
    return run_program(
        [sys.executable, "-m", "xband_station.bench.bare_kernels", str(recording.file), recording.iq_format,
         f"{recording.sample_rate_hz:.12g}", str(recording.mission.file)]
    )  # fmt: skip


def decode(recording: Recording) -> ProgramRun:
    """`xband decode` with all it writes."""
    with tempfile.TemporaryDirectory() as folder:
        return run_program(
            [sys.executable, "-m", "xband_station", "decode", str(recording.file), "--format", recording.iq_format,
             "--sample-rate", f"{recording.sample_rate_hz:.12g}", "--mission", str(recording.mission.file),
             "--out", folder]
        )  # fmt: skip


def flowgraph(recording: Recording) -> ProgramRun:
    """The worker with the mission's flowgraph, as the station starts it, and somebody who takes its frames."""
    with tempfile.TemporaryDirectory() as folder, _Taker(folder) as taker:
        plan = PassPlan(
            pass_id="bench",
            station="bench",
            mission=str(recording.mission.file),
            satellite=recording.mission.title,
            flowgraph=find_flowgraph(recording.mission),
            parameters={},
            source=PlanSource(f"file:{recording.file}", recording.iq_format, recording.sample_rate_hz),
            start_time_ns=0,
            stop_time_ns=1,
            stop_sample=None,
            first_sample_time_ns=0,
            clock_quality="simulated",
            doppler=(),
            frames_endpoint=taker.endpoints[0],
            events_endpoint=taker.endpoints[1],
        )
        plan_file = Path(folder, "plan.json")
        plan.save(plan_file)
        return run_program([sys.executable, "-m", "gnuradio.xband.worker", str(plan_file)], os.environ)


class _Taker:
    """Takes messages off the worker's hands, as the station does."""

    def __init__(self, folder: str) -> None:
        self.endpoints = [f"ipc://{folder}/{name}" for name in ("frames", "events")]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._take)

    def __enter__(self) -> _Taker:
        self._context = zmq.Context()
        self._sockets = []
        for endpoint in self.endpoints:
            socket = self._context.socket(zmq.PULL)
            socket.bind(endpoint)
            self._sockets.append(socket)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._context.destroy(linger=0)

    def _take(self) -> None:
        poller = zmq.Poller()
        for socket in self._sockets:
            poller.register(socket)
        while not self._stop.is_set():
            for socket, _ in poller.poll(50):
                socket.recv_multipart(copy=False)


def is_satdump_installed() -> bool:
    """Whether there is a SatDump to compare with."""
    return shutil.which("satdump") is not None


def satdump(recording: Recording) -> ProgramRun:
    """SatDump from samples to CADUs and what it makes of them."""
    pipeline = SATDUMP_PIPELINES[recording.mission.name]
    with tempfile.TemporaryDirectory() as folder:
        return run_program(
            ["satdump", pipeline, "baseband", str(recording.file), folder, "--samplerate",
             f"{recording.sample_rate_hz:.0f}", "--baseband_format", recording.iq_format]
        )  # fmt: skip
