# SPDX-License-Identifier: GPL-3.0-or-later
"""Real frames through FrameProcessor and PacketExtractor: every fact of the expected.json files must be met."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_records import blocks_of_cadus, frames_only_mission, make_records

from xband_core.frame_headers import POINTER_IDLE, POINTER_NO_START, decode_clcw
from xband_core.framing import FrameBatch, FrameProcessor
from xband_core.mission import Mission, load_mission
from xband_core.packets import CutReason, PacketBatch, PacketCut, PacketExtractor
from xband_core.records import Integrity

REASONS = {
    "no packet start in the frame after the loss of sync": CutReason.NO_START,
    "end of a packet whose start is not in the file": CutReason.TAIL,
    "frame missing: packet cut": CutReason.GAP,
    "file ends inside the packet": CutReason.END,
}


class Run:
    """All batches, packets and cuts of one set of records, processed in batches of a given size."""

    def __init__(self, mission: Mission, records: np.ndarray[Any, np.dtype[np.uint8]], batch_len: int) -> None:
        self.processor = FrameProcessor(mission, 33e6, 1_455_120_000_000_000_000, "file", "test")
        self.extractor = PacketExtractor()
        self.batches: list[FrameBatch] = []
        self.packets: list[PacketBatch] = []
        self.cuts: list[PacketCut] = []
        for first in range(0, len(records), batch_len):
            batch = self.processor.process(records[first : first + batch_len])
            packets, cuts = self.extractor.process(batch)
            self.batches.append(batch)
            self.packets += packets
            self.cuts += cuts
        self.cuts += self.extractor.flush()

    def column(self, name: str) -> list[int]:
        return [int(v) for batch in self.batches for v in getattr(batch.headers, name)]

    def of_channel(self, vcid: int) -> list[tuple[int, int, int, bytes]]:
        """(APID, first frame, last frame, octets) of each whole packet."""
        found = []
        for packets in self.packets:
            if packets.vcid == vcid:
                found += list(zip(packets.apid, packets.first_frame, packets.last_frame, packets, strict=True))
        return [(int(a), int(f), int(l), octets) for a, f, l, octets in found]


@pytest.mark.parametrize("batch_len", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("cadus", "expected_file"),
    [
        ("snpp_synchronized_cadus.dat", "snpp_expected.json"),
        ("snpp_7cadus_2vcids.dat", "snpp_7cadus_expected.json"),
    ],
)
def test_suomi_npp(cadu_dir: Path, cadus: str, expected_file: str, batch_len: int) -> None:
    expected = json.loads((cadu_dir / expected_file).read_text())
    blocks = blocks_of_cadus((cadu_dir / cadus).read_bytes())
    mission = load_mission("suomi-npp")
    run = Run(mission, make_records(mission, blocks), batch_len)

    assert sum(len(batch) for batch in run.batches) == expected["summary"]["cadus"]
    for name, key in [
        ("version", "frame_version"),
        ("scid", "scid"),
        ("vcid", "vcid"),
        ("vc_count", "vc_frame_count"),
        ("is_replay", "replay_flag"),
        ("first_header_pointer", "first_header_pointer"),
    ]:
        assert run.column(name) == [cadu[key] for cadu in expected["cadus"]], name
    assert all(cadu["vc_frame_count_usage_flag"] == 0 for cadu in expected["cadus"])
    assert set(run.column("vc_count_cycle")) == {255}
    digests = [hashlib.sha256(frame.tobytes()).hexdigest() for batch in run.batches for frame in batch.frames]
    assert digests == [cadu["frame_sha256"] for cadu in expected["cadus"]]

    assert len(expected["virtual_channels"]) == len(run.processor.statistics.channels)
    for text, channel in expected["virtual_channels"].items():
        vcid = int(text)
        statistics = run.processor.statistics.channels[157, vcid]
        assert statistics.frames == channel["frames"]
        assert statistics.first_vc_count == channel["first_count"]
        assert statistics.last_vc_count == channel["last_count"]
        assert statistics.gaps == len(channel["gaps"])
        assert statistics.missing_frames == sum(gap["missing_frames"] for gap in channel["gaps"])
        assert run.extractor.statistics[157, vcid].packets == channel["complete_packets"]
        check_cuts([cut for cut in run.cuts if cut.vcid == vcid], channel["incomplete"])
    gaps = [
        (number, int(gap))
        for number, gap in enumerate(gap for batch in run.batches for gap in batch.gap_before)
        if 0 < gap < 1 << 24
    ]
    wanted = [(g["before_cadu"], g["missing_frames"]) for c in expected["virtual_channels"].values() for g in c["gaps"]]
    assert gaps == wanted
    check_packets(run, expected)


def check_cuts(cuts: list[PacketCut], incomplete: list[dict[str, Any]]) -> None:
    """The incomplete packets, in order of the frame where they begin."""
    assert len(cuts) == len(incomplete)
    for cut, wanted in zip(cuts, incomplete, strict=True):
        assert cut.reason is REASONS[wanted["reason"]]
        assert cut.octets == wanted.get("octets", wanted.get("octets_held"))
        assert cut.frame == wanted.get("cadu", wanted.get("packet_from_cadu"))
        if "header" in wanted:
            word = int.from_bytes(cut.header, "big")
            assert word >> 45 == wanted["header"]["version"]
            assert word >> 32 & 0x7FF == wanted["header"]["apid"]
            assert word >> 16 & 0x3FFF == wanted["header"]["sequence_count"]
            assert word & 0xFFFF == wanted["header"]["data_length_field"]


def check_packets(run: Run, expected: dict[str, Any]) -> None:
    whole: list[bytes] = []
    counts: dict[str, list[int]] = defaultdict(list)
    for vcid in sorted(int(text) for text in expected["virtual_channels"]):
        offset = 0
        wanted = [packet for packet in expected["packets"] if packet["vcid"] == vcid]
        found = run.of_channel(vcid)
        assert len(found) == len(wanted)
        for (apid, first, last, octets), packet in zip(found, wanted, strict=True):
            assert apid == packet["apid"]
            assert (first, last) == (packet["first_cadu"], packet["last_cadu"])
            assert offset == packet["offset_in_vcid_stream"]
            assert len(octets) == packet["total_octets"]
            assert hashlib.sha256(octets).hexdigest() == packet["sha256"]
            offset += len(octets)
            counts[str(apid)].append(int.from_bytes(octets[2:4], "big") & 0x3FFF)
            whole.append(octets)
    summary = expected["summary"]
    assert len(whole) == summary["complete_packets"]
    assert hashlib.sha256(b"".join(whole)).hexdigest() == summary["packets_in_vcid_order_sha256"]
    assert hashlib.md5(b"".join(whole)).hexdigest() == summary["packets_in_vcid_order_md5"]
    assert {a: sorted(c) for a, c in counts.items()} == {a: v["sequence_counts"] for a, v in summary["apids"].items()}


def test_the_missing_frame_is_reported_with_its_counters(cadu_dir: Path) -> None:
    mission = load_mission("suomi-npp")
    blocks = blocks_of_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes())
    run = Run(mission, make_records(mission, blocks), 64)
    (gap,) = [gap for batch in run.batches for gap in batch.gaps]
    assert (gap.scid, gap.vcid, gap.after_vc_count, gap.before_vc_count) == (157, 16, 9842881, 9842883)
    assert gap.missing_frames == 1
    assert gap.time_ns == int(run.batches[0].time_ns[6])


FRAMES = {
    "emm_frames.u8": "kind: aos, frame_len_bytes: 223, scid: 242, has_fecf: true, "
    "virtual_channels: {0: {name: a, packets: false}, 62: {name: b, packets: false}}",
    "tianwen2_frames.u8": "kind: aos, frame_len_bytes: 892, scid: 237, insert_zone_len_bytes: 8",
    "mars2020_safemode_frames.u8": "kind: aos, frame_len_bytes: 223, scid: 168, has_fecf: true",
    "stereo_a_frames.u8": "kind: tm, frame_len_bytes: 1115, scid: 234, has_fecf: true",
}


@pytest.mark.parametrize("batch_len", [1, 10, 1000])
@pytest.mark.parametrize("name", FRAMES)
def test_other_missions(cadu_dir: Path, tmp_path: Path, name: str, batch_len: int) -> None:
    expected = json.loads((cadu_dir / "frames" / "expected.json").read_text())[name]
    mission = frames_only_mission(tmp_path, FRAMES[name])
    data = np.fromfile(cadu_dir / "frames" / name, np.uint8).reshape(-1, expected["frame_octets"])
    run = Run(mission, make_records(mission, data), batch_len)

    if expected["fecf_octets"]:
        by_integrity = run.processor.statistics.by_integrity
        assert by_integrity[Integrity.GOOD] == expected["fecf_valid"]
        bad = [i for i, v in enumerate(v for b in run.batches for v in b.integrity) if v == Integrity.UNCORRECTABLE]
        assert bad == expected["fecf_invalid_frames"]
    trusted = [bool(v) for batch in run.batches for v in batch.is_trusted]
    for column in ("scid", "vcid", "version"):
        values = Counter(str(v) for v, ok in zip(run.column(column), trusted, strict=True) if ok)
        assert values == expected["counts"][column], column
    for text, channel in expected["virtual_channels"].items():
        key = (channel["scid"], int(text))
        statistics = run.processor.statistics.channels[key]
        assert statistics.frames == channel["frames"]
        assert statistics.first_vc_count == channel["first_count"]
        assert statistics.last_vc_count == channel["last_count"]
        assert statistics.gaps == channel["gaps"]
        assert statistics.missing_frames == channel["missing_frames_if_in_order"]
        if "complete_packets" not in channel:
            assert key not in run.extractor.statistics
            continue
        pointers = [
            p for p, v in zip(run.column("first_header_pointer"), run.column("vcid"), strict=True) if v == key[1]
        ]
        assert pointers.count(POINTER_NO_START) == channel["first_header_pointer_no_start"]
        assert pointers.count(POINTER_IDLE) == channel["first_header_pointer_idle"]
        packets = run.extractor.statistics[key]
        assert packets.packets == channel["complete_packets"]
        assert sum(packets.cuts.values()) == channel["packet_cuts"]
        assert packets.cuts[CutReason.POINTER] == 0
        assert (packets.cuts[CutReason.POINTER] == 0) is channel["packets_pointer_consistent"]
        octets: dict[str, list[int]] = defaultdict(list)
        for apid, _, _, packet in run.of_channel(key[1]):
            octets[str(apid)].append(len(packet))
        assert {a: (len(v), sum(v)) for a, v in octets.items()} == {
            a: (v["packets"], v["octets"]) for a, v in channel["apids"].items()
        }


def test_stereo_a_telemetry_fields(cadu_dir: Path, tmp_path: Path) -> None:
    """TM secondary header of 15 octets in every frame, and the CLCW 010804ea."""
    mission = frames_only_mission(tmp_path, FRAMES["stereo_a_frames.u8"])
    data = np.fromfile(cadu_dir / "frames" / "stereo_a_frames.u8", np.uint8).reshape(-1, 1115)
    (batch,) = Run(mission, make_records(mission, data), 1000).batches
    assert np.all(batch.headers.zone_begin == 6 + 15)
    assert np.all(batch.headers.zone_end == 1115 - 4 - 2)
    assert np.all(batch.headers.has_ocf)
    assert int(batch.headers.ocf[0]) == 0x010804EA
    clcw = decode_clcw(int(batch.headers.ocf[0]))
    assert clcw is not None
    assert (clcw.cop_in_effect, clcw.vcid, clcw.report_value, clcw.is_locked_out) == (1, 2, 0xEA, False)
