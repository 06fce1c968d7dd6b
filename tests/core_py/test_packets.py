# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets into frames and back: exactly those come out whose every frame arrived, and the rest is accounted for."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from make_records import frames_only_mission, make_records

from xband_core.framing import GAP_DISCONTINUITY, GAP_UNKNOWN, FrameProcessor, missing_between
from xband_core.mission import Mission
from xband_core.packets import CutReason, PacketExtractor

FRAME_LEN = 48
ZONE_LEN = FRAME_LEN - 6 - 2
SCID = 77


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    return frames_only_mission(
        tmp_path_factory.mktemp("mission"), f"kind: aos, frame_len_bytes: {FRAME_LEN}, scid: {SCID}"
    )


def packet(apid: int, count: int, content: bytes) -> bytes:
    return (apid << 32 | 3 << 30 | count << 16 | len(content) - 1).to_bytes(6, "big") + content


def aos_frame(vcid: int, count: int, pointer: int, zone: bytes) -> bytes:
    header = (1 << 14 | SCID << 6 | vcid).to_bytes(2, "big") + (count & 0xFFFFFF).to_bytes(3, "big") + b"\0"
    return header + pointer.to_bytes(2, "big") + zone


def frames_of(packets: list[bytes], first_count: int) -> tuple[list[bytes], list[set[int]]]:
    """Frames that carry the packets one after another (an unfinished zone at the end is left out), and for each packet
    the frames it is in."""
    stream = b"".join(packets)
    starts = np.cumsum([0, *[len(p) for p in packets]]).tolist()
    frames = []
    for number in range(len(stream) // ZONE_LEN):
        begin = number * ZONE_LEN
        inside = [start - begin for start in starts if begin <= start < begin + ZONE_LEN]
        pointer = inside[0] if inside else 0x7FF
        frames.append(aos_frame(5, first_count + number, pointer, stream[begin : begin + ZONE_LEN]))
    where = [set(range(a // ZONE_LEN, (b - 1) // ZONE_LEN + 1)) for a, b in itertools.pairwise(starts)]
    return frames, where


def extract(mission: Mission, frames: list[bytes], batch_len: int) -> tuple[list[bytes], PacketExtractor, int]:
    """Packets, the extractor, and the octets reported as cut."""
    processor = FrameProcessor(mission, 1e6, 0, "file", "test")
    extractor = PacketExtractor()
    found: list[bytes] = []
    lost = 0
    blocks = np.frombuffer(b"".join(frames), np.uint8).reshape(-1, FRAME_LEN)
    records = make_records(mission, blocks)
    for first in range(0, len(records), batch_len):
        packets, cuts = extractor.process(processor.process(records[first : first + batch_len]))
        found += [octets for group in packets for octets in group]
        lost += sum(cut.octets for cut in cuts)
    return found, extractor, lost + sum(cut.octets for cut in extractor.flush())


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    contents=st.lists(st.binary(min_size=1, max_size=150), min_size=1, max_size=30),
    first_count=st.sampled_from([0, 12345, (1 << 24) - 3]),
    batch_len=st.integers(1, 12),
    data=st.data(),
)
def test_whole_packets_are_those_whose_frames_all_came(
    mission: Mission, contents: list[bytes], first_count: int, batch_len: int, data: st.DataObject
) -> None:
    packets = [packet(index % 2048, index, content) for index, content in enumerate(contents)]
    frames, where = frames_of(packets, first_count)
    if not frames:
        return
    kept = sorted(data.draw(st.sets(st.integers(0, len(frames) - 1), min_size=1)))
    found, extractor, lost = extract(mission, [frames[number] for number in kept], batch_len)
    assert found == [p for p, needed in zip(packets, where, strict=True) if needed <= set(kept)]
    assert lost + sum(len(p) for p in found) == len(kept) * ZONE_LEN
    reasons = extractor.statistics[SCID, 5].cuts
    assert reasons[CutReason.POINTER] == reasons[CutReason.NOT_A_PACKET] == 0


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    zones=st.lists(st.binary(min_size=ZONE_LEN + 2, max_size=ZONE_LEN + 2), min_size=1, max_size=20),
    size=st.integers(1, 7),
)
def test_rubbish_is_accounted_for(mission: Mission, zones: list[bytes], size: int) -> None:
    """Random pointers and lengths: nothing is raised, every octet is in a packet or in a cut (idle zones apart)."""
    frames = [aos_frame(1, n, int.from_bytes(z[:2], "big") & 0x7FF, z[2:]) for n, z in enumerate(zones)]
    found, extractor, lost = extract(mission, frames, size)
    pointers = [int.from_bytes(frame[6:8], "big") for frame in frames]
    idle = pointers.count(0x7FE) * ZONE_LEN
    statistics = extractor.statistics[SCID, 1]
    assert statistics.packets == len(found)
    assert len(zones) * ZONE_LEN - idle <= lost + statistics.octets <= len(zones) * ZONE_LEN


def test_wrong_length_costs_only_that_packet(mission: Mission) -> None:
    packets = [packet(1, n, bytes(20)) for n in range(20)]
    wrong = list(packets)
    wrong[3] = wrong[3][:4] + (90).to_bytes(2, "big") + wrong[3][6:]
    good, _ = frames_of(packets, 0)
    frames = [g[:8] + w[8:] for g, w in zip(good, frames_of(wrong, 0)[0], strict=True)]
    found, extractor, _ = extract(mission, frames, 4)
    assert extractor.statistics[SCID, 5].cuts[CutReason.POINTER] == 1
    assert found[:3] == packets[:3]
    assert found[-1] in packets
    assert len(found) >= len(frames) * ZONE_LEN // 26 - 4


def test_idle_packets_and_idle_frames_are_counted_apart(mission: Mission) -> None:
    idle = packet(0x7FF, 0, bytes(ZONE_LEN - 6))
    frames = [
        aos_frame(5, 0, 0, idle),
        aos_frame(5, 1, 0x7FE, bytes(ZONE_LEN)),
        aos_frame(5, 2, 0, packet(9, 0, bytes(ZONE_LEN - 6))),
        aos_frame(63, 0, 0, bytes(ZONE_LEN)),
    ]
    found, extractor, lost = extract(mission, frames, 2)
    assert (len(found), lost) == (2, 0)
    assert extractor.statistics[SCID, 5].idle_packets == 1
    assert (SCID, 63) not in extractor.statistics


@pytest.mark.parametrize(
    ("previous", "count", "bits", "missing"),
    [
        (5, 6, 24, 0),
        (5, 8, 24, 2),
        (0xFFFFFF, 0, 24, 0),
        (0xFFFFFE, 1, 24, 2),
        (7, 7, 24, GAP_DISCONTINUITY),
        (100, 35, 24, GAP_DISCONTINUITY),
        (0x3FFFFFF, 0x4000000, 28, 0),
        (0xFFFFFFF, 0, 28, 0),
        (255, 0, 8, 0),
        (10, 8, 8, 253),
        (10, 10, 8, GAP_DISCONTINUITY),
    ],
)
def test_missing_between(previous: int, count: int, bits: int, missing: int) -> None:
    def column(value: int) -> npt.NDArray[np.int64]:
        return np.array([value], np.int64)

    assert int(missing_between(column(previous), column(count), np.array([bits], np.uint8))[0]) == missing


def test_uncorrectable_frames_do_not_touch_the_counters(mission: Mission) -> None:
    frames = [aos_frame(5, n, 0x7FE, bytes(ZONE_LEN)) for n in (0, 1, 999, 3)]
    blocks = np.frombuffer(b"".join(frames), np.uint8).reshape(-1, FRAME_LEN)
    records = make_records(mission, blocks, integrity=np.array([0, 0, 2, 1], np.uint8))
    batch = FrameProcessor(mission, 1e6, None, "unknown", "test").process(records)
    assert batch.gap_before.tolist() == [GAP_UNKNOWN, 0, GAP_UNKNOWN, 1]
    assert [gap.missing_frames for gap in batch.gaps] == [1]
    assert batch.is_trusted.tolist() == [True, True, False, True]


def test_time_counts_samples_from_the_start(mission: Mission) -> None:
    blocks = np.zeros((3, FRAME_LEN), np.uint8)
    records = make_records(mission, blocks, samples_per_frame=33e6)
    records[2, 16:24].view("<f8")[0] = np.nan
    start_ns = 1_784_000_000_123_456_789
    batch = FrameProcessor(mission, 33e6, start_ns, "gnss", "test").process(records)
    quarter_sample_ns = 8  # 0.25 / 33 MHz
    assert batch.time_ns.tolist() == [start_ns + quarter_sample_ns, start_ns + quarter_sample_ns + 10**9, -(1 << 63)]


def test_not_records(mission: Mission) -> None:
    processor = FrameProcessor(mission, 1e6, 0, "file", "test")
    records = make_records(mission, np.zeros((2, FRAME_LEN), np.uint8))
    with pytest.raises(ValueError, match="whole number"):
        processor.process(records.tobytes()[:-1])
    with pytest.raises(ValueError, match="record 1 starts with"):
        processor.process(records[0].tobytes() + bytes(processor.stride))
    records[0, 6:8] = 0
    with pytest.raises(ValueError, match="0-octet frames"):
        processor.process(records)
    assert len(processor.process(b"")) == 0
