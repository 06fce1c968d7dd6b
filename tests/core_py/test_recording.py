# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings are recognised and checked before anything is decoded; what is wrong is said, never guessed."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xband_core.errors import RecordingError
from xband_core.recording import open_recording

META: dict[str, Any] = {
    "global": {"core:datatype": "ci16_le", "core:sample_rate": 33e6, "core:version": "1.0.0"},
    "captures": [{"core:sample_start": 0, "core:frequency": 7812e6, "core:datetime": "2026-07-22T00:00:00.123456789Z"}],
    "annotations": [],
}


def write_sigmf(directory: Path, meta: object, data: bytes = bytes(40)) -> Path:
    (directory / "pass.sigmf-data").write_bytes(data)
    file = directory / "pass.sigmf-meta"
    file.write_text(json.dumps(meta))
    return file


@pytest.mark.parametrize("name", ["pass.sigmf-meta", "pass.sigmf-data", "pass"])
def test_sigmf_tells_everything(tmp_path: Path, name: str) -> None:
    write_sigmf(tmp_path, META)
    recording = open_recording(tmp_path / name)
    assert recording.data_file == tmp_path / "pass.sigmf-data"
    assert (recording.iq_format, recording.sample_rate_hz, recording.n_samples) == ("cs16", 33e6, 10)
    assert recording.centre_frequency_hz == 7812e6
    assert recording.start_time_ns == 1_784_678_400_123_456_789
    assert [len(block) for block in recording.blocks(4)] == [16, 16, 8]


def test_sigmf_header_and_trailer_are_left_out(tmp_path: Path) -> None:
    meta = json.loads(json.dumps(META))
    meta["captures"][0]["core:header_bytes"] = 6
    meta["global"]["core:trailing_bytes"] = 2
    recording = open_recording(write_sigmf(tmp_path, meta, b"header" + b"\1" * 8 + b"xx"))
    assert b"".join(recording.blocks(1)) == b"\1" * 8


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("global", "core:datatype", "cu8", "supported: ci8, ci16_le, cf32_le"),
        ("global", "core:datatype", None, "supported"),
        ("global", "core:sample_rate", None, "--sample-rate"),
        ("global", "core:sample_rate", -1, "--sample-rate"),
        ("global", "core:sample_rate", "33e6", "not a number"),
        ("global", "core:sample_rate", 10**400, "not a number"),
        ("global", "core:num_channels", 2, "one channel"),
        ("captures", "core:frequency", [1], "not a number"),
        ("captures", "core:datetime", "yesterday", "is not a UTC time"),
        ("captures", "core:header_bytes", -4, "number of bytes"),
        ("captures", "core:header_bytes", 1000, "no samples"),
        ("captures", "core:header_bytes", 1, "no whole number"),
    ],
)
def test_wrong_sigmf(tmp_path: Path, section: str, key: str, value: object, message: str) -> None:
    meta = json.loads(json.dumps(META))
    (meta["global"] if section == "global" else meta["captures"][0])[key] = value
    with pytest.raises(RecordingError, match=message):
        open_recording(write_sigmf(tmp_path, meta))


@pytest.mark.parametrize("meta", [[], {}, {"global": []}, {**META, "captures": {}}, {**META, "captures": [1]}])
def test_not_sigmf(tmp_path: Path, meta: object) -> None:
    with pytest.raises(RecordingError):
        open_recording(write_sigmf(tmp_path, meta))


def test_options_must_agree_with_sigmf(tmp_path: Path) -> None:
    file = write_sigmf(tmp_path, META)
    assert open_recording(file, "cs16", 33e6).n_samples == 10
    with pytest.raises(RecordingError, match="--format cs8 contradicts"):
        open_recording(file, "cs8")
    with pytest.raises(RecordingError, match="--sample-rate 1e\\+06 contradicts"):
        open_recording(file, None, 1e6)


@pytest.mark.parametrize(
    ("name", "size", "iq_format", "rate", "message"),
    [
        ("a.cs8", 0, None, 1e6, "no samples"),
        ("a.cs8", 1, None, 1e6, "no whole number of 2-byte cs8 samples"),
        ("a.cs16", 7, None, 1e6, "truncated"),
        ("a.cf32", 12, None, 1e6, "truncated"),
        ("a.raw", 8, None, 1e6, "--format"),
        ("a.cs8", 8, None, None, "--sample-rate"),
        ("a.cs8", 8, None, 0.0, "not above 0"),
        ("a.cs8", 8, None, float("nan"), "not above 0"),
        ("a.cs8", 8, "cu8", 1e6, "none of cs8, cs16, cf32"),
    ],
)
def test_wrong_raw(
    tmp_path: Path, name: str, size: int, iq_format: str | None, rate: float | None, message: str
) -> None:
    (tmp_path / name).write_bytes(bytes(size))
    with pytest.raises(RecordingError, match=message) as caught:
        open_recording(tmp_path / name, iq_format, rate)
    assert caught.value.path.endswith(name)


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sigmf-data")
    (tmp_path / "dir.cs8").mkdir()
    for name in ("absent.cs8", "dir.cs8", "absent.sigmf-meta"):
        with pytest.raises(RecordingError, match="cannot be read"):
            open_recording(tmp_path / name, None, 1e6)


def test_a_file_that_shrinks_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.cs8"
    file.write_bytes(bytes(100))
    recording = open_recording(file, None, 1e6)
    file.write_bytes(bytes(50))
    with pytest.raises(RecordingError, match="50 bytes early"):
        list(recording.blocks(10))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_metadata_gives_a_recording_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(json.dumps(META).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(raw) - 1))
        raw[position : position + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    file = write_sigmf(tmp_path_factory.getbasetemp(), {})
    file.write_bytes(raw)
    with contextlib.suppress(RecordingError):  # anything else fails the test
        open_recording(file)
