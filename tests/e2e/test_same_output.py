# SPDX-License-Identifier: GPL-3.0-or-later
"""Same file, same output: every run, any chunking, any SIMD target, one thread or two.

The signals stand where some frames fail, so that everything that helps near the threshold takes part, and have a gap.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xband_core import _core, decode
from xband_core.mission import load_mission
from xband_core.recording import open_recording
from xband_core.records import Integrity, parse_records
from xband_station.bench.impairments import blank, quantise
from xband_station.bench.reception import Receiver
from xband_station.bench.scene import Conditions, make_scene

EB_N0_DB = {"suomi-npp": 1.55, "noaa-21": 1.55, "aqua": 5.5}
FRAMES = 150
GAP_SAMPLES = 50_000
PRODUCTS = ("frames.bin", "frames.jsonl", "frames_bad.bin", "frames_bad.jsonl", "cadus.bin")
SAMPLES_PER_SYMBOL = 2.2


@pytest.fixture(scope="module", params=sorted(EB_N0_DB))
def name(request: pytest.FixtureRequest) -> str:
    mission: str = request.param
    return mission


@pytest.fixture(scope="module")
def sample_rate_hz(name: str) -> float:
    return SAMPLES_PER_SYMBOL * load_mission(name).modulation.symbol_rate_hz


@pytest.fixture(scope="module")
def recording(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    mission = load_mission(name)
    scene = make_scene(mission, FRAMES, Conditions(EB_N0_DB[name], lead_in_s=1e-3, seed=3))
    raw = quantise(blank(scene.samples, [len(scene.samples) // 2], GAP_SAMPLES), "cs8")
    file = tmp_path_factory.mktemp(name) / "signal.cs8"
    raw.tofile(file)
    return file


def digests(folder: Path) -> dict[str, str]:
    return {product: hashlib.sha256((folder / product).read_bytes()).hexdigest() for product in PRODUCTS}


def run_command(recording: Path, name: str, sample_rate_hz: float, out: Path, **environment: str) -> dict[str, str]:
    command = [sys.executable, "-m", "xband_station", "decode", str(recording), "--mission", name, "--out", str(out)]
    options = ["--format", "cs8", "--sample-rate", f"{sample_rate_hz:g}", "--cadus"]
    everything = os.environ | environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([*command, *options], check=True, capture_output=True, env=everything)
    return digests(out)


@pytest.fixture(scope="module")
def reference(recording: Path, name: str, sample_rate_hz: float) -> dict[str, str]:
    """What the command makes of the recording; some frames came out and some did not."""
    out = recording.parent / "reference"
    found = run_command(recording, name, sample_rate_hz, out)
    assert (out / "frames.bin").stat().st_size > 0
    assert (out / "frames_bad.bin").stat().st_size > 0
    return found


def test_of_every_run(
    recording: Path, name: str, sample_rate_hz: float, reference: dict[str, str], tmp_path: Path
) -> None:
    assert run_command(recording, name, sample_rate_hz, tmp_path) == reference


@pytest.mark.parametrize("target", _core.simd_targets())
def test_of_every_simd_target(
    recording: Path, name: str, sample_rate_hz: float, reference: dict[str, str], target: str, tmp_path: Path
) -> None:
    assert run_command(recording, name, sample_rate_hz, tmp_path, XBAND_SIMD_TARGET=target) == reference


@pytest.mark.parametrize("block_len_samples", [77_777, 4_096])
def test_of_any_chunking(
    recording: Path,
    name: str,
    sample_rate_hz: float,
    reference: dict[str, str],
    block_len_samples: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decode, "BLOCK_LEN_SAMPLES", block_len_samples)
    opened = open_recording(recording, "cs8", sample_rate_hz)
    decode.decode_recording(opened, load_mission(name), tmp_path, cadus=True)
    assert digests(tmp_path) == reference


def test_of_one_thread(recording: Path, name: str, sample_rate_hz: float, reference: dict[str, str]) -> None:
    """The command demodulates and decodes in a thread each; here one does both, a few samples at a time."""
    raw = np.fromfile(recording, np.uint8)
    mission = load_mission(name)
    receiver = Receiver(mission, sample_rate_hz, "cs8")
    records = [receiver.push(raw[at : at + 30_001]) for at in range(0, len(raw), 30_001)]
    every = np.concatenate([*records, receiver.flush()])
    headers, blocks = parse_records(every, every.shape[1])
    frames = blocks[headers["integrity"] < Integrity.UNCORRECTABLE][:, : mission.framing.frame_len_bytes]
    assert hashlib.sha256(np.ascontiguousarray(frames).data).hexdigest() == reference["frames.bin"]
