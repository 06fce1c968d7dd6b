# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's frames, taken apart by a reader that knows the standards but not the simulator."""

from __future__ import annotations

import binascii
import dataclasses
import hashlib
import json

import numpy as np
import pytest

from xband_core.mission import load_mission
from xband_core.simulated_frames import FileFrames, SimulationError, SyntheticFrames, packet_is_intact

IDLE_VCID = 63


def read_packets(zones: list[bytes], pointers: list[int]) -> list[bytes]:
    """Whole packets of one channel, walking by length fields and checking every first header pointer on the way."""
    stream = b"".join(zones)
    start = pointers[0]
    starts, packets = set(), []
    while start + 6 <= len(stream):
        starts.add(start)
        end = start + 7 + int.from_bytes(stream[start + 4 : start + 6], "big")
        if end <= len(stream):
            packets.append(stream[start:end])
        start = end
    for index, (zone, pointer) in enumerate(zip(zones, pointers, strict=True)):
        begin = index * len(zone)
        inside = sorted(s - begin for s in starts | {start} if begin <= s < begin + len(zone))
        assert pointer == (inside[0] if inside else 0x7FF)
    return packets


@pytest.mark.parametrize(
    ("name", "changes"),
    [("suomi-npp", {}), ("noaa-21", {}), ("aqua", {"has_fecf": True, "has_ocf": True, "frame_len_bytes": 892})],
)
def test_synthetic_frames_hold_what_the_standards_ask_for(name: str, changes: dict[str, int]) -> None:
    mission = load_mission(name)
    framing = dataclasses.replace(mission.framing, **changes)
    frames = SyntheticFrames(dataclasses.replace(mission, framing=framing), seed=3).take(2000)
    assert frames.shape == (2000, framing.frame_len_bytes)
    zone_begin = 6 + framing.insert_zone_len_bytes
    zone_end = framing.frame_len_bytes - 4 * framing.has_ocf - 2 * framing.has_fecf
    counts: dict[int, int] = {}
    zones: dict[int, list[bytes]] = {}
    pointers: dict[int, list[int]] = {}
    for frame in (bytes(row) for row in frames):
        assert frame[0] >> 6 == 1  # version 2: AOS
        assert (frame[0] & 0x3F) << 2 | frame[1] >> 6 == framing.scid
        vcid = frame[1] & 0x3F
        assert int.from_bytes(frame[2:5], "big") == counts.get(vcid, 0)
        counts[vcid] = counts.get(vcid, 0) + 1
        pointers.setdefault(vcid, []).append(int.from_bytes(frame[zone_begin : zone_begin + 2], "big"))
        zones.setdefault(vcid, []).append(frame[zone_begin + 2 : zone_end])
        if framing.has_fecf:
            assert binascii.crc_hqx(frame, 0xFFFF) == 0
    assert set(counts) == {*framing.virtual_channels, IDLE_VCID}
    assert set(pointers.pop(IDLE_VCID)) == {0x7FE}
    del zones[IDLE_VCID]
    for vcid in zones:
        if framing.carries_packets(vcid):
            packets = read_packets(zones[vcid], pointers[vcid])
            assert len(packets) > 5
            assert all(packet_is_intact(packet) for packet in packets)
            assert [int.from_bytes(packet[6:10], "big") for packet in packets] == list(range(len(packets)))


def test_a_broken_packet_is_noticed() -> None:
    frames = SyntheticFrames(load_mission("suomi-npp"), seed=1).take(100)
    vcid = frames[1][1] & 0x3F
    own = [bytes(row) for row in frames if row[1] & 0x3F == vcid]
    packet = bytearray(read_packets([row[8:] for row in own], [row[6] << 8 | row[7] for row in own])[0])
    assert packet_is_intact(bytes(packet))
    packet[len(packet) // 2] ^= 1
    assert not packet_is_intact(bytes(packet))


def test_portions_do_not_matter_but_the_seed_does() -> None:
    mission = load_mission("suomi-npp")
    whole = SyntheticFrames(mission, seed=8).take(300)
    source = SyntheticFrames(mission, seed=8)
    assert np.array_equal(np.concatenate([source.take(n) for n in (1, 99, 0, 200)]), whole)
    assert not np.array_equal(SyntheticFrames(mission, seed=9).take(300), whole)


def test_only_aos_frames_are_made_up() -> None:
    mission = load_mission("suomi-npp")
    mission = dataclasses.replace(mission, framing=dataclasses.replace(mission.framing, kind="tm"))
    with pytest.raises(SimulationError, match=r"framing.kind tm: only aos"):
        SyntheticFrames(mission, seed=1)


def test_real_cadus_become_their_frames_again(cadu_dir) -> None:
    source = FileFrames(load_mission("suomi-npp"), cadu_dir / "snpp_synchronized_cadus.dat")
    expected = json.loads((cadu_dir / "snpp_expected.json").read_text())
    digests = [entry["frame_sha256"] for entry in expected["cadus"]]
    assert [hashlib.sha256(frame).hexdigest() for frame in source.take(len(digests) + 2)] == digests + digests[:2]


def test_frames_of_a_file_come_round(tmp_path) -> None:
    mission = load_mission("aqua")
    frames = np.random.default_rng(2).integers(0, 256, (5, mission.framing.frame_len_bytes), np.uint8)
    file = tmp_path / "frames.bin"
    frames.tofile(file)
    source = FileFrames(mission, file)
    assert np.array_equal(source.take(3), frames[:3])
    assert np.array_equal(source.take(9), frames[[3, 4, 0, 1, 2, 3, 4, 0, 1]])


@pytest.mark.parametrize("size", [0, 1, 893])
def test_a_file_of_another_length_is_refused(tmp_path, size: int) -> None:
    file = tmp_path / "frames.bin"
    file.write_bytes(bytes(size))
    with pytest.raises(SimulationError, match=rf"frames.bin: {size} bytes are not .* 892 .* 1024 .* suomi-npp"):
        FileFrames(load_mission("suomi-npp"), file)
    with pytest.raises(SimulationError, match="cannot be read"):
        FileFrames(load_mission("suomi-npp"), tmp_path)
