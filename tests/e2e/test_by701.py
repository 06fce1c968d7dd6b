# SPDX-License-Identifier: GPL-3.0-or-later
"""A real recording off air, BY70-1 with frames one by one: 48 kHz audio of a receiver, the carrier at 12 kHz."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from gnuradio import blocks, gr, xband
from gnuradio.filter import firdes, freq_xlating_fir_filter_fcc

from xband_core import _core
from xband_core.mission import Mission, load_mission
from xband_core.records import parse_records

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT.parent / "shared" / "data" / "recordings"
SAMPLE_RATE_HZ = 48_000
CARRIER_HZ = 12_000
CHANNEL_BANDWIDTH_HZ = 10_000  # the other half of the real signal stands 24 kHz away


@pytest.fixture(scope="module")
def wav_file() -> Path:
    file = RECORDINGS / "by701.wav"
    if not file.exists():
        pytest.skip(f"recording not found: {file}")
    return file


@pytest.fixture(scope="module")
def expected() -> set[str]:
    """Frames, in hex, that another decoder found in five runs together."""
    file = RECORDINGS / "by701.frames.json"
    if not file.exists():
        pytest.skip(f"expected frames not found: {file}")
    frames = {frame["hex"] for frame in json.loads(file.read_text())["frames"]}
    assert len(frames) == 22
    return frames


@pytest.fixture(scope="module")
def mission() -> Mission:
    return load_mission(ROOT / "tests" / "data" / "by70-1.yml")


def channel_filter(wav_file: Path) -> list[gr.basic_block]:
    """Complex samples of the channel, as GNU Radio's own blocks make them."""
    taps = firdes.low_pass(1.0, SAMPLE_RATE_HZ, CHANNEL_BANDWIDTH_HZ, 4_000)
    return [
        blocks.wavfile_source(str(wav_file), False),
        freq_xlating_fir_filter_fcc(1, taps, CARRIER_HZ, SAMPLE_RATE_HZ),
    ]


def run(chain: list[gr.basic_block], max_items: int = 0) -> None:
    top = gr.top_block("by70-1", catch_exceptions=False)
    top.connect(*chain)
    if max_items:
        top.run(max_items)
    else:
        top.run()


def frames_of(records: np.ndarray, mission: Mission) -> list[str]:
    _, code_blocks = parse_records(records, records.shape[1])
    return [block[: mission.framing.frame_len_bytes].tobytes().hex() for block in code_blocks]


def receive_in_flowgraph(wav_file: Path, mission: Mission, max_items: int) -> list[str]:
    demod = xband.psk_demod(**mission.demodulator_config(SAMPLE_RATE_HZ, "cf32"))
    decoder = xband.frame_decoder(**mission.decoder_config())
    sink = blocks.vector_sink_b(decoder.record_stride())
    run([*channel_filter(wav_file), demod, decoder, sink], max_items)
    return frames_of(np.array(sink.data(), np.uint8).reshape(-1, decoder.record_stride()), mission)


def test_flowgraph_finds_every_expected_frame(wav_file: Path, mission: Mission, expected: set[str]) -> None:
    frames = receive_in_flowgraph(wav_file, mission, 0)
    assert expected <= set(frames)
    assert receive_in_flowgraph(wav_file, mission, 0) == frames
    assert receive_in_flowgraph(wav_file, mission, 1001) == frames


@pytest.mark.parametrize("chunk_len", [1 << 20, 4099])
def test_kernels_find_every_expected_frame(
    wav_file: Path, mission: Mission, expected: set[str], chunk_len: int
) -> None:
    sink = blocks.vector_sink_c()
    run([*channel_filter(wav_file), sink])
    iq = np.array(sink.data(), np.complex64)
    demod = _core.PskDemodulator(**mission.demodulator_config(SAMPLE_RATE_HZ, "cf32"))
    decoder = _core.FrameDecoder(**mission.decoder_config())
    records = []
    for first in range(0, len(iq), chunk_len):
        demod.push(iq[first : first + chunk_len])
        if first + chunk_len >= len(iq):
            demod.flush()
        soft = demod.pull()
        decoder.mark(demod.pull_marks())
        decoder.push(soft)
        records.append(decoder.pull())
    decoder.flush()
    records.append(decoder.pull())
    found = np.concatenate(records)

    assert expected <= set(frames_of(found, mission))
    headers, _ = parse_records(found, decoder.record_stride)
    assert np.all(headers["integrity"] < 2)
    cadu_samples = 2 * 8 * mission.cadu_len_bytes * SAMPLE_RATE_HZ / mission.modulation.symbol_rate_hz
    spacing = np.diff(headers["first_sample"])
    assert spacing.min() > math.floor(cadu_samples) - 48  # none twice, none overlapping
    assert decoder.stats()["frames_good"] + decoder.stats()["frames_corrected"] == len(found)
