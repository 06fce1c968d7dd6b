# SPDX-License-Identifier: GPL-3.0-or-later
"""FrameDecoder and CaduEncoder against real CADUs, real soft symbols and the independent encoder of tests/peer."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import modulator as peer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xband_core import _core
from xband_core.records import Integrity, parse_records

SNPP = {
    "modulation": "qpsk",
    "inner_code": "conv_k7_r12",
    "differential": "nrz_m",
    "rs_interleave": 4,
    "frame_len_bytes": 892,
    "frame_kind": "aos",
    "scid": 157,
}
CADU_LEN_BYTES = 1024


@pytest.fixture(scope="module")
def cadus(cadu_dir: Path) -> bytes:
    return (cadu_dir / "snpp_synchronized_cadus.dat").read_bytes()


@pytest.fixture(scope="module")
def frame_hashes(cadu_dir: Path) -> list[str]:
    expected = json.loads((cadu_dir / "snpp_expected.json").read_text())
    return [cadu["frame_sha256"] for cadu in expected["cadus"]]


def soft_of(channel_bits: np.ndarray, amplitude: int = 40) -> np.ndarray:
    return np.where(channel_bits, -amplitude, amplitude).astype(np.int8)


def decode(soft: np.ndarray, chunk_len: int | None = None, **config: object) -> tuple[np.ndarray, np.ndarray, dict]:
    """Headers, transfer frames (n, frame_len_bytes) and statistics."""
    decoder = _core.FrameDecoder(**config)
    records = []
    for at in range(0, len(soft), chunk_len or max(len(soft), 1)):
        decoder.push(soft[at : at + (chunk_len or len(soft))])
        records.append(decoder.pull())
    decoder.flush()
    records.append(decoder.pull())
    headers, blocks = parse_records(np.concatenate(records), decoder.record_stride)
    return headers, blocks[:, : int(config["frame_len_bytes"])], decoder.stats()


def hashes(frames: np.ndarray) -> list[str]:
    return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in frames]


def receive_rails(soft: np.ndarray, modulation: str, quarter_turns: int, is_conjugate: bool) -> np.ndarray:
    """What a demodulator in another of its 8 states makes of the soft stream."""
    if modulation == "bpsk":
        return soft * np.int8((-1) ** quarter_turns)
    rails = soft.reshape(-1, 2).astype(np.int16)
    i, q = rails[:, 0], rails[:, 1] * (-1 if is_conjugate else 1)
    for _ in range(quarter_turns):
        if modulation == "oqpsk":
            i, q = -q[:-1], i[1:]  # the rail that led by half a symbol now trails the one after it
        else:
            i, q = -q, i
    return np.stack([i, q], axis=1).ravel().astype(np.int8)


# Rate 2/3 on two rails has a period of two symbols, rate 3/4 hides the sense of G2, 5/6 the sign of a rail too.
PUNCTURED_LINKS = [
    (modulation, inner, mapping, differential)
    for modulation, inner, mapping, differential in itertools.product(
        ("bpsk", "qpsk", "oqpsk"),
        ("conv_k7_r23", "conv_k7_r34", "conv_k7_r56", "conv_k7_r78"),
        ("serial", "c1_c2"),
        ("none", "nrz_m"),
    )
    if mapping == "serial" or (modulation != "bpsk" and inner in ("conv_k7_r34", "conv_k7_r56"))
] + [
    ("qpsk", inner, "per_rail", differential)
    for inner in ("conv_k7_r12", "conv_k7_r34", "conv_k7_r78")
    for differential in ("none", "nrz_m", "nrz_m_per_rail", "four_phase")
]

LINKS = [
    (modulation, inner, differential)
    for modulation, inner, differential in itertools.product(
        ("bpsk", "qpsk", "oqpsk"), ("conv_k7_r12", "none"), ("none", "nrz_m", "nrz_m_per_rail")
    )
    if not (differential == "nrz_m_per_rail" and (modulation == "bpsk" or inner != "none"))
]


@pytest.mark.parametrize(("modulation", "inner", "differential"), LINKS)
def test_real_cadus_in_every_state(cadus, frame_hashes, modulation, inner, differential):
    """All 65 frames, whatever the phase, conjugation and sense of G2.

    OQPSK turned by 90 degrees loses half a symbol at the start: less than Reed-Solomon mends.
    """
    config = SNPP | {"modulation": modulation, "inner_code": inner, "differential": differential}
    for g2_inverted in (True, False) if inner != "none" else (False,):
        bits = peer.encode_cadus(cadus, inner=inner, differential=differential, g2_inverted=g2_inverted)
        for quarter_turns, is_conjugate in itertools.product(range(4), (False, True)):
            soft = receive_rails(soft_of(bits), modulation, quarter_turns, is_conjugate)
            headers, frames, stats = decode(soft, **config)
            assert hashes(frames) == frame_hashes, (g2_inverted, quarter_turns, is_conjugate)
            assert stats["frames_good"] + stats["frames_corrected"] == 65
            assert np.all(headers["sync_errors"][1:] == 0)


@pytest.mark.parametrize(("modulation", "inner", "mapping", "differential"), PUNCTURED_LINKS)
def test_punctured_cadus_in_every_state(cadus, frame_hashes, modulation, inner, mapping, differential):
    """The same, from any place in the puncture period on: what is cut off is less than Reed-Solomon mends."""
    link = {"inner_code": inner, "rail_mapping": mapping, "differential": differential}
    config = SNPP | {"modulation": modulation, "segment_bits": 256} | link
    n_frames = 20
    coding = {"inner": inner, "differential": differential, "rail_mapping": mapping}
    bits = {g2: peer.encode_cadus(cadus[: n_frames * CADU_LEN_BYTES], g2_inverted=g2, **coding) for g2 in (True, False)}
    states = itertools.product((True, False), range(4), (False, True))
    for state, (g2_inverted, quarter_turns, is_conjugate) in enumerate(states):
        rails = 1 if modulation == "bpsk" else 2
        soft = receive_rails(soft_of(bits[g2_inverted][rails * state :]), modulation, quarter_turns, is_conjugate)
        headers, frames, stats = decode(soft, **config)
        assert hashes(frames) == frame_hashes[:n_frames], (g2_inverted, quarter_turns, is_conjugate)
        assert stats["frames_good"] + stats["frames_corrected"] == n_frames
        assert np.all(headers["sync_errors"][1:] == 0)
        assert stats["channel_bit_errors"] <= 100  # the resolver settles within the first batch


@pytest.mark.parametrize(("modulation", "inner", "mapping", "differential"), PUNCTURED_LINKS)
def test_punctured_encoder_equals_the_peer(cadus, modulation, inner, mapping, differential):
    link = {"inner_code": inner, "rail_mapping": mapping, "differential": differential}
    config = SNPP | {"modulation": modulation} | link
    sent = np.frombuffer(cadus, np.uint8).reshape(-1, CADU_LEN_BYTES)[:7]
    _, frames, _ = decode(soft_of(peer.encode_cadus(sent.tobytes())), **SNPP)
    encoder = _core.CaduEncoder(**config, g2_inverted=False)
    expected = peer.encode_cadus(sent.tobytes(), inner=inner, differential=differential, rail_mapping=mapping)
    for _ in range(2):
        cut = [encoder.encode(np.ascontiguousarray(part)) for part in (frames[:1], frames[1:3], frames[3:])]
        assert np.array_equal(np.concatenate(cut), expected)
        encoder.reset()


@pytest.mark.parametrize("g2_inverted", [True, False])
@pytest.mark.parametrize(("modulation", "inner", "differential"), LINKS)
def test_encoder_gives_the_real_cadus(cadus, modulation, inner, differential, g2_inverted):
    config = SNPP | {"modulation": modulation, "inner_code": inner, "differential": differential}
    _, frames, _ = decode(soft_of(peer.encode_cadus(cadus, inner=inner, differential=differential)), **config)
    frames = np.ascontiguousarray(frames)
    encoder = _core.CaduEncoder(**config, g2_inverted=g2_inverted)
    bits = np.concatenate([encoder.encode(frames[:1]), encoder.encode(frames[1:])])
    assert np.array_equal(
        bits, peer.encode_cadus(cadus, inner=inner, differential=differential, g2_inverted=g2_inverted)
    )
    encoder.reset()
    assert np.array_equal(encoder.encode(frames[:1]), bits[: len(bits) // 65])


def test_real_soft_symbols_of_bluewalker_3(cadu_dir):
    """Raw frames without Reed-Solomon: the lock rests on markers alone."""
    folder = cadu_dir.parent / "vectors" / "bw3"
    symbols = np.fromfile(folder / "bw3_symbols_20220925_051912.f32", "<f4")
    frames_of_file = np.fromfile(folder / "bw3_frames_20220925_051912.u8", np.uint8).reshape(-1, 355)
    config = {
        "modulation": "bpsk",
        "differential": "none",
        "has_rs": False,
        "frame_kind": "raw",
        "frame_len_bytes": 355,
    }
    soft = np.clip(np.rint(-symbols * 40 / np.mean(np.abs(symbols))), -127, 127).astype(np.int8)
    headers, frames, stats = decode(soft, **config)
    assert len(frames) == 151
    assert {frame.tobytes() for frame in frames} <= {frame.tobytes() for frame in frames_of_file}
    assert set(np.diff(headers["first_symbol"].astype(int))) == {2 * 2872}
    assert np.all(headers["integrity"] == Integrity.NOT_CHECKED)
    assert stats["channel_bit_errors"] / stats["channel_bits"] < 5e-4


def test_interleave_and_virtual_fill(cadus):
    rng = np.random.default_rng(5)
    for parity, interleave, fill, dual in [(32, 1, 0, True), (32, 5, 0, True), (16, 8, 3, False), (16, 2, 100, True)]:
        frame_len = interleave * (255 - parity - fill)
        config = SNPP | {
            "rs_parity": parity,
            "rs_interleave": interleave,
            "rs_virtual_fill": fill,
            "rs_dual_basis": dual,
            "frame_len_bytes": frame_len,
        }
        sent = rng.integers(0, 256, (5, frame_len), np.uint8)
        sent[:, 0], sent[:, 1] = 0x40 | 157 >> 2, (157 & 3) << 6
        headers, frames, _ = decode(soft_of(_core.CaduEncoder(**config).encode(sent)), **config)
        assert np.array_equal(frames, sent)
        assert np.all(headers["code_block_len_bytes"] == frame_len + interleave * parity)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_cut_and_chunking(data):
    """A stream cut anywhere gives the frames that are whole, in order, however it is handed over."""
    modulation, inner, differential = data.draw(st.sampled_from(LINKS))
    config = SNPP | {"modulation": modulation, "inner_code": inner, "differential": differential, "segment_bits": 128}
    config |= {"rs_interleave": 1, "rs_virtual_fill": 123, "frame_len_bytes": 100}
    sent = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 256, (9, 100), np.uint8)
    sent[:, :6] = [[0x40 | 157 >> 2, (157 & 3) << 6, 0, 0, i, 0] for i in range(9)]
    soft = soft_of(_core.CaduEncoder(**config).encode(sent))
    cadu_len = len(soft) // 9
    step = 1 if modulation == "bpsk" else 2
    start = data.draw(st.integers(0, 4 * cadu_len)) // step * step
    end = data.draw(st.integers(7 * cadu_len, 9 * cadu_len))
    headers, frames, _ = decode(soft[start:end], chunk_len=data.draw(st.integers(1, 5000)), **config)
    right = headers["integrity"] < Integrity.UNCORRECTABLE
    counters = frames[right, 4]
    assert np.array_equal(frames[right], sent[counters])
    whole = range(-(-start // cadu_len), end // cadu_len)
    assert set(whole) <= set(counters)
    assert np.all(np.diff(counters.astype(int)) == 1)


@settings(max_examples=40, deadline=None)
@given(soft=st.binary(max_size=60000), repeat=st.integers(1, 5), link=st.sampled_from(LINKS), raw=st.booleans())
def test_any_octets_are_taken(soft, repeat, link, raw):
    """Fuzz: nothing crashes, and no frame is called right unless it was checked."""
    modulation, inner, differential = link
    config = {"modulation": modulation, "inner_code": inner, "differential": differential, "frame_len_bytes": 100}
    config |= {"has_rs": not raw, "rs_interleave": 1, "rs_virtual_fill": 123, "segment_bits": 128}
    config |= {"frame_kind": "raw" if raw else "aos"}
    headers, _, stats = decode(np.frombuffer(soft * repeat, np.int8), **config)
    assert len(headers) == sum(
        stats[f"frames_{state}"] for state in ("good", "corrected", "uncorrectable", "not_checked")
    )
    assert stats["soft_bits_in"] == len(soft) * repeat


@pytest.mark.parametrize("soft", [np.zeros(8, np.uint8), np.zeros(8, np.float32), np.zeros(16, np.int8)[::2], [0, 0]])
def test_soft_bits_of_another_type_are_refused(soft):
    with pytest.raises(TypeError):
        _core.FrameDecoder(**SNPP).push(soft)


def test_frames_of_another_shape_are_refused():
    encoder = _core.CaduEncoder(**SNPP)
    with pytest.raises(TypeError):
        encoder.encode(np.zeros((1, 892), np.int8))
    with pytest.raises(ValueError, match="dimensions"):
        encoder.encode(np.zeros(892, np.uint8))
    with pytest.raises(ValueError, match="892"):
        encoder.encode(np.zeros((1, 893), np.uint8))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modulation": "8psk"}, 'modulation "8psk" not in bpsk, qpsk, oqpsk'),
        ({"frame_len_bytes": 893}, "frame_len_bytes 893 .* 892"),
        ({"scid": 256}, "scid 256 exceeds 255"),
        ({"segment_bits": 100}, "segment_bits 100"),
        ({"differential": "nrz_m_per_rail"}, "without an inner code"),
    ],
)
def test_bad_configurations_name_field_value_and_limit(change, message):
    with pytest.raises(ValueError, match=message):
        _core.FrameDecoder(**(SNPP | change))


def test_push_after_flush_is_refused():
    decoder = _core.FrameDecoder(**SNPP)
    decoder.flush()
    with pytest.raises(RuntimeError, match="flush"):
        decoder.push(np.zeros(2, np.int8))


def test_marks_time_the_frames(cadus):
    decoder = _core.FrameDecoder(**SNPP)
    decoder.mark(np.array([(0, 100.5, 2.25, 9.0, 35.5, 12345.0, -2.5, True)], _core.CLOCK_MARK))
    decoder.push(soft_of(peer.encode_cadus(cadus)))
    decoder.flush()
    headers, _ = parse_records(decoder.pull(), decoder.record_stride)
    assert np.array_equal(headers["first_symbol"], np.arange(65) * 8192)
    assert np.allclose(headers["first_sample"], 100.5 + 2.25 * 8192 * np.arange(65), rtol=0, atol=1e-6)
    assert np.all(headers["carrier_offset_hz"] == 12345)
    assert np.all(headers["evm_percent"] == 35.5)
    assert np.all(headers["rs_margin"] == 16 - headers["corrected_symbols"].max(axis=1))
