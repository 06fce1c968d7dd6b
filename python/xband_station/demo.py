# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: a whole station in miniature, and the account of every frame that was sent."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from xband_core.errors import OutputError, XbandError
from xband_core.wire_types import METADATA
from xband_station.clock import SimulatedClock
from xband_station.link import es_n0_db
from xband_station.orbit.doppler import doppler_plan
from xband_station.orbit.geometry import Tracker
from xband_station.pass_record import PassRecord
from xband_station.planning.schedule import make_schedule
from xband_station.station_config import load_station
from xband_station.supervisor import SignalBounds, Supervisor
from xband_station.times import to_ns
from xband_station.worker_process import WORKER_COMMAND

# The day after the embedded elements' epoch, before a high pass.
START = datetime(2026, 7, 22, 6, 30, tzinfo=UTC)
SAMPLES_PER_SYMBOL = 2.2
MIN_SECONDS = 10.0
# The satellite's antenna has deep nulls; one of them is met in the middle of what is shown.
NULL_LENGTH_S = 0.2
NULL_DEPTH_DB = 30.0
# Everything must have ended by then, whatever hangs.
MAX_DURATION_S = 170.0
_EXIT_WAIT_S = 15.0
_START_WAIT_S = 30.0


@dataclass(frozen=True)
class Account:
    """Frames of one pass. sent: by the simulator; lost: sent and, by the counters in the frames, not received."""

    sent: int
    decoded: int
    lost: int
    published: int
    archived: int
    consumed: int
    consumer_missed: int

    @property
    def adds_up(self) -> bool:
        """Every frame that was sent is decoded or lost, and every decoded one arrived everywhere."""
        everywhere = {self.published, self.archived, self.consumed}
        is_complete = everywhere == {self.decoded} and self.consumer_missed == 0
        return is_complete and self.sent == self.decoded + self.lost and self.decoded > 0


@dataclass(frozen=True)
class DemoResult:
    """What came of it. report: path of the HTML page."""

    record: PassRecord
    account: Account
    report: Path


class Demo:
    """Plays the first ``seconds`` of the next pass of the embedded satellite over the embedded station.

    Raises XbandError: ``seconds`` out of range, ``out_dir`` cannot be made.
    """

    def __init__(self, out_dir: Path, seconds: float, command: tuple[str, ...] = WORKER_COMMAND) -> None:
        if not MIN_SECONDS <= seconds <= 120.0:
            raise XbandError(f"--seconds {seconds:g} is not within {MIN_SECONDS:g} to 120")
        self._out_dir = out_dir
        self._seconds = seconds
        self._command = command
        self._clock = SimulatedClock(START)
        try:
            out_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(out_dir, error.strerror or str(error)) from error
        default = load_station()
        symbol_rate_hz = default.missions[0].mission.modulation.symbol_rate_hz
        receiver = dataclasses.replace(
            default.receiver, sample_rate_hz=SAMPLES_PER_SYMBOL * symbol_rate_hz, clock_quality="simulated"
        )
        self._station = dataclasses.replace(
            default, output_dir=out_dir, publish="tcp://127.0.0.1:*", receiver=receiver, lead_time_s=0.0
        )
        (planned, *_) = make_schedule(self._station, self._station.catalogue(), START, 24.0).accepted
        self.planned = dataclasses.replace(planned, los=planned.aos + timedelta(seconds=seconds))

    def run(self) -> DemoResult:
        """Starts simulator and consumer, receives, and counts. Raises XbandError if one of them does not start."""
        planned = self.planned
        with contextlib.ExitStack() as stack:
            uri = stack.enter_context(self._simulator())
            receiver = dataclasses.replace(self._station.receiver, source=uri)
            station = dataclasses.replace(self._station, receiver=receiver)
            supervisor = stack.enter_context(Supervisor(station, self._clock, self._command))
            consumer = stack.enter_context(self._consumer(supervisor))
            deadline = threading.Timer(MAX_DURATION_S, supervisor.stop)
            deadline.start()
            stack.callback(deadline.cancel)
            self._clock.sleep_until(planned.aos, threading.Event())
            samples = round(self._seconds * receiver.sample_rate_hz)
            record = supervisor.receive(planned, SignalBounds(planned.aos, samples))
            consumer.wait(_EXIT_WAIT_S)
        return DemoResult(record, self._count(record), Path(record.folder) / "report.html")

    def progress(self) -> float:
        """Share of the signal that has been received, 0 to 1; from any thread."""
        return min(max((self._clock.now() - self.planned.aos).total_seconds() / self._seconds, 0.0), 1.0)

    @contextlib.contextmanager
    def _simulator(self) -> Iterator[str]:
        """The signal of this pass as an xband-iq server; gives its address."""
        plan_file = self._out_dir / "signal.json"
        plan_file.write_text(json.dumps(self._signal_plan(), indent=1) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "xband_station", "simulate", "--mission", self.planned.choice.reference]
        command += ["--serve", "tcp://127.0.0.1:0", "--seconds", f"{self._seconds:g}", "--plan", str(plan_file)]
        command += ["--format", self._station.receiver.format, "--truth", str(self._truth_file)]
        with (self._out_dir / "simulator.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        with _ended(process):
            assert process.stdout is not None
            words = process.stdout.readline().decode().split()
            if not words:
                raise XbandError(f"the simulator did not start: see {self._out_dir / 'simulator.log'}")
            yield words[-1]

    def _signal_plan(self) -> dict[str, Any]:
        """Doppler and Es/N0 of the pass, with one antenna null, for ``xband simulate --plan``."""
        planned = self.planned
        tracker = Tracker(planned.elements, self._station.site)
        mission = planned.choice.mission
        rate_hz = self._station.receiver.sample_rate_hz
        doppler = doppler_plan(tracker, planned.aos, self._seconds, rate_hz, mission.centre_frequency_hz)
        times_s = np.arange(0.0, self._seconds + 1.0)
        look = tracker.look(planned.aos, times_s)
        es_n0 = es_n0_db(mission, self._station.main_antenna.link, look.elevation_deg, look.range_km)
        null = {"start_s": self._seconds / 2.0, "length_s": NULL_LENGTH_S, "depth_db": NULL_DEPTH_DB}
        return {
            "sample_rate_hz": rate_hz,
            "first_sample_time_ns": to_ns(planned.aos),
            "doppler": [dataclasses.asdict(segment) for segment in doppler],
            "es_n0_db": [
                [time_s, round(value, 3)] for time_s, value in zip(times_s.tolist(), es_n0.tolist(), strict=True)
            ],
            "fades": [null],
        }

    @property
    def _truth_file(self) -> Path:
        return self._out_dir / "sent.json"

    @property
    def _consumer_file(self) -> Path:
        return self._out_dir / "consumer.jsonl"

    @contextlib.contextmanager
    def _consumer(self, supervisor: Supervisor) -> Iterator[subprocess.Popen[bytes]]:
        """``xband listen`` in a process of its own, subscribed before anything is published."""
        command = [sys.executable, "-m", "xband_station", "listen", supervisor.publisher.endpoint]
        command += ["--json", "--until-pass-end", "--timeout", "30"]
        with self._consumer_file.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stdin=subprocess.DEVNULL)
        with _ended(process):
            waited = threading.Event()
            for _ in range(round(_START_WAIT_S / 0.05)):
                if supervisor.publisher.subscriptions or process.poll() is not None:
                    break
                waited.wait(0.05)
            if not supervisor.publisher.subscriptions:
                raise XbandError("the consumer did not subscribe")
            yield process

    def _count(self, record: PassRecord) -> Account:
        truth = _read_json(self._truth_file)
        summary = _read_json(self._consumer_file, last_line=True)
        rows = np.fromfile(Path(record.folder) / "frames.meta", METADATA)
        received = {(int(vcid), int(count)) for vcid, count in zip(rows["vcid"], rows["vc_count"], strict=True)}
        sent = {
            (int(vcid), count)
            for vcid, channel in truth["virtual_channels"].items()
            for count in range(channel["first_count"], channel["last_count"] + 1)
        }
        totals = record.totals
        return Account(
            sent=int(truth["frames_sent"]),
            decoded=record.frames_usable,
            lost=len(sent - received),
            published=totals.frames() if totals else 0,
            archived=len(rows),
            consumed=int(summary["frames"]),
            consumer_missed=int(summary["missed_messages"]),
        )


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Lets a process end by itself when all went well, and ends it in any case."""
    try:
        yield
        process.wait(_EXIT_WAIT_S)
    except subprocess.TimeoutExpired:
        pass  # it is ended below; what it did not write shows up in the account
    finally:
        process.terminate()
        try:
            process.wait(_EXIT_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read_json(file: Path, last_line: bool = False) -> dict[str, Any]:
    """Raises XbandError: the process that should have written it did not."""
    try:
        text = file.read_text(encoding="utf-8")
        return dict(json.loads(text.splitlines()[-1] if last_line else text))
    except (OSError, ValueError, IndexError) as error:
        raise XbandError(f"{file} was not written as it should: {error!r}") from error
