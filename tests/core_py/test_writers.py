# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a pass: complete, in step with each other, and never with half a record."""

from __future__ import annotations

import hashlib
import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_records import blocks_of_cadus, make_records

from xband_core.errors import OutputError
from xband_core.framing import FrameProcessor
from xband_core.mission import load_mission
from xband_core.writers import PassWriter

CADUS = "snpp_synchronized_cadus.dat"


def write_pass(out_dir: Path, cadu_file: Path, bad: tuple[int, ...] = (), batch_len: int = 20) -> dict[str, Any]:
    mission = load_mission("suomi-npp")
    blocks = blocks_of_cadus(cadu_file.read_bytes())
    integrity = np.zeros(len(blocks), np.uint8)
    integrity[list(bad)] = 2
    records = make_records(mission, blocks, integrity=integrity)
    processor = FrameProcessor(mission, 33e6, 1_455_120_000_000_000_000, "file", "p")
    writer = PassWriter(out_dir, processor, cadus=True)
    for first in range(0, len(records), batch_len):
        writer.write(processor.process(records[first : first + batch_len]))
    return writer.finish({"recording": "test"})


def test_real_pass(cadu_dir: Path, tmp_path: Path) -> None:
    expected = json.loads((cadu_dir / "snpp_expected.json").read_text())
    summary = write_pass(tmp_path, cadu_dir / CADUS)
    assert (tmp_path / "cadus.bin").read_bytes() == (cadu_dir / CADUS).read_bytes()
    frames = (tmp_path / "frames.bin").read_bytes()
    lines = [json.loads(line) for line in (tmp_path / "frames.jsonl").read_text().splitlines()]
    assert len(lines) == 65
    for index, (line, cadu) in enumerate(zip(lines, expected["cadus"], strict=True)):
        frame = frames[892 * index : 892 * (index + 1)]
        assert hashlib.sha256(frame).hexdigest() == cadu["frame_sha256"]
        assert (line["scid"], line["vcid"], line["vc_count"]) == (157, 16, cadu["vc_frame_count"])
        assert line["corrected_symbols"] == cadu["symbol_errors_per_codeword"]
        assert (line["integrity"], line["pass_id"], line["clock_quality"]) == ("good", "p", "file")
    assert [line["gap_before"] for line in lines] == [None, 0, 0, 0, 0, 0, 1, *[0] * 58]
    packets = b"".join((tmp_path / "packets" / name).read_bytes() for name in ("802.bin", "803.bin"))
    assert hashlib.md5(packets).hexdigest() == expected["summary"]["packets_in_vcid_order_md5"]
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    assert summary["packets"] == {
        apid: {"packets": v["packets"], "octets": v["octets"]} for apid, v in expected["summary"]["apids"].items()
    }
    (channel,) = summary["virtual_channels"]
    assert channel["cuts"] == {"no_start": 3, "tail": 2, "gap": 1, "end": 1}
    assert [gap["before_vc_count"] for gap in summary["gaps"]] == [9842883]
    assert (summary["frames_good"], summary["recording"], channel["name"]) == (65, "test", "VIIRS")


def test_bad_frames_go_apart_and_stay_in_step(cadu_dir: Path, tmp_path: Path) -> None:
    summary = write_pass(tmp_path, cadu_dir / CADUS, bad=(0, 30, 64))
    assert (summary["frames_good"], summary["frames_uncorrectable"]) == (62, 3)
    good = [json.loads(line)["sequence"] for line in (tmp_path / "frames.jsonl").read_text().splitlines()]
    bad = [json.loads(line) for line in (tmp_path / "frames_bad.jsonl").read_text().splitlines()]
    assert good == [n for n in range(65) if n not in (0, 30, 64)]
    assert [(line["sequence"], line["integrity"]) for line in bad] == [(n, "uncorrectable") for n in (0, 30, 64)]
    cadus = (cadu_dir / CADUS).read_bytes()
    assert (tmp_path / "cadus.bin").read_bytes() == b"".join(cadus[1024 * n : 1024 * (n + 1)] for n in good)
    assert (tmp_path / "frames_bad.bin").stat().st_size == 3 * 892


def test_results_of_an_earlier_run_are_replaced(cadu_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "packets").mkdir()
    for name in ("packets/99.bin", "packets/mine.bin", "summary.json", "frames.bin"):
        (tmp_path / name).write_text("old")
    write_pass(tmp_path, cadu_dir / CADUS)
    assert not (tmp_path / "packets/99.bin").exists()
    assert (tmp_path / "packets/mine.bin").read_text() == "old"
    assert (tmp_path / "frames.bin").stat().st_size == 65 * 892


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """No file may grow beyond this size: a write is cut short, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size_bytes", [1, 892 * 20 + 400, 892 * 40 + 1])
def test_full_disk_leaves_whole_records_in_step(cadu_dir: Path, tmp_path: Path, size_bytes: int) -> None:
    with largest_file(size_bytes), pytest.raises(OutputError, match=r"cannot write .*: File too large"):
        write_pass(tmp_path, cadu_dir / CADUS)
    frames, rest = divmod((tmp_path / "frames.bin").stat().st_size, 892)
    assert rest == 0
    assert frames % 20 == 0
    assert len((tmp_path / "frames.jsonl").read_text().splitlines()) == frames
    assert (tmp_path / "cadus.bin").stat().st_size == frames * 1024
    assert not (tmp_path / "summary.json").exists()
    for file in (tmp_path / "packets").iterdir():
        data = file.read_bytes()
        while data:
            length = int.from_bytes(data[4:6], "big") + 7
            assert len(data) >= length
            data = data[length:]


def test_summary_that_does_not_fit_leaves_nothing(cadu_dir: Path, tmp_path: Path) -> None:
    mission = load_mission("suomi-npp")
    writer = PassWriter(tmp_path, FrameProcessor(mission, 33e6, None, "unknown", "p"))
    with largest_file(100), pytest.raises(OutputError, match=r"summary\.json"):
        writer.finish({})
    assert not list(tmp_path.glob("summary*"))


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    processor = FrameProcessor(load_mission("suomi-npp"), 33e6, None, "unknown", "p")
    with pytest.raises(OutputError, match="file"):
        PassWriter(tmp_path / "file" / "out", processor)
    (tmp_path / "frames.bin").mkdir()
    with pytest.raises(OutputError, match=r"frames\.bin"):
        PassWriter(tmp_path, processor)
