# SPDX-License-Identifier: GPL-3.0-or-later
"""Publisher and consumer over real sockets: numbers, ticks, gaps, totals; the listener in a process of its own."""

import dataclasses
import json
import subprocess
import sys
import time

import pytest
import zmq

from xband_core.errors import OutputError, XbandError
from xband_core.stream_monitor import StreamMonitor
from xband_core.wire import decode_message
from xband_core.wire_types import FramesMessage, Gap, PassEnd, PassStart
from xband_station.publisher import Publisher

FRAME_LEN_BYTES = 100
START = PassStart("s", 1, "m", "p1", "SAT", 1, 0, 10**9, 45.0)
END = PassEnd("s", 2, "m", "p1", "complete", 0, 0, 0, 0.0)
GAP = Gap("s", 1, "m", "p1", "receiver", "killed", 1_000_000_000, 3_500_000_000)


def frames(count, vcid=16, pass_id="p1", frame_len_bytes=FRAME_LEN_BYTES):
    """A receiver's message as docs/wire-format.md describes it."""
    header = {
        "xband": 1,
        "type": "frames",
        "station": "s",
        "session": "",
        "seq": 0,
        "mission": "m",
        "pass_id": pass_id,
        "vcid": vcid,
        "first_frame_seq": 0,
        "count": count,
        "frame_len_bytes": frame_len_bytes,
        "metadata_len_bytes": 64,
        "clock_quality": "ntp",
        "sample_rate_hz": 1e6,
        "symbol_rate_error_ppm": None,
    }
    topic = "bad.m" if vcid is None else f"frames.m.{vcid}"
    return [topic.encode(), json.dumps(header).encode(), bytes(64 * count), bytes(frame_len_bytes * count)]


class Receiver:
    def __init__(self, context, endpoint):
        self.socket = context.socket(zmq.PUSH)
        self.socket.connect(endpoint)

    def send(self, *messages):
        for message in messages:
            self.socket.send_multipart(message)


class Consumer:
    def __init__(self, context, publisher, high_water_mark=10_000):
        self.socket = context.socket(zmq.SUB)
        self.socket.set(zmq.RCVHWM, high_water_mark)
        self.socket.subscribe(b"")
        self.socket.connect(publisher.endpoint)
        self.monitor = StreamMonitor()
        wait_for(lambda: publisher.subscriptions)

    def take_until(self, kind):
        messages = []
        while self.socket.poll(5000):
            message = decode_message(self.socket.recv_multipart())
            self.monitor.observe(message)
            messages.append(message)
            if getattr(message, "TYPE", "frames") == kind:
                return messages
        raise AssertionError(f"no {kind} came")


def wait_for(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("did not happen within 10 s")


@pytest.fixture
def context():
    with zmq.Context() as context:
        yield context
        context.destroy(linger=0)


@pytest.fixture
def station(tmp_path, context):
    """Publisher, and a receiver connected to it."""
    publisher = Publisher("s", "tcp://127.0.0.1:*", f"ipc://{tmp_path}/frames", tick_s=0.1)
    yield publisher, Receiver(context, f"ipc://{tmp_path}/frames")
    publisher.close()


def test_everything_is_numbered_and_the_totals_agree(station, context):
    publisher, receiver = station
    consumer = Consumer(context, publisher)
    publisher.begin_pass(START, None)
    receiver.send(frames(3), frames(4), frames(2, vcid=1), frames(5, vcid=None))
    totals = publisher.drain()
    publisher.end_pass(END)
    messages = consumer.take_until("pass_end")
    assert (totals.frames(), totals.frames("bad."), totals.rejected) == (9, 5, 0)
    assert [(m.topic, m.seq, m.first_frame_seq) for m in messages if isinstance(m, FramesMessage)] == [
        ("frames.m.16", 0, 0),
        ("frames.m.16", 1, 3),
        ("frames.m.1", 0, 0),
        ("bad.m", 0, 0),
    ]
    assert {topic: total.frames for topic, total in messages[-1].topics.items() if total.frames} == {
        "frames.m.16": 7,
        "frames.m.1": 2,
        "bad.m": 5,
    }
    assert all(state.missed_messages == 0 for state in consumer.monitor.topics.values())


def test_ticks_come_without_any_pass(station, context):
    publisher, _ = station
    messages = Consumer(context, publisher).take_until("tick")
    assert (messages[-1].state, messages[-1].pass_id) == ("idle", None)


def test_frames_of_no_pass_or_another_are_rejected(station, context):
    publisher, receiver = station
    consumer = Consumer(context, publisher)
    publisher.begin_pass(START, None)
    receiver.send(frames(3, pass_id="other"), [b"x"], frames(1)[:3], frames(2))
    totals = publisher.drain()
    publisher.end_pass(END)
    receiver.send(frames(7))
    assert (totals.frames(), totals.rejected) == (2, 3)
    assert sum(len(m.frames) for m in consumer.take_until("pass_end") if isinstance(m, FramesMessage)) == 2


def test_gap_is_explained(station, context):
    publisher, _ = station
    consumer = Consumer(context, publisher)
    publisher.begin_pass(START, None)
    publisher.gap(GAP)
    (gap,) = [m for m in consumer.take_until("gap") if isinstance(m, Gap)]
    assert dataclasses.replace(gap, session="") == GAP


def test_a_stalled_consumer_neither_blocks_nor_goes_unnoticed(station, context):
    """It is dropped for, others are served, and its own counters tell it how much it missed."""
    publisher, receiver = station
    quick = Consumer(context, publisher)
    slow = Consumer(context, publisher, high_water_mark=10)
    wait_for(lambda: publisher.subscriptions == 2)
    publisher.begin_pass(START, None)
    count, large = 6000, 20_000  # 120 MB: more than the sockets' and the system's buffers hold
    for _ in range(count // 100):
        receiver.send(*[frames(1, frame_len_bytes=large)] * 100)
        while quick.socket.poll(0):
            quick.monitor.observe(decode_message(quick.socket.recv_multipart()))
    totals = publisher.drain()
    publisher.end_pass(END)
    quick.take_until("pass_end")
    assert totals.frames() == count
    assert quick.monitor.topics["frames.m.16"].received_frames == count
    deadline_s = time.monotonic() + 20.0
    state = None
    while time.monotonic() < deadline_s and slow.socket.poll(5000):
        slow.monitor.observe(decode_message(slow.socket.recv_multipart()))
        state = slow.monitor.topics.get("frames.m.16")
        if state and state.received_frames + state.missed_frames == count:
            break
    assert state.received_frames + state.missed_frames == count
    assert state.missed_frames > 0


def test_archive_failure_does_not_stop_the_publishing(station):
    publisher, receiver = station

    class FullDisk:
        def write(self, message):
            raise OutputError("frames.bin", "No space left on device")

    publisher.begin_pass(START, FullDisk())
    receiver.send(frames(3), frames(4))
    totals = publisher.drain()
    assert totals.frames() == 7
    assert "No space left" in totals.archive_error


def test_an_endpoint_in_use_is_named(station, tmp_path):
    publisher, _ = station
    with pytest.raises(XbandError, match=publisher.endpoint):
        Publisher("s", publisher.endpoint, f"ipc://{tmp_path}/other")


def listen(publisher, *arguments):
    command = [sys.executable, "-m", "xband_station", "listen", publisher.endpoint, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: publisher.subscriptions)
    return process


def test_listener_process_accounts_for_a_pass(station):
    publisher, receiver = station
    process = listen(publisher, "--json", "--until-pass-end")
    publisher.begin_pass(START, None)
    receiver.send(frames(3), frames(4))
    publisher.gap(GAP)
    publisher.drain()
    publisher.end_pass(END)
    output, _ = process.communicate(timeout=20)
    *events, summary = map(json.loads, output.splitlines())
    assert [event["type"] for event in events] == ["pass_start", "gap", "pass_end"]
    assert events[1]["reason"] == "killed"
    assert (summary["frames"], summary["missed_messages"], summary["gaps"]) == (7, 0, 1)
    assert process.returncode == 0


def test_listener_speaks_to_people_too(station):
    publisher, receiver = station
    process = listen(publisher, "--until-pass-end")
    publisher.begin_pass(START, None)
    receiver.send(frames(3))
    publisher.gap(GAP)
    publisher.drain()
    publisher.end_pass(END)
    output, _ = process.communicate(timeout=20)
    assert "p1 gap: receiver: killed, 2.5 s" in output
    assert "frames.m.16" in output


def test_listener_reports_that_nothing_came():
    command = [
        sys.executable,
        "-m",
        "xband_station",
        "listen",
        "tcp://127.0.0.1:1",
        "--until-pass-end",
        "--timeout",
        "1",
    ]
    assert subprocess.run(command, capture_output=True, timeout=30).returncode == 1


def test_listener_names_a_bad_address():
    done = subprocess.run(
        [sys.executable, "-m", "xband_station", "listen", "nonsense"], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr.startswith("xband: 'nonsense'")) == (2, True)
