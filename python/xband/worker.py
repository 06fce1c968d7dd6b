# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass in one process: ``python3 -m gnuradio.xband.worker PLAN.json`` (see xband_core.plan).

Compiles and starts the plan's flowgraph, sends heartbeats, and stops at the plan's last sample, at the end of the
source, or on SIGINT or SIGTERM, each time by letting the source end: everything received is decoded and sent.

Exit status: 0 end of stream or stopped when asked to; 2 wrong plan; 3 flowgraph refused; 4 source failed; anything else
is a crash. A block that raises aborts the process (SIGABRT).
"""

from __future__ import annotations

import argparse
import faulthandler
import inspect
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from gnuradio import gr

from xband_core.errors import XbandError
from xband_core.mission import load_mission
from xband_core.plan import PassPlan, PlanError, load_plan

from .flowgraph import FlowgraphError, load_flowgraph, shift_plan
from .iq_input import IqInput, SourceError, open_iq
from .worker_events import EventSender, Instruments

EXIT_OK, EXIT_BAD_PLAN, EXIT_FLOWGRAPH_REFUSED, EXIT_SOURCE_FAILED, EXIT_CRASH = 0, 2, 3, 4, 1
SNAPSHOT_INTERVAL_S = 1.0
_POLL_S = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one plan. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m gnuradio.xband.worker", description=__doc__)
    parser.add_argument("plan", type=Path, help="pass plan, a JSON file that the station writes")
    faulthandler.enable()
    # Signals that come before the flowgraph runs end the process as they always do: there is nothing to flush yet.
    try:
        plan = load_plan(parser.parse_args(arguments).plan)
    except XbandError as error:
        return _refuse(error, EXIT_BAD_PLAN)
    with EventSender(plan.events_endpoint, plan.pass_id, plan.instance) as events:
        try:
            return _Worker(plan, events).run()
        except PlanError as error:
            return _refuse(error, EXIT_BAD_PLAN, events)
        except FlowgraphError as error:
            return _refuse(error, EXIT_FLOWGRAPH_REFUSED, events)
        except SourceError as error:
            return _refuse(error, EXIT_SOURCE_FAILED, events)
        except XbandError as error:
            return _refuse(error, EXIT_BAD_PLAN, events)


def _refuse(error: Exception, status: int, events: EventSender | None = None) -> int:
    print(f"error: {error}", file=sys.stderr)
    if events is not None:
        events.send("log", level="error", text=str(error))
    return status


class _Worker:
    """State of the one pass."""

    def __init__(self, plan: PassPlan, events: EventSender) -> None:
        self._plan = plan
        self._events = events
        self._stop_requests = 0
        self._ended = threading.Event()

    def run(self) -> int:
        """Raises: PlanError, FlowgraphError, SourceError and other XbandError before the flowgraph runs."""
        flowgraph_class = load_flowgraph(Path(self._plan.flowgraph))
        source = self._open_source()
        top = self._instantiate(flowgraph_class, source)
        instruments = Instruments(top, source.first_sample_index)
        self._check_mission(instruments)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        top.start()
        threading.Thread(target=self._wait_for_end, args=(top,), daemon=True, name="end of flowgraph").start()
        self._watch(instruments)
        return self._finish(instruments)

    def _open_source(self) -> IqInput:
        """The source is opened here, not by the flowgraph: where it begins decides what the flowgraph is told."""
        source = self._plan.source
        if source.uri.startswith("soapy:"):
            return IqInput(fd=-1, first_sample_time_ns=time.time_ns())
        return open_iq(source.uri, source.format, source.sample_rate_hz)

    def _instantiate(self, flowgraph_class: type[gr.top_block], source: IqInput) -> gr.top_block:
        plan = self._plan
        known = self._known_parameters(source)
        accepted = inspect.signature(flowgraph_class).parameters
        if unknown := sorted(set(plan.parameters) - set(accepted)):
            raise PlanError(f"parameters: {plan.flowgraph} has no Parameter blocks {', '.join(unknown)}")
        values = {name: value for name, value in known.items() if name in accepted} | dict(plan.parameters)
        try:
            return flowgraph_class(**values)
        except ValueError as error:
            raise FlowgraphError(Path(plan.flowgraph), f"refuses the plan's values: {error}") from error

    def _known_parameters(self, source: IqInput) -> dict[str, Any]:
        """Values for a flowgraph's Parameter blocks; it need not have all of them."""
        plan = self._plan
        first = source.first_sample_index
        start_time_ns = source.first_sample_time_ns
        if plan.first_sample_time_ns is not None:
            start_time_ns = plan.first_sample_time_ns + round(first * 1e9 / plan.source.sample_rate_hz)
        segments = [(segment.start_sample, list(segment.coefficients_hz)) for segment in plan.doppler]
        stop_sample = 0
        if plan.stop_sample is not None:
            if plan.stop_sample <= first:
                raise PlanError(f"stop_sample: {plan.stop_sample} found, but the source begins at sample {first}")
            stop_sample = plan.stop_sample - first
        return {
            "source_uri": plan.source.uri if source.fd < 0 else f"fd:{source.fd}",
            "iq_format": plan.source.format,
            "sample_rate_hz": plan.source.sample_rate_hz,
            "stop_sample": stop_sample,
            "mission": plan.mission,
            "frequency_plan": shift_plan(segments, first, plan.source.sample_rate_hz),
            "frames_endpoint": plan.frames_endpoint,
            "start_time_ns": -1 if start_time_ns is None else start_time_ns,
            "clock_quality": plan.clock_quality,
            "pass_id": plan.pass_id,
            "station": plan.station,
            # A radio's samples cannot wait for a slow station; a file's and a server's can.
            "when_full": "drop_oldest" if plan.source.uri.startswith("soapy:") else "block",
        }

    def _check_mission(self, instruments: Instruments) -> None:
        wanted = load_mission(self._plan.mission).name
        for publisher in instruments.publishers:
            if publisher.mission.name != wanted:
                reason = f"receives {publisher.mission.name}, the plan asks for {wanted}"
                raise FlowgraphError(Path(self._plan.flowgraph), reason)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1

    def _wait_for_end(self, top: gr.top_block) -> None:
        top.wait()
        self._ended.set()

    def _watch(self, instruments: Instruments) -> None:
        """Heartbeats and snapshots until the flowgraph has ended."""
        next_heartbeat_s = next_snapshot_s = time.monotonic()
        handled_requests = 0
        is_over = False
        while not is_over:
            now_s = time.monotonic()
            if self._stop_requests > handled_requests:
                handled_requests = self._stop_requests
                instruments.request_stop()
                if handled_requests > 1:  # asked again: what the station does not take is given up
                    for publisher in instruments.publishers:
                        publisher.abandon()
            if now_s >= next_heartbeat_s:
                next_heartbeat_s = now_s + self._plan.heartbeat_s
                self._events.send("heartbeat", **instruments.counts())
            if now_s >= next_snapshot_s and (snapshot := instruments.snapshot()) is not None:
                next_snapshot_s = now_s + SNAPSHOT_INTERVAL_S
                self._events.send("snapshot", **snapshot)
            is_over = self._ended.wait(min(_POLL_S, self._plan.heartbeat_s))

    def _finish(self, instruments: Instruments) -> int:
        if (snapshot := instruments.snapshot()) is not None:
            self._events.send("snapshot", **snapshot)
        counts = instruments.counts()
        if error := instruments.source_error():
            print(f"error: IQ source {self._plan.source.uri}: {error}", file=sys.stderr)
            self._events.send("end", reason=f"source failed: {error}", **counts)
            return EXIT_SOURCE_FAILED
        for publisher in instruments.publishers:
            if failure := publisher.failure():
                self._events.send("end", reason=f"frames cannot be sent: {failure}", **counts)
                return EXIT_CRASH
        reason = "asked to stop" if self._stop_requests else "end of stream"
        self._events.send("end", reason=reason, **counts)
        print(f"{reason}: {counts['samples']} samples, {counts['frames_published']} frames", file=sys.stderr)
        return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
