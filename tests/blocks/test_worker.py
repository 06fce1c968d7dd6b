# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker as the station sees it: a process, its messages and its exit status."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
import zmq
from test_frames import SAMPLE_RATE_HZ, make_frames, make_samples

from xband_core.wire import decode_message
from xband_core.wire_types import FramesMessage

FLOWGRAPHS = Path(__file__).resolve().parents[2] / "flowgraphs"
N_FRAMES = 300


class Station:
    """PULL sockets for frames and events, and a plan to start from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._context = zmq.Context()
        self._sockets = {}
        for name in ("frames", "events"):
            endpoint = f"ipc://{folder}/{name}"
            self._sockets[endpoint] = socket = self._context.socket(zmq.PULL)
            socket.bind(endpoint)
        self.frames_endpoint, self.events_endpoint = self._sockets
        self.frames: list[FramesMessage] = []
        self.events: list[dict] = []
        self._is_closing = False
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def plan(self, **changed) -> dict:
        return {
            "plan_version": 1,
            "pass_id": "p1",
            "station": "almaty",
            "mission": "suomi-npp",
            "satellite": "SUOMI NPP",
            "flowgraph": str(FLOWGRAPHS / "suomi-npp.grc"),
            "parameters": {},
            "source": {"uri": "", "format": "cs8", "sample_rate_hz": SAMPLE_RATE_HZ},
            "start_time_ns": 0,
            "stop_time_ns": 1,
            "stop_sample": None,
            "first_sample_time_ns": 1_700_000_000_000_000_000,
            "clock_quality": "simulated",
            "doppler": [],
            "frames_endpoint": self.frames_endpoint,
            "events_endpoint": self.events_endpoint,
            "instance": 0,
            "heartbeat_s": 0.1,
        } | changed

    def start(self, plan: dict) -> subprocess.Popen:
        file = self.folder / "plan.json"
        file.write_text(json.dumps(plan))
        environment = os.environ | {"XDG_CACHE_HOME": str(self.folder.parent / "cache")}
        return subprocess.Popen(
            [sys.executable, "-m", "gnuradio.xband.worker", str(file)],
            env=environment,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def run(self, plan: dict, timeout_s: float = 60) -> tuple[int, str]:
        process = self.start(plan)
        _, said = process.communicate(timeout=timeout_s)
        self.close()
        return process.returncode, said

    def wait_for(self, kind: str, timeout_s: float = 60, **fields) -> dict:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for event in list(self.events):
                if event["type"] == kind and all(event[key] == value for key, value in fields.items()):
                    return event
            time.sleep(0.02)
        raise AssertionError(f"no {kind} event with {fields} within {timeout_s} s")

    def close(self) -> None:
        self._is_closing = True
        self._thread.join()
        for sock in self._sockets.values():
            sock.close(linger=0)
        self._context.term()

    def _receive(self) -> None:
        """Goes on after the end was asked for until nothing has come for a while."""
        poller = zmq.Poller()
        for sock in self._sockets.values():
            poller.register(sock, zmq.POLLIN)
        while ready := poller.poll(300) or not self._is_closing:
            for sock, _ in ready if isinstance(ready, list) else []:
                parts = sock.recv_multipart()
                if sock is self._sockets[self.events_endpoint]:
                    self.events.append(json.loads(parts[0]))
                elif isinstance(message := decode_message(parts), FramesMessage):
                    self.frames.append(message)


@pytest.fixture
def station(tmp_path_factory):
    made = Station(tmp_path_factory.mktemp("station"))
    yield made
    if not made._is_closing:
        made.close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> tuple[Path, np.ndarray]:
    frames = make_frames(N_FRAMES)
    path = tmp_path_factory.mktemp("recording") / "pass.cs8"
    path.write_bytes(make_samples(frames).tobytes())
    return path, frames


def source(path: Path) -> dict:
    return {"uri": f"file:{path}", "format": "cs8", "sample_rate_hz": SAMPLE_RATE_HZ}


@pytest.mark.parametrize("flowgraph", ["suomi-npp.grc", "receiver.grc"])
def test_every_frame_of_a_recording_reaches_the_station(station, recording, flowgraph):
    path, frames = recording
    status, said = station.run(station.plan(source=source(path), flowgraph=str(FLOWGRAPHS / flowgraph)))
    assert status == 0, said
    received = np.concatenate([message.frames for message in station.frames])
    assert np.array_equal(received, frames)
    metadata = np.concatenate([message.metadata for message in station.frames])
    elapsed_s = (metadata["time_ns"] - 1_700_000_000_000_000_000) / 1e9
    assert np.diff(elapsed_s) == pytest.approx(8192 / 15e6, abs=1e-8)
    assert {message.station for message in station.frames} == {"almaty"}
    end = station.events[-1]
    assert (end["type"], end["reason"]) == ("end", "end of stream")
    assert end["frames_good"] + end["frames_corrected"] == end["frames_published"] == N_FRAMES
    assert end["samples"] == path.stat().st_size // 2
    assert end["queue_depth"] == end["messages_dropped"] == 0
    snapshot = [event for event in station.events if event["type"] == "snapshot"][-1]
    assert len(snapshot["spectrum_db"]) == 512
    assert len(snapshot["constellation"]) > 100
    beat = [event for event in station.events if event["type"] == "heartbeat"][-1]
    assert {"samples", "symbols", "locked", "es_n0_db", "carrier_offset_hz", "cpu_s", "pass_id"} <= set(beat)


def test_memory_is_the_workers_own(station, recording):
    """Linux begins a process's ru_maxrss at what its parent holds, here 400 MB more than a worker needs."""
    ballast = np.ones(50 << 20)
    status, said = station.run(station.plan(source=source(recording[0])))
    assert status == 0, said
    assert ballast.nbytes > 2 * station.events[-1]["memory_bytes"] > 2 * 20e6


def test_stop_sample_ends_the_pass_with_everything_flushed(station, recording):
    path, frames = recording
    stop_sample = int(200.5 * 8192 * 33 / 15)
    status, said = station.run(station.plan(source=source(path), stop_sample=stop_sample))
    assert status == 0, said
    assert station.events[-1]["samples"] == stop_sample
    received = np.concatenate([message.frames for message in station.frames if message.vcid is not None])
    assert len(received) >= 199
    assert np.array_equal(received[:199], frames[:199])


class IqServer(threading.Thread):
    """An xband-iq server that sends a recording over and over, and then nothing while the connection stays."""

    def __init__(self, samples: bytes, **header) -> None:
        super().__init__(daemon=True)
        self._samples = samples
        self._header = {
            "xband_iq": 1,
            "format": "cs8",
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "first_sample_index": 0,
        } | header
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.hang_up = threading.Event()

    def run(self) -> None:
        connection, _ = self._listener.accept()
        connection.sendall(json.dumps(self._header).encode() + b"\n" + self._samples)
        self.hang_up.wait(60)
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_flushes_and_ends(station, recording, number):
    path, frames = recording
    server = IqServer(path.read_bytes(), first_sample_index=1_000_000, first_sample_time_ns=7)
    server.start()
    plan = station.plan(source={"uri": server.uri, "format": "cs8", "sample_rate_hz": SAMPLE_RATE_HZ})
    process = station.start(plan)
    beat = station.wait_for("heartbeat", samples=path.stat().st_size // 2)
    assert beat["first_sample_index"] == 1_000_000
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    station.close()
    assert process.returncode == 0, said
    assert station.events[-1]["reason"] == "asked to stop"
    assert np.array_equal(np.concatenate([message.frames for message in station.frames]), frames)
    # Sample 0 is the plan's; the stream began a million samples later.
    expected_ns = 1_700_000_000_000_000_000 + round(1_000_000 * 1e9 / SAMPLE_RATE_HZ)
    assert station.frames[0].metadata["time_ns"][0] == pytest.approx(expected_ns, abs=5_000)


def test_end_of_the_connection_is_the_end_of_the_stream(station, recording):
    path, _ = recording
    server = IqServer(path.read_bytes())
    server.hang_up.set()
    server.start()
    status, said = station.run(
        station.plan(source={"uri": server.uri, "format": "cs8", "sample_rate_hz": SAMPLE_RATE_HZ})
    )
    assert status == 0, said
    assert station.events[-1]["frames_published"] == N_FRAMES


def edited(folder: Path, change) -> str:
    """A copy of suomi-npp.grc with something else in it."""
    content = yaml.safe_load((FLOWGRAPHS / "suomi-npp.grc").read_text())
    change(content)
    path = folder / "edited.grc"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def option(key: str, value: str | None):
    def change(content: dict) -> None:
        content["options"]["parameters"].pop(key)
        if value is not None:
            content["options"]["parameters"][key] = value

    return change


def disable(name: str):
    def change(content: dict) -> None:
        next(block for block in content["blocks"] if block["name"] == name)["states"]["state"] = "disabled"

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (option("run_options", "prompt"), "run_options is 'prompt', must be 'run'"),
        (option("run_options", None), "run_options is 'not set'"),
        (option("generate_options", "qt_gui"), "generate_options is 'qt_gui', must be 'no_gui'"),
        (option("catch_exceptions", "True"), "catch_exceptions is 'True', must be 'False'"),
        (option("catch_exceptions", None), "catch_exceptions is 'not set'"),
        (disable("frame_publisher"), "xband_frame_publisher"),
        (disable("frames_endpoint"), "lacks Parameter blocks: frames_endpoint"),
        (disable("psk_demod"), "does not compile"),
    ],
)
def test_flowgraph_that_cannot_be_supervised_is_refused(station, recording, tmp_path, change, named):
    plan = station.plan(source=source(recording[0]), flowgraph=edited(tmp_path, change))
    status, said = station.run(plan)
    assert status == 3
    assert named in said
    assert "Traceback" not in said
    assert named in station.events[-1]["text"]


@pytest.mark.parametrize(
    ("changed", "expected_status", "named"),
    [
        ({"flowgraph": "/nonexistent.grc"}, 3, "/nonexistent.grc: cannot be read"),
        ({"flowgraph": __file__}, 3, "not a GNU Radio Companion file"),
        ({"mission": "noaa-20"}, 3, "receives suomi-npp, the plan asks for noaa-20"),
        ({"mission": "noaa-02"}, 2, "no such mission"),
        ({"parameters": {"colour": "red"}}, 2, "colour"),
        ({"plan_version": 9}, 2, "plan_version"),
        ({"source": {"uri": "file:/nonexistent", "format": "cs8", "sample_rate_hz": 33e6}}, 4, "No such file"),
        ({"source": {"uri": "file:/", "format": "cs8", "sample_rate_hz": 33e6}}, 4, "directory"),
        ({"source": {"uri": "tcp://127.0.0.1:1", "format": "cs8", "sample_rate_hz": 33e6}}, 4, "refused"),
        ({"source": {"uri": "file:/dev/null", "format": "cs8", "sample_rate_hz": 1e6}}, 3, "refuses the plan's values"),
    ],
)
def test_wrong_plans_have_their_exit_status_and_no_traceback(station, recording, changed, expected_status, named):
    status, said = station.run(station.plan(source=source(recording[0])) | changed)
    assert named in said
    assert status == expected_status
    assert "Traceback" not in said


def test_server_of_another_format_is_a_failed_source(station):
    server = IqServer(b"", format="cs16")
    server.start()
    status, said = station.run(
        station.plan(source={"uri": server.uri, "format": "cs8", "sample_rate_hz": SAMPLE_RATE_HZ})
    )
    assert status == 4
    assert "sends cs16, expected cs8" in said


RAISING_BLOCK = """
import numpy as np
from gnuradio import gr

class blk(gr.sync_block):
    def __init__(self):
        gr.sync_block.__init__(self, name="raises", in_sig=[np.int8], out_sig=None)

    def work(self, input_items, output_items):
        raise RuntimeError("this block was made to fail")
"""


def test_raising_python_block_ends_the_process(station, recording, tmp_path):
    """Not a hang and not exit status 0: the station must see it."""

    def add_block(content: dict) -> None:
        states = {"coordinate": [500, 600], "rotation": 0, "state": "enabled"}
        parameters = {"_source_code": RAISING_BLOCK}
        content["blocks"].append({"name": "raises", "id": "epy_block", "parameters": parameters, "states": states})
        content["connections"].append(["psk_demod", "0", "raises", "0"])

    plan = station.plan(source=source(recording[0]), flowgraph=edited(tmp_path, add_block))
    status, said = station.run(plan)
    assert status == -signal.SIGABRT
    assert "this block was made to fail" in said
    assert not [event for event in station.events if event["type"] == "end"]
