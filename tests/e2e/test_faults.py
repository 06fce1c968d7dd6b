# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the real receiver in mid-pass: killed, stopped, a raising Python block. The station replaces it, states the
loss, and the consumer is told why frames are missing. Live signal: what is not taken in time is gone."""

import contextlib
import dataclasses
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from patience import until

from xband_core.mission import load_mission
from xband_station.clock import SimulatedClock
from xband_station.flowgraph import find_flowgraph
from xband_station.orbit.doppler import doppler_plan
from xband_station.orbit.geometry import Tracker
from xband_station.planning.schedule import make_schedule
from xband_station.station_config import load_station
from xband_station.supervisor import SignalBounds, Supervisor
from xband_station.times import parse_time, to_ns

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("gnuradio") is None, reason="GNU Radio is not installed"),
    pytest.mark.skipif(
        importlib.util.find_spec("gnuradio") is not None and importlib.util.find_spec("gnuradio.xband") is None,
        reason="the blocks are not built",
    ),
]

SYMBOL_RATE_HZ = 0.5e6
RATE_HZ = 2.6 * SYMBOL_RATE_HZ  # room for 170 kHz of Doppler beside the signal
SIGNAL_S = 18.0
FAULT_AT_S = 4.0
# The station's limit: silence of 3 s, then a restart.
MAX_LOST_S = 8.0

RAISING_BLOCK = """
import os
import numpy as np
from gnuradio import gr

class blk(gr.sync_block):
    def __init__(self):
        gr.sync_block.__init__(self, "raiser", in_sig=[(np.int8, 2)], out_sig=None)
        self.left = {after}

    def work(self, input_items, output_items):
        self.left -= len(input_items[0])
        if self.left < 0 and not os.path.exists({marker!r}):
            open({marker!r}, "w").close()
            raise RuntimeError("a Python block that raises")
        return len(input_items[0])
"""


@pytest.fixture
def mission_file(tmp_path):
    """Suomi NPP at a rate that needs little of the machine."""
    text = load_mission("suomi-npp").file.read_text()
    slow = text.replace("symbol_rate_hz: 15.0e6", f"symbol_rate_hz: {SYMBOL_RATE_HZ:g}").replace(
        "name: suomi-npp", "name: slow-npp", 1
    )
    assert slow.count("slow-npp") == 1
    file = tmp_path / "slow-npp.yml"
    file.write_text(slow)
    return file


def add_raising_block(mission_file):
    """The shipped flowgraph with one block more, beside the mission file, where it is found first."""
    mission = load_mission(mission_file)
    flowgraph = yaml.safe_load(Path(find_flowgraph(mission)).read_text())
    marker = str(mission_file.parent / "raised")
    source = RAISING_BLOCK.format(after=round(FAULT_AT_S * RATE_HZ), marker=marker)
    block = {"name": "raiser", "id": "epy_block", "parameters": {"_source_code": source}, "states": {}}
    block["states"] = dict(flowgraph["blocks"][-1]["states"])
    flowgraph["blocks"].append(block)
    flowgraph["connections"].append(["iq_source", "0", "raiser", "0"])
    (mission_file.parent / mission.flowgraph).write_text(yaml.safe_dump(flowgraph))


@contextlib.contextmanager
def simulator(mission_file, station, planned):
    """A live signal with the pass's Doppler; gives its address."""
    tracker = Tracker(planned.elements, station.site)
    frequency_hz = load_mission(mission_file).centre_frequency_hz
    doppler = doppler_plan(tracker, planned.aos, SIGNAL_S, RATE_HZ, frequency_hz)
    content = {
        "sample_rate_hz": RATE_HZ,
        "first_sample_time_ns": to_ns(planned.aos),
        "doppler": [dataclasses.asdict(segment) for segment in doppler],
    }
    plan = mission_file.parent / "signal.json"
    plan.write_text(json.dumps(content))
    command = [sys.executable, "-m", "xband_station", "simulate", "--mission", str(mission_file), "--realtime"]
    command += ["--serve", "tcp://127.0.0.1:0", "--seconds", f"{SIGNAL_S:g}", "--es-n0-db", "10"]
    command += ["--plan", str(plan)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.kill()
        process.wait()


def receive(tmp_path, mission_file, fault=None):
    """One live pass; ``fault`` is called with the first receiver's process id. Returns report and consumer's lines."""
    clock = SimulatedClock(parse_time("2026-07-22T06:30:00Z"))
    default = load_station()
    station = dataclasses.replace(default, output_dir=tmp_path / "passes", publish="tcp://127.0.0.1:*")
    with contextlib.ExitStack() as stack:
        receiver = dataclasses.replace(default.receiver, sample_rate_hz=RATE_HZ, clock_quality="simulated")
        planned = make_schedule(station, station.catalogue(), clock.now(), 24.0).accepted[0]
        uri = stack.enter_context(simulator(mission_file, station, planned))
        station = dataclasses.replace(station, receiver=dataclasses.replace(receiver, source=uri))
        supervisor = stack.enter_context(Supervisor(station, clock))
        choice = dataclasses.replace(planned.choice, mission=load_mission(mission_file), reference=str(mission_file))
        planned = dataclasses.replace(planned, choice=choice, los=planned.aos + timedelta(seconds=SIGNAL_S))
        command = [sys.executable, "-m", "xband_station", "listen", supervisor.publisher.endpoint]
        command += ["--json", "--until-pass-end", "--timeout", "60"]
        listener = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert until(lambda: supervisor.publisher.subscriptions)
        clock.sleep_until(planned.aos, threading.Event())
        if fault:
            threading.Thread(target=strike, args=(clock, planned.aos, tmp_path, fault), daemon=True).start()
        record = supervisor.receive(planned, SignalBounds(planned.aos, round(SIGNAL_S * RATE_HZ)))
        output, _ = listener.communicate(timeout=30)
    return (
        record,
        json.loads((Path(record.folder) / "report.json").read_text()),
        [json.loads(line) for line in output.splitlines()],
    )


def strike(clock, aos, tmp_path, fault):
    """Hits the process that runs the first plan, once the signal has come to FAULT_AT_S."""
    while (clock.now() - aos).total_seconds() < FAULT_AT_S:
        time.sleep(0.1)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                if b"gnuradio.xband.worker" in line and str(tmp_path).encode() in line:
                    os.kill(int(entry.name), fault)


def test_an_undisturbed_live_pass(tmp_path, mission_file):
    record, report, events = receive(tmp_path, mission_file)
    assert (report["outcome"], report["restarts"], report["problems"]) == ("complete", 0, [])
    assert record.frames_usable == report["frames_published"]["good_and_corrected"] == events[-1]["frames"] > 900
    assert len(report["spectrum_db"]) > 100
    assert len(report["constellation"]) > 100


@pytest.mark.parametrize("kind", ["SIGKILL", "SIGSTOP", "raising block"])
def test_a_fault_in_mid_pass(tmp_path, mission_file, kind):
    if kind == "raising block":
        add_raising_block(mission_file)
    _, report, events = receive(tmp_path, mission_file, None if kind == "raising block" else signal.Signals[kind])
    assert report["restarts"] == 1, report["problems"]
    (gap,) = report["gaps"]
    assert gap["basis"] == "samples"
    assert 0.3 < report["lost_s"] < MAX_LOST_S
    explained = [event for event in events if event["type"] == "gap" and event["cause"] == "receiver"]
    assert [event["reason"] for event in explained] == [gap["reason"]]
    assert events[-1]["missed_messages"] == 0
    assert events[-1]["frames"] == report["frames_published"]["good_and_corrected"]
    # About 61 frames a second for the time that was not lost.
    frames_per_s = load_mission(mission_file).frame_rate_hz
    assert events[-1]["frames"] > 0.8 * frames_per_s * (SIGNAL_S - report["lost_s"])
