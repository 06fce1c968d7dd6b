# SPDX-License-Identifier: GPL-3.0-or-later
"""How speed is measured: CPU time, best of several, so that other programs on the machine spoil little."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RSS_INTERVAL_S = 0.02


def best_rate(
    amount: float, work: Callable[..., object], seconds: float = 0.25, prepare: Callable[[], object] | None = None
) -> float:
    """Amount per CPU-second of this thread: the best of the calls that fit into ``seconds``, two at least.

    Args: prepare: called before each work(), which gets what it returns; its time does not count.
    """
    best_s = float("inf")
    end = time.perf_counter() + seconds
    calls = 0
    while calls < 2 or time.perf_counter() < end:
        prepared = () if prepare is None else (prepare(),)
        begin = time.thread_time()
        work(*prepared)
        best_s = min(best_s, time.thread_time() - begin)
        calls += 1
    return amount / best_s


@dataclass(frozen=True)
class ProgramRun:
    """One program from start to end.

    cpu_s: of all its threads, kernel included; threads_s: of each thread, by name and number among those of its name;
    memory: (seconds, octets resident).
    """

    status: int
    cpu_s: float
    threads_s: Mapping[str, float]
    wall_s: float
    memory: tuple[tuple[float, int], ...]
    said: str

    def memory_bytes(self, since_s: float) -> int:
        """Resident at a time; 0 if the program had ended."""
        return next((resident for at_s, resident in self.memory if at_s >= since_s), 0)


def run_program(command: Sequence[str], environment: Mapping[str, str] | None = None) -> ProgramRun:
    """Runs a program and measures it."""
    begin_s = time.monotonic()
    process = subprocess.Popen(
        command,
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda stream: said.append(stream.read()), args=(process.stdout,))
    reader.start()
    memory: list[tuple[float, int]] = []
    threads: dict[str, float] = {}
    while True:
        pid, wait_status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        memory.append((time.monotonic() - begin_s, _resident_bytes(process.pid)))
        threads |= _threads_cpu_s(process.pid)
        time.sleep(RSS_INTERVAL_S)
    wall_s = time.monotonic() - begin_s
    process.returncode = os.waitstatus_to_exitcode(wait_status)
    reader.join()
    process.stdout.close()
    return ProgramRun(
        status=process.returncode,
        cpu_s=usage.ru_utime + usage.ru_stime,
        threads_s=threads,
        wall_s=wall_s,
        memory=tuple(memory),
        said=said[0],
    )


def _threads_cpu_s(pid: int) -> dict[str, float]:
    """CPU time of each thread so far. What one that has just ended had spent a moment ago will do."""
    spent: dict[str, float] = {}
    counts: Counter[str] = Counter()
    for task in sorted(Path(f"/proc/{pid}/task").glob("*"), key=lambda task: int(task.name)):
        with contextlib.suppress(OSError, IndexError):
            name = (task / "comm").read_text(encoding="utf-8").strip()
            cpu_s = 1e-9 * int((task / "schedstat").read_text(encoding="ascii").split()[0])
            spent[f"{name} {counts[name]}"] = cpu_s
            counts[name] += 1
    return spent


def _resident_bytes(pid: int) -> int:
    """What the process holds now; 0 where it has just ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def run_module(module: str, *arguments: str, target: str | None = None) -> tuple[int, str]:
    """Runs one of our modules in a process of its own. Returns exit status and last line of its output.

    Args: target: SIMD target for the process, None: the best.
    """
    environment = os.environ | ({} if target is None else {"XBAND_SIMD_TARGET": target})
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, env=environment
    )
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines()
    return done.returncode, lines[-1] if lines else ""
