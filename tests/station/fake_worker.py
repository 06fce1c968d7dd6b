# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the receiver: speaks its protocol, receives nothing, and fails as it is told.

    fake_worker.py [--fault NAME@SECONDS] [--instances N] [--frames-per-s N] PLAN

The fault strikes in the first N instances, SECONDS after the start: exit (code 0), crash (code 1), kill (SIGKILL to
itself), freeze (SIGSTOP to itself), stall (heartbeats, no more samples), silent (never a heartbeat), refuse (exit 3),
flood (megabytes on stdout and nonsense events), garbage (messages that are none). Or for ever: deaf (ignores SIGINT and
SIGTERM).
"""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import zmq

from xband_core.mission import load_mission
from xband_core.plan import load_plan

HEARTBEAT_S = 0.05


class FakeWorker:
    def __init__(self, plan, frames_per_s):
        self.plan = plan
        self.mission = load_mission(plan.mission)
        self.frames_per_s = frames_per_s
        self.samples = 0
        self.frames = 0
        self.is_stalled = False
        context = zmq.Context.instance()
        self.frames_socket = context.socket(zmq.PUSH)
        self.events_socket = context.socket(zmq.PUSH)
        for socket, endpoint in (
            (self.frames_socket, plan.frames_endpoint),
            (self.events_socket, plan.events_endpoint),
        ):
            socket.set(zmq.LINGER, 1000)
            socket.connect(endpoint)

    def step(self):
        """One heartbeat's worth of signal."""
        if not self.is_stalled:
            self.samples += round(self.plan.source.sample_rate_hz * HEARTBEAT_S)
            self.send_frames(round(self.frames_per_s * HEARTBEAT_S))
        self.send_event(type="heartbeat", **self.counts())

    def counts(self):
        return {
            "samples": self.samples,
            "frames_good": self.frames,
            "locked": True,
            "es_n0_db": 9.5,
            "evm_percent": 33.5,
            "channel_bits": 16384 * self.frames,
            "channel_bit_errors": 20 * self.frames,
            "phase_slips": 1,
            "corrections": {"dc_dbc": -21.0, "is_dc_removed": True, "blanked_samples": self.samples // 100},
            "carrier_offset_hz": 1e5,
        }

    def send_event(self, **content):
        self.events_socket.send(json.dumps(content).encode())

    def send_frames(self, count):
        frame_len_bytes = self.mission.framing.frame_len_bytes
        header = {
            "xband": 1,
            "type": "frames",
            "station": self.plan.station,
            "session": "",
            "seq": 0,
            "mission": self.mission.name,
            "pass_id": self.plan.pass_id,
            "vcid": 16,
            "first_frame_seq": 0,
            "count": count,
            "frame_len_bytes": frame_len_bytes,
            "metadata_len_bytes": 64,
            "clock_quality": "simulated",
            "sample_rate_hz": self.plan.source.sample_rate_hz,
            "symbol_rate_error_ppm": 0.0,
        }
        topic = f"frames.{self.mission.name}.16".encode()
        self.frames_socket.send_multipart(
            [topic, json.dumps(header).encode(), bytes(64 * count), bytes(frame_len_bytes * count)]
        )
        self.frames += count

    def snapshot(self):
        spectrum = [-abs(index - 128) / 8 for index in range(256)]
        points = [[(-1) ** k * 0.7, (-1) ** (k // 2) * 0.7] for k in range(64)]
        self.send_event(type="snapshot", spectrum_db=spectrum, spectrum_width_hz=33e6, constellation=points)

    def strike(self, fault):
        if fault == "exit":
            sys.exit(0)
        if fault == "crash":
            raise RuntimeError("this worker was told to crash")
        if fault == "refuse":
            sys.exit(3)
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "freeze":
            os.kill(os.getpid(), signal.SIGSTOP)
        if fault == "silent":
            time.sleep(3600)
        if fault == "stall":
            self.is_stalled = True
        if fault == "flood":
            for _ in range(200):
                print("x" * 100_000)
                self.events_socket.send(b"\xff" * 100)
        if fault == "garbage":
            self.events_socket.send(b"[]")
            self.frames_socket.send_multipart([b"a", b"b", b"c"])
            self.frames_socket.send(b"")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", default="")
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--frames-per-s", type=int, default=2000)
    parser.add_argument("plan", type=Path)
    args = parser.parse_args()
    fault, _, after_s = args.fault.partition("@")
    is_asked_to_stop = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_asked_to_stop.append(True) if fault != "deaf" else None)
    plan = load_plan(args.plan)
    worker = FakeWorker(plan, args.frames_per_s)
    started_s = time.monotonic()
    is_armed = plan.instance < args.instances
    worker.snapshot()
    while not is_asked_to_stop and not (plan.stop_sample and worker.samples >= plan.stop_sample):
        if is_armed and fault and time.monotonic() - started_s >= float(after_s or 0):
            is_armed = False
            worker.strike(fault)
        worker.step()
        time.sleep(HEARTBEAT_S)
    worker.send_event(type="end", reason="asked to stop", **worker.counts())


if __name__ == "__main__":
    main()
