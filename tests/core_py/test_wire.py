# SPDX-License-Identifier: GPL-3.0-or-later
"""The ZeroMQ messages: what goes in comes out, numbers tell what was missed, and rubbish gives a WireError."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_records import blocks_of_cadus, make_records

from xband_core.errors import WireError
from xband_core.framing import GAP_UNKNOWN, FrameProcessor
from xband_core.mission import load_mission
from xband_core.stream_monitor import StreamMonitor
from xband_core.utc import format_utc_ns, parse_utc_ns
from xband_core.wire import MAX_FRAMES_PER_MESSAGE, Sequencer, decode_message, encode_batches, encode_event
from xband_core.wire_types import (
    FLAG_HEADER_AS_MISSION,
    METADATA,
    Alarm,
    AnyEvent,
    FramesMessage,
    Gap,
    PassEnd,
    PassStart,
    Tick,
    TopicTotal,
)

START_NS = 1_784_678_400_123_456_789


def real_messages(cadu_dir: Path, integrity: np.ndarray | None = None) -> list[list[bytes]]:
    mission = load_mission("suomi-npp")
    blocks = blocks_of_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes())
    records = make_records(mission, blocks, integrity=integrity)
    processor = FrameProcessor(mission, 33e6, START_NS, "gnss", "20260722-snpp")
    return encode_batches(processor.process(records), "almaty")


def test_real_frames_round_trip(cadu_dir: Path) -> None:
    expected = json.loads((cadu_dir / "snpp_expected.json").read_text())
    integrity = np.zeros(65, np.uint8)
    integrity[64] = 2
    messages = [decode_message(parts) for parts in real_messages(cadu_dir, integrity)]
    frames = [message for message in messages if isinstance(message, FramesMessage)]
    assert [(m.topic, m.vcid, len(m.frames)) for m in frames] == [
        ("frames.suomi-npp.16", 16, 64),
        ("bad.suomi-npp", None, 1),
    ]
    table = frames[0].metadata
    assert table["vc_count"].tolist() == [cadu["vc_frame_count"] for cadu in expected["cadus"][:64]]
    assert table["gap_before"].tolist() == [GAP_UNKNOWN, 0, 0, 0, 0, 0, 1, *[0] * 57]
    assert set(table["scid"].tolist()) == {157}
    assert int(table["time_ns"][1]) == START_NS + round((18022.4 + 0.25) / 33e6 * 1e9)
    assert set(table["flags"].tolist()) == {FLAG_HEADER_AS_MISSION | 32}
    assert table["es_n0_db"][0] == np.float32(9.5)
    assert (table["channel_bit_errors"][0], table["channel_bits"][0]) == (3, 16384)
    assert (frames[0].clock_quality, frames[0].sample_rate_hz, frames[0].pass_id) == ("gnss", 33e6, "20260722-snpp")
    (gap,) = [message for message in messages if isinstance(message, Gap)]
    assert (gap.cause, gap.vcid, gap.before_vc_count, gap.missing_frames) == ("link", 16, 9842883, 1)


def test_long_batches_are_split(cadu_dir: Path) -> None:
    mission = load_mission("suomi-npp")
    blocks = np.tile(blocks_of_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes())[:1], (150, 1))
    batch = FrameProcessor(mission, 33e6, None, "unknown", "p").process(make_records(mission, blocks))
    counts = [len(m.frames) for m in map(decode_message, encode_batches(batch, "s")) if isinstance(m, FramesMessage)]
    assert counts == [MAX_FRAMES_PER_MESSAGE, MAX_FRAMES_PER_MESSAGE, 150 - 2 * MAX_FRAMES_PER_MESSAGE]


times = st.one_of(st.none(), st.integers(-(10**18), 4 * 10**18))
texts = st.text(max_size=20)
small = st.one_of(st.none(), st.integers(0, 2**32))
totals = st.dictionaries(texts, st.builds(TopicTotal, st.integers(0, 2**53), st.integers(0, 2**53)), max_size=3)
common = {"session": texts, "seq": st.integers(0, 2**53)}
numbers = st.floats(allow_nan=False, allow_infinity=False)
events = st.one_of(
    st.builds(Tick, texts, times, texts, st.one_of(st.none(), texts), totals, **common),
    st.builds(
        PassStart,
        texts,
        times,
        texts,
        texts,
        texts,
        st.integers(1, 10**9),
        st.integers(0, 2**62),
        st.integers(0, 2**62),
        st.one_of(st.none(), numbers),
        totals,
        **common,
    ),
    st.builds(PassEnd, texts, times, texts, texts, texts, *[st.integers(0, 2**40)] * 3, numbers, totals, **common),
    st.builds(Alarm, texts, times, texts, texts, texts, texts, **common),
    st.builds(Gap, texts, times, texts, texts, texts, texts, times, times, *[small] * 5, **common),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(events)
def test_events_round_trip(event: AnyEvent) -> None:
    assert decode_message(encode_event(event)) == event


@given(st.integers(-(10**18), 9 * 10**18))
def test_utc_round_trip(time_ns: int) -> None:
    text = format_utc_ns(time_ns)
    assert text.endswith("Z")
    assert parse_utc_ns(text) == time_ns


@pytest.mark.parametrize(
    "text", ["", "2026-07-22", "2026-07-22T01:02:03", "2026-13-22T01:02:03Z", "2026-07-22T01:02:03+06"]
)
def test_not_utc(text: str) -> None:
    with pytest.raises(ValueError):
        parse_utc_ns(text)


def test_unknown_keys_and_longer_rows_are_accepted(cadu_dir: Path) -> None:
    """What a later version 1 may do: more keys, more octets at the end of each metadata row."""
    topic, header, metadata, payload = real_messages(cadu_dir)[0]
    content = {**json.loads(header), "metadata_len_bytes": METADATA.itemsize + 16, "weather": "clear"}
    rows = np.frombuffer(metadata, np.uint8).reshape(-1, METADATA.itemsize)
    longer = np.hstack([rows, np.full((len(rows), 16), 7, np.uint8)]).tobytes()
    message = decode_message([topic, json.dumps(content).encode(), longer, payload])
    assert isinstance(message, FramesMessage)
    assert message.metadata.tobytes() == metadata


def test_rows_of_an_older_station_are_accepted(cadu_dir: Path) -> None:
    """The columns from 64 on came later: what a shorter row lacks is unknown."""
    topic, header, metadata, payload = real_messages(cadu_dir)[0]
    rows = np.frombuffer(metadata, np.uint8).reshape(-1, METADATA.itemsize)
    content = {**json.loads(header), "metadata_len_bytes": 64}
    message = decode_message([topic, json.dumps(content).encode(), rows[:, :64].tobytes(), payload])
    assert isinstance(message, FramesMessage)
    assert np.array_equal(message.metadata.view(np.uint8).reshape(rows.shape)[:, :64], rows[:, :64])
    assert np.all(np.isnan(message.metadata["evm_percent"]))
    assert np.all(message.metadata["rs_margin"] == 127)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("xband", 2),
        ("type", "telemetry"),
        ("type", ["frames"]),
        ("count", 63),
        ("count", "64"),
        ("count", True),
        ("count", -1),
        ("frame_len_bytes", 0),
        ("metadata_len_bytes", 32),
        ("station", None),
        ("vcid", "16"),
        ("seq", 1.5),
    ],
)
def test_wrong_header_is_a_wire_error(cadu_dir: Path, key: str, value: object) -> None:
    topic, header, *rest = real_messages(cadu_dir)[0]
    for content in ({**json.loads(header), key: value}, {k: v for k, v in json.loads(header).items() if k != key}):
        with pytest.raises(WireError):
            decode_message([topic, json.dumps(content).encode(), *rest])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_messages_give_a_wire_error_or_a_message(data: st.DataObject) -> None:
    gap = Gap("almaty", START_NS, "suomi-npp", "p", "receiver", "down", START_NS, START_NS, None, 1, 2, 3)
    frames = {
        "xband": 1, "type": "frames", "station": "s", "session": "x", "seq": 0, "mission": "m", "pass_id": "p",
        "vcid": 1, "first_frame_seq": 0, "count": 2, "frame_len_bytes": 3, "metadata_len_bytes": 64,
        "clock_quality": "gnss", "sample_rate_hz": 1, "symbol_rate_error_ppm": None,
    }  # fmt: skip
    parts = data.draw(
        st.sampled_from([encode_event(gap), [b"frames.m.1", json.dumps(frames).encode(), bytes(128), bytes(6)]])
    )
    parts = list(parts)
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(parts) - 1))
        position = data.draw(st.integers(0, len(parts[index])))
        end = position + data.draw(st.integers(0, 8))
        parts[index] = parts[index][:position] + data.draw(st.binary(max_size=5)) + parts[index][end:]
    with contextlib.suppress(WireError):  # anything else fails the test
        decode_message(parts)
        Sequencer("s").stamp(parts)


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_foreign_messages_give_a_wire_error(parts: list[bytes]) -> None:
    with pytest.raises(WireError):
        decode_message(parts)


def tick() -> list[bytes]:
    return encode_event(Tick("almaty", START_NS, "receiving", "p"))


def test_consumer_can_tell_what_it_missed(cadu_dir: Path) -> None:
    """Loss in the middle, at the end (only a tick tells) and of a whole topic; a late start is no loss."""
    sequencer = Sequencer("one")
    sent = [sequencer.stamp(parts) for _ in range(6) for parts in [*real_messages(cadu_dir), tick()]]
    per_round = len(sent) // 6
    assert per_round == 4  # 64 frames, 1 frame, 1 gap, 1 tick
    late = sent[per_round:]
    for lost, messages, frames in [([], 0, 0), ([0], 1, 64), ([4, 5], 2, 65), ([16], 1, 64)]:
        monitor = StreamMonitor()
        for index, parts in enumerate(late):
            if index not in lost:
                monitor.observe(decode_message(parts))
        state = monitor.topics["frames.suomi-npp.16"]
        if lost == [0]:  # the first message we could have had: indistinguishable from a late start
            messages, frames = 0, 0
        assert (state.missed_messages, state.missed_frames) == (messages, frames), lost
        assert state.next_seq == 12
        assert monitor.topics["tick"].missed_messages == 0


def test_a_topic_that_never_arrived_is_missed() -> None:
    sequencer = Sequencer("one")
    monitor = StreamMonitor(("tick", "gap."))
    gap = encode_event(Gap("almaty", None, "suomi-npp", "p", "samples", "overflow"))
    monitor.observe(decode_message(sequencer.stamp(tick())))
    sequencer.stamp(gap)
    sequencer.stamp([b"bad.suomi-npp", gap[1]])
    monitor.observe(decode_message(sequencer.stamp(tick())))
    assert monitor.topics["gap.suomi-npp"].missed_messages == 1
    assert "bad.suomi-npp" not in monitor.topics


def test_a_new_session_starts_again() -> None:
    monitor = StreamMonitor()
    for session in ("one", "two"):
        sequencer = Sequencer(session)
        for _ in range(3):
            monitor.observe(decode_message(sequencer.stamp(tick())))
    assert monitor.topics["tick"].next_seq == 3
    assert monitor.topics["tick"].missed_messages == 0


def test_throughput_is_printed(cadu_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """FrameProcessor and encoding of 1024-octet CADUs on one core; the goal is 300 Mbit/s. No figure is asserted."""
    mission = load_mission("suomi-npp")
    blocks = np.tile(blocks_of_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes()), (32, 1))[:2048]
    records = make_records(mission, blocks)
    processor = FrameProcessor(mission, 33e6, START_NS, "gnss", "p")
    sequencer = Sequencer("s")
    batch_len = 64
    began = time.process_time()
    for first in range(0, len(records), batch_len):
        for parts in encode_batches(processor.process(records[first : first + batch_len]), "almaty"):
            sequencer.stamp(parts)
    elapsed_s = time.process_time() - began
    with capsys.disabled():
        print(f"\nframing, encoding and numbering: {len(records) * 8192 / elapsed_s / 1e6:.0f} Mbit/s")
