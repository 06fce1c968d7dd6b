# SPDX-License-Identifier: GPL-3.0-or-later
"""IQ of the 65 real Suomi NPP CADUs, made by the independent modulator of tests/peer, through the whole receiver."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import modulator as peer
import numpy as np
import pytest

from xband_core import _core
from xband_core.mission import load_mission
from xband_core.records import FRAME_RECORD_HEADER, HEADER_LEN_BYTES

CADU_FILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "cadu" / "snpp_synchronized_cadus.dat"
CADU_LEN_BYTES = 1024
SYMBOL_RATE_HZ = 15e6
UNCORRECTABLE = 2


@pytest.fixture(scope="module")
def cadus() -> bytes:
    if not CADU_FILE.exists():
        pytest.skip(f"real CADUs not found: {CADU_FILE}")
    return CADU_FILE.read_bytes()


@dataclass
class Reception:
    headers: np.ndarray
    cadus: list[bytes]
    symbols: int
    statistics: dict[str, object] = field(default_factory=dict)


def receive(iq: np.ndarray, samples_per_symbol: float, iq_format: str, chunk_len_bytes: int = 1 << 18) -> Reception:
    mission = load_mission("suomi-npp")
    demodulator = _core.PskDemodulator(**mission.demodulator_config(SYMBOL_RATE_HZ * samples_per_symbol, iq_format))
    decoder = _core.FrameDecoder(**mission.decoder_config())
    raw = iq.view(np.uint8)
    records = []

    def pass_on() -> None:
        soft = demodulator.pull()
        decoder.mark(demodulator.pull_marks())
        decoder.push(soft)
        records.append(decoder.pull())

    for at in range(0, len(raw), chunk_len_bytes):
        demodulator.push(raw[at : at + chunk_len_bytes])
        pass_on()
    demodulator.flush()
    pass_on()
    decoder.flush()
    records.append(decoder.pull())
    every = np.concatenate(records)
    headers = every[:, :HEADER_LEN_BYTES].copy().view(FRAME_RECORD_HEADER)[:, 0]
    marker = bytes.fromhex("1acffc1d")
    blocks = every[:, HEADER_LEN_BYTES : HEADER_LEN_BYTES + CADU_LEN_BYTES - 4]
    frames = [marker + bytes(_core.apply_randomizer(np.ascontiguousarray(block))) for block in blocks]
    return Reception(headers, frames, demodulator.stats()["symbols"], decoder.stats())


def cut(cadus: bytes) -> list[bytes]:
    return [cadus[at : at + CADU_LEN_BYTES] for at in range(0, len(cadus), CADU_LEN_BYTES)]


IMPAIRMENTS = [
    {"sps": 2.0, "offset_hz": 200e3, "ramp_hz_s": 3e3, "clock_ppm": 50.0, "phase_rad": 2.0},
    {"sps": 2.0, "offset_hz": -200e3, "ramp_hz_s": -3e3, "clock_ppm": -50.0, "iq_swap": True},
    {"sps": math.sqrt(5), "offset_hz": 111e3, "ramp_hz_s": 3e3, "clock_ppm": -33.0, "phase_rad": 0.7},
    {"sps": 7 / 3, "offset_hz": -50e3, "ramp_hz_s": 3e3, "clock_ppm": 50.0, "spectral_inversion": True},
    {"sps": math.e, "offset_hz": 200e3, "ramp_hz_s": -3e3, "clock_ppm": -50.0, "phase_rad": 4.0, "g2_inverted": True},
    {"sps": math.pi, "offset_hz": 0.0, "ramp_hz_s": 3e3, "clock_ppm": 50.0, "phase_rad": 5.5, "iq_swap": True},
    {"sps": 4.0, "offset_hz": -200e3, "ramp_hz_s": 3e3, "clock_ppm": 0.0, "iq_swap": True, "spectral_inversion": True},
    {"sps": 4.7, "offset_hz": 123456.0, "ramp_hz_s": -3e3, "clock_ppm": 50.0, "iq_format": "cs16"},
    {"sps": 2.2, "offset_hz": -199e3, "ramp_hz_s": 3e3, "clock_ppm": 20.0, "iq_format": "cf32", "linewidth_hz": 100.0},
]


@pytest.mark.parametrize("case", IMPAIRMENTS, ids=lambda case: f"sps{case['sps']:.3f}")
def test_every_frame_comes_out_at_5_db(cadus: bytes, case: dict[str, object]) -> None:
    """Not only those after 50 ms: the first and the last one too, each octet as it was sent."""
    repeats = 3
    case = dict(case)
    samples_per_symbol = case.pop("sps")
    iq_format = case.pop("iq_format", "cs8")
    bits = peer.encode_cadus(cadus * repeats, g2_inverted=case.pop("g2_inverted", False))
    iq = peer.modulate(
        bits,
        "qpsk",
        samples_per_symbol,
        sample_rate_hz=SYMBOL_RATE_HZ * samples_per_symbol,
        eb_n0_db=5.0,
        quantise=iq_format,
        seed=11,
        **case,
    )
    got = receive(iq, samples_per_symbol, iq_format)
    assert got.cadus == cut(cadus * repeats)
    assert np.all(got.headers["integrity"] < UNCORRECTABLE)
    assert np.median(got.headers["es_n0_db"]) == pytest.approx(5.0, abs=0.3)
    # The instant of each frame's first symbol, against where the modulator put it.
    symbols = np.arange(len(got.cadus)) * 8.0 * CADU_LEN_BYTES + peer.HALF_SPAN_SYMBOLS
    truth = symbols * samples_per_symbol / (1 + case["clock_ppm"] * 1e-6)
    assert np.max(np.abs(got.headers["first_sample"] - truth)) < 0.1 * samples_per_symbol


def test_frames_at_4_db_and_any_chunking(cadus: bytes) -> None:
    """At 4 dB at least 99 % come out (here: all), and the division of the input changes nothing."""
    bits = peer.encode_cadus(cadus * 4)
    iq = peer.modulate(
        bits, "qpsk", 2.2, sample_rate_hz=33e6, eb_n0_db=4.0, offset_hz=75e3, ramp_hz_s=1600.0, clock_ppm=20.0,
        linewidth_hz=100.0, quantise="cs8", seed=5,
    )  # fmt: skip
    whole = receive(iq, 2.2, "cs8")
    sent = cut(cadus * 4)
    good = sum(a == b for a, b in zip(whole.cadus, sent, strict=False))
    assert good >= 0.99 * len(sent)
    for chunk_len_bytes in (10007, 1 << 22):
        again = receive(iq, 2.2, "cs8", chunk_len_bytes)
        assert again.cadus == whole.cadus
        assert np.array_equal(again.headers.view(np.uint8), whole.headers.view(np.uint8))


def test_noise_gives_no_frame() -> None:
    noise = np.random.default_rng(3).integers(-60, 60, 8_000_000, dtype=np.int8)
    got = receive(noise, 2.2, "cs8")
    assert got.cadus == []


def test_a_drop_out_costs_only_the_frames_it_touches(cadus: bytes) -> None:
    repeats, samples_per_symbol = 4, 2.2
    bits = peer.encode_cadus(cadus * repeats)
    iq = peer.modulate(
        bits, "qpsk", samples_per_symbol, sample_rate_hz=33e6, eb_n0_db=5.0, quantise="cs8", seed=2, offset_hz=20e3
    ).reshape(-1, 2)
    frame_len_samples = 8 * CADU_LEN_BYTES * samples_per_symbol
    begin, end = int(100.5 * frame_len_samples), int(104.2 * frame_len_samples)  # 2 ms
    noise = np.random.default_rng(4).normal(0.0, 20.0, (end - begin, 2))
    iq[begin:end] = noise.astype(np.int8)
    got = receive(np.ascontiguousarray(iq).ravel(), samples_per_symbol, "cs8")
    good = {at for at, cadu in enumerate(cut(cadus * repeats)) if at < 100 or at > 104}
    received = [c for c, h in zip(got.cadus, got.headers, strict=True) if h["integrity"] < UNCORRECTABLE]
    assert received == [cadu for at, cadu in enumerate(cut(cadus * repeats)) if at in good]
    # The touched ones are flagged on the grid, not dropped.
    assert len(got.cadus) == 65 * repeats
