# SPDX-License-Identifier: GPL-3.0-or-later
"""The same stream read in another language: tests/peer/consumer.c, written from docs/wire-format.md alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from make_records import blocks_of_cadus, make_records

from xband_core.framing import FrameProcessor
from xband_core.mission import load_mission
from xband_core.wire import Sequencer, decode_message, encode_batches, encode_event
from xband_core.wire_types import EVENT_TYPES, METADATA, Alarm, FramesMessage, PassEnd, PassStart, Tick

zmq = pytest.importorskip("zmq")

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "wire-format.md"
START_NS = 1_784_678_400_123_456_789


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    program = tmp_path_factory.mktemp("consumer") / "consumer"
    command = [
        compiler,
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        program,
        TESTS / "peer" / "consumer.c",
        "-lzmq",
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    if "zmq.h" in result.stderr and "No such file" in result.stderr:
        pytest.skip("libzmq3-dev is not installed")
    assert result.returncode == 0, result.stderr
    return program


def stream(cadu_dir: Path) -> list[list[bytes]]:
    """A pass as the station sends it: 130 real frames, three of them bad, in batches of 25."""
    mission = load_mission("suomi-npp")
    blocks = np.tile(blocks_of_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes()), (2, 1))
    integrity = np.zeros(len(blocks), np.uint8)
    integrity[[3, 50, 129]] = 2
    records = make_records(mission, blocks, integrity=integrity)
    processor = FrameProcessor(mission, 33e6, START_NS, "gnss", "p")
    sequencer = Sequencer("one")
    start = PassStart("almaty", START_NS, "suomi-npp", "p", "SUOMI NPP", 37849, START_NS, START_NS, 80.0)
    parts = [encode_event(Tick("almaty", START_NS, "idle", None)), encode_event(start)]
    for first in range(0, len(records), 25):
        parts += encode_batches(processor.process(records[first : first + 25]), "almaty")
        parts.append(encode_event(Tick("almaty", START_NS, "receiving", "p")))
    parts.append(encode_event(Alarm("almaty", START_NS, "suomi-npp", "p", "antenna", "azimuth does not move")))
    parts.append(encode_event(PassEnd("almaty", START_NS, "suomi-npp", "p", "complete", 127, 0, 3, 0.0)))
    return [sequencer.stamp(message) for message in parts]


def consume(consumer: Path, messages: list[list[bytes]]) -> tuple[int, list[str]]:
    """Exit code and lines of the C program for these messages."""
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)  # tells when the consumer has subscribed
    try:
        socket.setsockopt(zmq.RCVTIMEO, 10_000)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        with subprocess.Popen([consumer, f"tcp://127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True) as process:
            assert socket.recv() == b"\x01"
            for message in messages:
                socket.send_multipart(message)
            output, _ = process.communicate(timeout=20)
            return process.returncode, output.splitlines()
    finally:
        context.destroy(linger=0)


def fnv1a(data: bytes) -> int:
    value = 2166136261
    for octet in data:
        value = (value ^ octet) * 16777619 & 0xFFFFFFFF
    return value


def expected_lines(messages: list[list[bytes]]) -> list[str]:
    lines = []
    for parts in messages:
        message = decode_message(parts)
        if not isinstance(message, FramesMessage):
            lines.append(f"event {message.topic} {message.TYPE} {message.seq}")
            continue
        for row, frame in zip(message.metadata, message.frames, strict=True):
            numbers = " ".join(str(int(row[name])) for name in ("time_ns", "sequence", "vc_count", "gap_before"))
            bytes_ = " ".join(str(int(row[name])) for name in ("scid", "vcid", "integrity", "flags"))
            corrected = ",".join(map(str, row["corrected_symbols"][:4]))
            lines.append(
                f"frame {message.topic} {numbers} {row['es_n0_db']:.2f} {bytes_} {corrected} "
                f"{int(row['ocf']):08x} {fnv1a(frame.tobytes()):08x}"
            )
    return lines


def test_every_field_arrives(consumer: Path, cadu_dir: Path) -> None:
    messages = stream(cadu_dir)
    code, lines = consume(consumer, messages)
    assert lines[: -len(EVENT_TYPES) - 1] == expected_lines(messages)
    assert set(lines[-len(EVENT_TYPES) - 1 :]) == {
        "topic tick received 0 frames, missed 0 messages, 0 frames",
        "topic pass.suomi-npp received 0 frames, missed 0 messages, 0 frames",
        "topic frames.suomi-npp.16 received 127 frames, missed 0 messages, 0 frames",
        "topic bad.suomi-npp received 3 frames, missed 0 messages, 0 frames",
        "topic alarm.suomi-npp received 0 frames, missed 0 messages, 0 frames",
        "topic gap.suomi-npp received 0 frames, missed 0 messages, 0 frames",
    }
    assert code == 0


def test_what_was_missed_is_told_to_the_frame(consumer: Path, cadu_dir: Path) -> None:
    """A message in the middle, the last frames and a whole topic are lost on the way."""
    messages = stream(cadu_dir)
    frames = [index for index, parts in enumerate(messages) if parts[0].startswith(b"frames.")]
    gaps = [index for index, parts in enumerate(messages) if parts[0].startswith(b"gap.")]
    lost = {frames[1], frames[-1], *gaps}
    n_lost = sum(len(messages[index][3]) // 892 for index in (frames[1], frames[-1]))
    code, lines = consume(consumer, [parts for index, parts in enumerate(messages) if index not in lost])
    assert code == 1
    assert f"topic frames.suomi-npp.16 received {127 - n_lost} frames, missed 2 messages, {n_lost} frames" in lines
    assert f"topic gap.suomi-npp received 0 frames, missed {len(gaps)} messages, 0 frames" in lines
    assert "topic bad.suomi-npp received 3 frames, missed 0 messages, 0 frames" in lines


def test_the_page_lists_every_column_where_it_is() -> None:
    rows = re.findall(r"^\| (\d+) \| (\S+(?: x \S+)?) \| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    kinds = {"int64": "<i8", "uint64": "<u8", "float64": "<f8", "uint32": "<u4", "float32": "<f4", "uint16": "<u2"}
    kinds |= {"uint8": "|u1", "int8": "|i1", "8 x uint8": "|u1"}
    fields = METADATA.fields or {}
    described = {name: (int(offset), kinds[kind]) for offset, kind, name in rows}
    assert described == {name: (entry[1], entry[0].base.str) for name, entry in fields.items()}


def test_the_page_lists_every_key(cadu_dir: Path) -> None:
    named = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    for parts in stream(cadu_dir):
        assert set(json.loads(parts[1])) <= named
