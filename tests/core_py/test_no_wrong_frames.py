# SPDX-License-Identifier: GPL-3.0-or-later
"""Real CADUs in all that may lead a synchroniser astray: nothing that was not sent may come out as right."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import modulator as peer
import numpy as np
import pytest

from xband_core import _core
from xband_core.records import Integrity, parse_records

CADU_LEN_BYTES = 1024
ASM = bytes.fromhex("1acffc1d")
COMMON = {"modulation": "qpsk", "rs_interleave": 4, "frame_len_bytes": 892, "frame_kind": "aos", "scid": 157}
LINKS = {
    "coded": COMMON | {"inner_code": "conv_k7_r12", "differential": "nrz_m"},
    "uncoded": COMMON | {"inner_code": "none", "differential": "nrz_m_per_rail"},
}
# Amplitude 36 of soft bits: Eb/N0 near where plain decoding loses half of the frames, and without a doubt.
SIGMAS = {"coded": (30.5, 10.0), "uncoded": (14.0, 6.0)}


@pytest.fixture(scope="module")
def cadus(cadu_dir: Path) -> np.ndarray:
    octets = np.fromfile(cadu_dir / "snpp_synchronized_cadus.dat", np.uint8)
    return octets.reshape(-1, CADU_LEN_BYTES)


@pytest.fixture(scope="module")
def sent_frames(cadu_dir: Path) -> set[str]:
    expected = json.loads((cadu_dir / "snpp_expected.json").read_text())
    return {cadu["frame_sha256"] for cadu in expected["cadus"]}


def soft_of(octets: np.ndarray, link: str, sigma: float, rng: np.random.Generator) -> np.ndarray:
    config = LINKS[link]
    bits = peer.encode_cadus(octets.tobytes(), inner=config["inner_code"], differential=config["differential"])
    soft = np.where(bits, -36.0, 36.0) + rng.normal(0, sigma, len(bits))
    return np.clip(np.rint(soft), -127, 127).astype(np.int8)


def right_frames(soft: np.ndarray, config: dict) -> list[str]:
    decoder = _core.FrameDecoder(**config)
    decoder.push(soft)
    decoder.flush()
    headers, blocks = parse_records(decoder.pull(), decoder.record_stride)
    right = headers["integrity"] != Integrity.UNCORRECTABLE
    return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in blocks[right, :892]]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("true_markers_stay", [True, False])
@pytest.mark.parametrize("has_scid", [True, False])
def test_markers_up_to_64_octets_off(
    cadus: np.ndarray, sent_frames: set[str], link: str, true_markers_stay: bool, has_scid: bool
) -> None:
    """In every CADU a second marker at the same place, so that the false ones stand one CADU apart as well."""
    rng = np.random.default_rng(64)
    config = LINKS[link] | {"scid": 157 if has_scid else None}
    n_right = 0
    shifts = [*range(-64, -4, 7), *range(5, 65, 7)]  # the two markers overlap nowhere
    for shift in shifts:
        octets = cadus.copy().ravel()
        starts = np.arange(len(cadus)) * CADU_LEN_BYTES
        if not true_markers_stay:
            octets[(starts[:, None] + np.arange(4)).ravel()] = rng.integers(0, 256, 4 * len(cadus), dtype=np.uint8)
        false_starts = (starts + shift)[1:-1]
        octets[(false_starts[:, None] + np.arange(4)).ravel()] = np.tile(np.frombuffer(ASM, np.uint8), len(cadus) - 2)
        right = right_frames(soft_of(octets, link, SIGMAS[link][1], rng), config)
        assert set(right) <= sent_frames
        n_right += len(right)
    assert len(shifts) * cadus.size * 8 > 9_000_000
    if true_markers_stay:
        assert n_right > 0.99 * len(shifts) * len(cadus)


@pytest.mark.parametrize("link", LINKS)
def test_noise_cuts_and_shifts(cadus: np.ndarray, sent_frames: set[str], link: str) -> None:
    """Near the threshold, cut anywhere, with octets missing or doubled within, and markers written over data."""
    rng = np.random.default_rng(65)
    n_right = n_bits = 0
    for _ in range(12):
        octets = cadus.copy().ravel()
        for at in rng.integers(0, octets.size - 4, 40):
            octets[at : at + 4] = np.frombuffer(ASM, np.uint8)
        pieces = np.split(octets, np.sort(rng.integers(0, octets.size, 4)))
        shifted = [piece[rng.integers(0, 65) :] if rng.random() < 0.5 else piece for piece in pieces]
        octets = np.concatenate([rng.integers(0, 256, rng.integers(2000), dtype=np.uint8), *shifted])
        right = right_frames(soft_of(octets, link, SIGMAS[link][0], rng), LINKS[link])
        assert set(right) <= sent_frames
        n_right += len(right)
        n_bits += 8 * octets.size
    assert n_bits > 5_000_000
    assert n_right > 0.7 * 12 * len(cadus)
