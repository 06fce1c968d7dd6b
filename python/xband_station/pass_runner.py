# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one pass: launches the receiver, watches it, replaces it when it breaks, and ends it at loss of signal."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import zmq

from xband_core.errors import WireError
from xband_core.plan import PassPlan
from xband_core.wire_types import Gap
from xband_station.clock import Clock
from xband_station.events import End, Heartbeat, LogLine, Snapshot, parse_event
from xband_station.pass_record import Instance, Measurement, PassRecord, ReceptionGap
from xband_station.publisher import Publisher
from xband_station.station_config import Watch
from xband_station.times import from_ns, to_ns
from xband_station.worker_process import EXIT_FINISHED, PERMANENT_FAILURES, WorkerProcess, WorkerWatch, describe_exit

logger = logging.getLogger(__name__)

_POLL_MS = 100
# Snapshots are some 100 kB; anything above is not ours.
_MAX_EVENT_BYTES = 4 << 20
# So that a flood of events cannot keep the watch from its work.
_MAX_EVENTS_PER_TURN = 200
# Wait before a restart: short enough that a single crash costs far less than 8 s, growing while it goes on failing.
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 4.0)
# An instance that worked this long has earned a fresh start of the back-off.
_GOOD_RUN_S = 60.0


@dataclass
class _OpenGap:
    """Reception stopped; how long for is known when samples come again. since: signal time; since_s: monotonic."""

    reason: str
    since: datetime
    since_s: float
    position: int | None


class PassRunner:
    """One pass. ``plan`` is that of the first instance; later ones get the same with another number.

    command: starts a worker when the plan's path is appended. stop: set from outside to end the pass early.
    """

    def __init__(
        self,
        plan: PassPlan,
        record: PassRecord,
        clock: Clock,
        publisher: Publisher,
        watch: Watch,
        command: Sequence[str],
        stop: threading.Event,
    ) -> None:
        self._plan = plan
        self._record = record
        self._clock = clock
        self._publisher = publisher
        self._limits = watch
        self._command = command
        self._stop = stop
        self._folder = Path(record.folder)
        self._los = from_ns(plan.stop_time_ns)
        self._gap: _OpenGap | None = None
        self._progress_s = time.monotonic()  # when samples were last known to come
        self._context = zmq.Context()

    def run(self) -> None:
        """Returns at the end of the pass, or when restarting is of no use; the record tells which. Raises OSError."""
        failures = 0
        try:
            while not self._is_over():
                started_s = time.monotonic()
                failure = self._run_instance()
                if failure is None:
                    break
                if time.monotonic() - started_s > _GOOD_RUN_S:
                    failures = 0
                self._fail(failure)
                failures += 1
                if self._record.has_given_up or self._record.restarts >= self._limits.restarts:
                    self._record.has_given_up = True
                    self._record.problems.append("the receiver was not started again")
                    break
                self._stop.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S)) - 1])
            if self._gap:
                self._close_gap(None)
        finally:
            self._context.destroy(linger=0)
            self._clock.follow(None)

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._clock.now() >= self._los

    def _run_instance(self) -> str | None:
        """Launches a receiver and watches it to its end. Returns what went wrong, or None."""
        number = len(self._record.instances)
        plan = dataclasses.replace(
            self._plan, instance=number, events_endpoint=f"{self._plan.events_endpoint}-{number}"
        )
        plan_file = self._folder / ("plan.json" if number == 0 else f"plan-{number}.json")
        plan.save(plan_file)
        with self._context.socket(zmq.PULL) as events:
            events.set(zmq.MAXMSGSIZE, _MAX_EVENT_BYTES)
            events.bind(plan.events_endpoint)
            log_file = self._folder / f"worker-{number}.log"
            worker = WorkerProcess(self._command, plan_file, log_file)
            instance = Instance(number, worker.pid, self._clock.now(), log_file.name)
            self._record.instances.append(instance)
            logger.info("%s: receiver %d started, process %d", plan.pass_id, number, worker.pid)
            try:
                failure = self._watch(worker, instance, events)
            finally:
                code = worker.kill()
                instance.end = instance.end or describe_exit(code)
            self._read_events(events, instance, WorkerWatch(self._limits, time.monotonic()), 0)
            return failure

    def _watch(self, worker: WorkerProcess, instance: Instance, events: zmq.Socket[bytes]) -> str | None:
        watch = WorkerWatch(self._limits, time.monotonic())
        aos = from_ns(self._plan.start_time_ns)
        stop_s: float | None = None
        while True:
            self._read_events(events, instance, watch, _POLL_MS)
            now_s = time.monotonic()
            code = worker.exit_code()
            if code is not None:
                return self._judge_exit(code, instance, watch, events)
            if self._is_over():
                # A receiver whose stream has an end may flush by itself; a live one is asked at once.
                if stop_s is None:
                    stop_s = now_s + (self._limits.ladder_s if self._plan.stop_sample is not None else 0.0)
                if now_s >= stop_s or self._stop.is_set():
                    instance.end = f"stopped: {describe_exit(worker.stop(self._limits.ladder_s))}"
                    return None
                continue
            if self._clock.now() >= aos:
                watch.expect_signal(now_s)
            complaint = watch.complaint(now_s)
            if complaint:
                instance.end = f"killed: {complaint}"
                return complaint

    def _judge_exit(self, code: int, instance: Instance, watch: WorkerWatch, events: zmq.Socket[bytes]) -> str | None:
        """Whether a receiver that has ended by itself has done its work."""
        self._read_events(events, instance, watch, 0)
        position = instance.last.sample_position if instance.last else 0
        has_all = self._plan.stop_sample is not None and position >= self._plan.stop_sample
        if code == EXIT_FINISHED and (has_all or self._is_over()):
            return None
        if code in PERMANENT_FAILURES:
            self._record.has_given_up = True
        return f"receiver ended before the end of the pass ({describe_exit(code)})"

    def _read_events(self, events: zmq.Socket[bytes], instance: Instance, watch: WorkerWatch, timeout_ms: int) -> None:
        for turn in range(_MAX_EVENTS_PER_TURN):
            if not events.poll(timeout_ms if turn == 0 else 0):
                return
            try:
                event = parse_event(events.recv())
            except WireError as error:
                if not instance.bad_events:  # the first tells enough; there may be thousands
                    logger.warning("%s: %s", self._plan.pass_id, error)
                instance.bad_events += 1
                continue
            if isinstance(event, End):
                event = event.last
            if isinstance(event, Heartbeat):
                self._take_heartbeat(event, instance, watch)
            elif isinstance(event, Snapshot):
                # A picture of the signal, not of the noise behind it, if there was a signal at all.
                if self._record.snapshot is None or (instance.last and instance.last.is_locked):
                    self._record.snapshot = event
            elif isinstance(event, LogLine):
                logger.info("%s: receiver %d: %s", self._plan.pass_id, instance.number, event.text)

    def _take_heartbeat(self, heartbeat: Heartbeat, instance: Instance, watch: WorkerWatch) -> None:
        watch.heartbeat(time.monotonic(), heartbeat.samples)
        is_progress = heartbeat.samples > (instance.last.samples if instance.last else 0)
        channel_ber = _channel_ber(instance.last, heartbeat)
        instance.last = heartbeat
        if not is_progress:
            return
        signal_time = self._signal_time(heartbeat.sample_position)
        if self._gap:
            self._close_gap(heartbeat)
        self._progress_s = time.monotonic()
        self._clock.follow(signal_time)
        measurement = Measurement(
            signal_time or self._clock.now(),
            heartbeat.is_locked,
            heartbeat.es_n0_db,
            heartbeat.carrier_offset_hz,
            heartbeat.evm_percent,
            channel_ber,
            heartbeat.corrections,
        )
        self._record.measure(measurement)

    def _signal_time(self, position: int) -> datetime | None:
        if self._plan.first_sample_time_ns is None:
            return None
        seconds = position / self._plan.source.sample_rate_hz
        return from_ns(self._plan.first_sample_time_ns) + timedelta(seconds=seconds)

    def _fail(self, failure: str) -> None:
        """Notes a failure and opens a gap (a gap that is still open grows)."""
        instance = self._record.instances[-1]
        text = f"receiver {instance.number}: {failure}"
        logger.error("%s: %s", self._plan.pass_id, text)
        self._record.problems.append(text)
        if self._gap is None:
            last = instance.last
            had_samples = last is not None and last.samples > 0
            self._gap = _OpenGap(
                reason=failure,
                since=self._record.measurements[-1].time if had_samples else instance.started,
                since_s=self._progress_s if had_samples else time.monotonic(),
                position=last.sample_position if last and had_samples else None,
            )

    def _close_gap(self, heartbeat: Heartbeat | None) -> None:
        """Reception goes on with ``heartbeat``, or the pass ends without: what was lost is now known."""
        gap = self._gap
        assert gap is not None
        self._gap = None
        basis = "clock"
        if heartbeat is None:
            lost_s = (self._los - gap.since).total_seconds()
        elif gap.position is not None and heartbeat.first_sample_index > 0:
            basis = "samples"
            lost_s = (heartbeat.first_sample_index - gap.position) / self._plan.source.sample_rate_hz
        else:
            lost_s = time.monotonic() - gap.since_s
        lost_s = max(lost_s, 0.0)
        stop = gap.since + timedelta(seconds=lost_s)
        self._record.gaps.append(ReceptionGap(gap.reason, gap.since, stop, lost_s, basis))
        plan = self._plan
        self._publisher.gap(
            Gap(
                plan.station,
                to_ns(self._clock.now()),
                mission=self._record.planned.choice.mission.name,
                pass_id=plan.pass_id,
                cause="receiver",
                reason=gap.reason,
                start_time_ns=to_ns(gap.since),
                stop_time_ns=to_ns(stop),
            )
        )


def _channel_ber(before: Heartbeat | None, now: Heartbeat) -> float | None:
    """Share of wrong channel bits among those compared since the heartbeat before."""
    bits = now.channel_bits - (before.channel_bits if before else 0)
    errors = now.channel_bit_errors - (before.channel_bit_errors if before else 0)
    return errors / bits if bits > 0 else None
