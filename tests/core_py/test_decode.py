# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings to files, through the true waveform of a modulator that shares no code with the decoder."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from modulator import encode_cadus, modulate

from xband_core import decode
from xband_core.decode import decode_recording, expected_offset_hz
from xband_core.errors import OutputError, RecordingError, XbandError
from xband_core.mission import load_mission
from xband_core.recording import Recording, open_recording

SAMPLE_RATE_HZ = 33e6
PRODUCTS = ("frames.bin", "frames.jsonl", "frames_bad.bin", "frames_bad.jsonl", "cadus.bin", "packets/803.bin")


@pytest.fixture(scope="module")
def snpp_file(cadu_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 65 real CADUs once, 36 ms, Eb/N0 5 dB, Doppler and a clock that is off."""
    bits = encode_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes())
    iq = modulate(
        bits,
        "qpsk",
        SAMPLE_RATE_HZ / 15e6,
        sample_rate_hz=SAMPLE_RATE_HZ,
        clock_ppm=20.0,
        offset_hz=70e3,
        ramp_hz_s=3e3,
        eb_n0_db=5.0,
        quantise="cs8",
    )
    file = tmp_path_factory.mktemp("iq") / "snpp.cs8"
    iq.tofile(file)
    return file


def open_cs8(file: Path) -> Recording:
    return open_recording(file, "cs8", SAMPLE_RATE_HZ)


def test_real_frames_come_back(cadu_dir: Path, snpp_file: Path, tmp_path: Path) -> None:
    expected = json.loads((cadu_dir / "snpp_expected.json").read_text())
    calls: list[tuple[int, int, int]] = []
    summary = decode_recording(
        open_cs8(snpp_file),
        load_mission("suomi-npp"),
        tmp_path,
        cadus=True,
        start_time_ns=10**18,
        progress=lambda done, total, frames: calls.append((done, total, frames)),
    )
    assert (tmp_path / "cadus.bin").read_bytes() == (cadu_dir / "snpp_synchronized_cadus.dat").read_bytes()
    frames = np.fromfile(tmp_path / "frames.bin", np.uint8).reshape(-1, 892)
    assert [hashlib.sha256(f.tobytes()).hexdigest() for f in frames] == [c["frame_sha256"] for c in expected["cadus"]]
    lines = [json.loads(line) for line in (tmp_path / "frames.jsonl").read_text().splitlines()]
    assert [line["vc_count"] for line in lines] == [cadu["vc_frame_count"] for cadu in expected["cadus"]]
    assert [line["gap_before"] for line in lines] == [None, 0, 0, 0, 0, 0, 1, *[0] * 58]
    packets = b"".join((tmp_path / "packets" / name).read_bytes() for name in ("802.bin", "803.bin"))
    assert hashlib.md5(packets).hexdigest() == expected["summary"]["packets_in_vcid_order_md5"]

    assert summary["frames_good"] + summary["frames_corrected"] == 65
    assert summary["es_n0_db"] == pytest.approx(5.0, abs=0.3)
    assert summary["carrier_offset_hz"] == pytest.approx(70e3 + 3e3 * 0.018, abs=100)
    assert summary["symbol_rate_error_ppm"] == pytest.approx(20.0, abs=1.0)
    assert summary["first_lock_s"] == pytest.approx(0.0, abs=1e-4)
    assert summary["throughput_msym_s"] > 0
    assert calls[-1][:2] == (summary["samples"], summary["samples"])
    assert calls[-1][2] == 65
    # The modulator puts the centre of symbol k at sample (k + 16) * 2.2 / (1 + 20e-6); a CADU is 8192 symbols.
    first_samples = np.array([line["first_sample"] for line in lines])
    truth = (8192 * np.arange(65) + 16) * 2.2 / (1 + 20e-6)
    assert np.abs(first_samples - truth).max() < 0.5
    assert lines[1]["time_ns"] - 10**18 == pytest.approx(truth[1] / SAMPLE_RATE_HZ * 1e9, abs=20)


def test_the_same_input_gives_the_same_output(snpp_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is cut into other blocks."""
    mission = load_mission("suomi-npp")
    contents = []
    for block_len_samples in (1 << 19, 77_777):
        monkeypatch.setattr(decode, "BLOCK_LEN_SAMPLES", block_len_samples)
        out_dir = tmp_path / str(block_len_samples)
        decode_recording(open_cs8(snpp_file), mission, out_dir, cadus=True)
        contents.append([(out_dir / name).read_bytes() for name in PRODUCTS])
    assert contents[0] == contents[1]
    assert contents[0][0]


@pytest.mark.parametrize(
    ("centre_hz", "offset_hz"), [(None, 0.0), (7812e6, 0.0), (7811.9e6, 100e3), (720e6, 0.0), (0.0, 0.0)]
)
def test_expected_offset(centre_hz: float | None, offset_hz: float) -> None:
    recording = Recording(Path("a"), "cs8", SAMPLE_RATE_HZ, 1, centre_frequency_hz=centre_hz)
    assert expected_offset_hz(recording, load_mission("suomi-npp")) == pytest.approx(offset_hz)


def test_a_wide_recording_needs_no_hint(cadu_dir: Path, tmp_path: Path) -> None:
    """100 Msample/s with 15 Msym/s in it, 31 MHz off the centre: every frame, the first one included."""
    bits = encode_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes()[: 8 * 1024])
    iq = modulate(bits, "qpsk", 100 / 15, sample_rate_hz=100e6, offset_hz=31e6, eb_n0_db=4.0, quantise="cs8")
    file = tmp_path / "wide.cs8"
    iq.tofile(file)
    recording = open_recording(file, "cs8", 100e6)
    mission = load_mission("suomi-npp")
    summary = decode_recording(recording, mission, tmp_path / "out")
    assert summary["frames_good"] + summary["frames_corrected"] == 8
    hinted = decode_recording(recording, mission, tmp_path / "hinted", frequency_offset_hz=0.0)
    assert hinted["frames_good"] + hinted["frames_corrected"] == 0  # who says where it is wants it there


def test_sample_rate_below_the_symbol_rate_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.cs8"
    file.write_bytes(bytes(1000))
    with pytest.raises(XbandError, match=r"does not fit mission suomi-npp .1e.06 samples/s, .* samples per symbol"):
        decode_recording(open_recording(file, "cs8", 1e6), load_mission("suomi-npp"), tmp_path / "out")


def test_errors_of_either_thread_end_both(snpp_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mission = load_mission("suomi-npp")
    monkeypatch.setattr(decode, "BLOCK_LEN_SAMPLES", 5000)
    shrunk = tmp_path / "shrunk.cs8"
    shrunk.write_bytes(snpp_file.read_bytes())
    recording = open_cs8(shrunk)
    shrunk.write_bytes(snpp_file.read_bytes()[:500_000])
    with pytest.raises(RecordingError, match="early"):
        decode_recording(recording, mission, tmp_path / "out")

    def refuse(done: int, total: int, frames: int) -> None:
        raise OutputError("x", "disk full")

    with pytest.raises(OutputError):
        decode_recording(open_cs8(snpp_file), mission, tmp_path / "out", progress=refuse)
    assert not [thread for thread in threading.enumerate() if thread.name == "demodulator"]
