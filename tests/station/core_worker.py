# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver without GNU Radio: the kernels in a loop, the worker's protocol around them.

What the station is tested with where the real worker would only be slower. ``core_worker.py PLAN``.
"""

import json
import math
import signal
import socket
import sys
from pathlib import Path

import zmq

from xband_core._core import FrameDecoder, PskDemodulator
from xband_core.framing import FrameProcessor
from xband_core.mission import load_mission
from xband_core.plan import load_plan
from xband_core.records import Integrity
from xband_core.wire import encode_batches

BLOCK_BYTES = 4 << 20


def main():
    plan = load_plan(Path(sys.argv[1]))
    mission = load_mission(plan.mission)
    rate_hz = plan.source.sample_rate_hz
    frequency_plan = [(segment.start_sample, list(segment.coefficients_hz)) for segment in plan.doppler]
    config = mission.demodulator_config(rate_hz, plan.source.format)
    demodulator = PskDemodulator(**config, frequency_plan=frequency_plan)
    decoder = FrameDecoder(**mission.decoder_config())
    processor = FrameProcessor(mission, rate_hz, plan.first_sample_time_ns, plan.clock_quality, plan.pass_id)
    frames_socket, events_socket = (connect(endpoint) for endpoint in (plan.frames_endpoint, plan.events_endpoint))
    is_asked_to_stop = []
    signal.signal(signal.SIGINT, lambda *_: is_asked_to_stop.append(True))
    host, port = plan.source.uri.removeprefix("tcp://").split(":")
    stream = socket.create_connection((host, int(port))).makefile("rb")
    header = json.loads(stream.readline())
    assert header["format"] == plan.source.format
    samples = 0

    def report(kind, **facts):
        counts = processor.statistics.by_integrity
        stats = demodulator.stats()
        es_n0_db = stats["es_n0_db"]
        content = {
            "type": kind,
            "samples": samples,
            "first_sample_index": header["first_sample_index"],
            "frames_good": counts[Integrity.GOOD],
            "frames_corrected": counts[Integrity.CORRECTED],
            "frames_uncorrectable": counts[Integrity.UNCORRECTABLE],
            "locked": stats["is_locked"],
            "es_n0_db": es_n0_db if math.isfinite(es_n0_db) else None,
            "carrier_offset_hz": stats["carrier_offset_hz"],
        }
        events_socket.send(json.dumps({**content, **facts}).encode())

    def decode(is_last):
        decoder.mark(demodulator.pull_marks())
        decoder.push(demodulator.pull())
        if is_last:
            decoder.flush()
        records = decoder.pull()
        if len(records):
            for message in encode_batches(processor.process(records), plan.station):
                frames_socket.send_multipart(message)

    report("heartbeat")
    while not is_asked_to_stop and (block := stream.read(BLOCK_BYTES)):
        demodulator.push(block)
        samples += len(block) // 2
        decode(is_last=False)
        report("heartbeat")
        points = demodulator.recent_symbols()
        report("snapshot", spectrum_db=[], constellation=[[float(p.real), float(p.imag)] for p in points])
    demodulator.flush()
    decode(is_last=True)
    report("end", reason="end of stream")


def connect(endpoint):
    push = zmq.Context.instance().socket(zmq.PUSH)
    push.set(zmq.LINGER, 5000)
    push.connect(endpoint)
    return push


if __name__ == "__main__":
    main()
