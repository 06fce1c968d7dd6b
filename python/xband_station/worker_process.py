# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's process: started in a group of its own, its output kept, stopped in bounded time, watched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from xband_station.station_config import Watch

WORKER_COMMAND = (sys.executable, "-m", "gnuradio.xband.worker")

# Exit codes of the worker (docs/architecture.md); anything else is a crash.
EXIT_FINISHED = 0
EXIT_BAD_PLAN = 2
EXIT_FLOWGRAPH_REFUSED = 3
# Starting again would fail in the same way.
PERMANENT_FAILURES = {EXIT_BAD_PLAN: "the plan is wrong", EXIT_FLOWGRAPH_REFUSED: "the flowgraph was refused"}

# What a worker may write before the rest is dropped: a flood must not fill the disk.
MAX_LOG_BYTES = 4 << 20
_KILL_WAIT_S = 5.0


class WorkerProcess:
    """One started receiver. Raises OSError if it cannot be started at all."""

    def __init__(self, command: Sequence[str], plan_file: Path, log_file: Path) -> None:
        # Its own session: signals to the terminal or to the station do not reach it, and its children die with it.
        self._process = subprocess.Popen(
            [*command, str(plan_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._log = threading.Thread(target=_keep_output, args=(self._process.stdout, log_file), daemon=True)
        self._log.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        return self._process.poll()

    def stop(self, ladder_s: float) -> int:
        """Asks with SIGINT (flush and end), then SIGTERM, then SIGKILL, each after ``ladder_s`` seconds."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._signal_group(number)
            try:
                self._process.wait(ladder_s)
                break
            except subprocess.TimeoutExpired:
                continue
        return self.kill()

    def kill(self) -> int:
        """Ends the whole process group now and returns the exit code. Also removes children that a dead worker left."""
        self._signal_group(signal.SIGKILL)
        code = self._process.wait(_KILL_WAIT_S)
        self._log.join(_KILL_WAIT_S)
        return code

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return  # the group is gone, which is what was wanted


def describe_exit(code: int) -> str:
    """Words for the log and the report."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    if code in PERMANENT_FAILURES:
        return f"exit {code}: {PERMANENT_FAILURES[code]}"
    return f"exit {code}"


class WorkerWatch:
    """Judges one receiver by its heartbeats. All times are seconds of the monotonic clock."""

    def __init__(self, limits: Watch, started_s: float) -> None:
        self._limits = limits
        self._started_s = started_s
        self._heartbeat_s: float | None = None
        self._progress_s: float | None = None
        self._samples = 0

    def heartbeat(self, now_s: float, samples: int) -> None:
        """A heartbeat came and said how many samples the receiver has taken."""
        self._heartbeat_s = now_s
        if samples > self._samples:
            self._samples = samples
            self._progress_s = now_s

    def expect_signal(self, now_s: float) -> None:
        """From now on samples must come, even if none has yet (the pass has begun)."""
        self._progress_s = self._progress_s or now_s

    def complaint(self, now_s: float) -> str | None:
        """What is wrong with the receiver, or None."""
        limits = self._limits
        if self._heartbeat_s is None:
            is_late = now_s - self._started_s > limits.start_s
            return f"no heartbeat within {limits.start_s:g} s of its start" if is_late else None
        if now_s - self._heartbeat_s > limits.silence_s:
            return f"no heartbeat for {limits.silence_s:g} s"
        # The first samples may take as long as the start; after that they must not stop.
        limit_s = limits.stall_s if self._samples else limits.start_s
        if self._progress_s is not None and now_s - self._progress_s > limit_s:
            return f"no new samples for {limit_s:g} s"
        return None


def _keep_output(stream: IO[bytes], log_file: Path) -> None:
    """Copies a process's output to a file up to a limit, and reads on without keeping more."""
    room_bytes = MAX_LOG_BYTES
    with stream, log_file.open("wb", buffering=0) as log:
        while chunk := os.read(stream.fileno(), 1 << 16):
            if room_bytes <= 0:
                continue
            kept = chunk[:room_bytes]
            room_bytes -= len(kept)
            try:
                log.write(kept if room_bytes else kept + b"\n[more output was dropped]\n")
            except OSError:
                room_bytes = 0  # disk full: the worker must not stop because its words cannot be kept
