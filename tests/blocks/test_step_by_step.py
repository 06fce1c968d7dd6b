# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoding step by step, on real CADUs modulated by a modulator that shares no code with the product."""

import subprocess
import sys
from pathlib import Path

import modulator as peer
import numpy as np
import pytest
from flow import CHUNKS, random_octets, run
from gnuradio import blocks, xband
from gnuradio.xband.flowgraph import compile_flowgraph

TOP = Path(__file__).resolve().parents[2]
RECORDED_CADUS = TOP.parent / "shared" / "data" / "cadu" / "snpp_synchronized_cadus.dat"
SAMPLE_RATE_HZ, SYMBOL_RATE_HZ = 33e6, 15e6
CADU_LEN_BYTES, CODE_BLOCK_LEN_BYTES, FRAME_LEN_BYTES = 1024, 1020, 892
MARKER = np.frombuffer(bytes.fromhex("1acffc1d"), np.uint8)


@pytest.fixture(scope="module")
def cadus() -> np.ndarray:
    """The 65 CADUs of Suomi NPP, one a row."""
    if not RECORDED_CADUS.is_file():
        pytest.skip(f"{RECORDED_CADUS} is not here")
    return np.fromfile(RECORDED_CADUS, np.uint8).reshape(-1, CADU_LEN_BYTES)


@pytest.fixture(scope="module")
def recording(cadus) -> np.ndarray:
    """The CADUs on air between random bits, at Eb/N0 6 dB and an offset of 40 kHz."""
    framed = np.concatenate([random_octets(3001, 5), cadus.reshape(-1), random_octets(3000, 6)])
    return peer.modulate(
        peer.encode_cadus(framed.tobytes()),
        "qpsk",
        SAMPLE_RATE_HZ / SYMBOL_RATE_HZ,
        sample_rate_hz=SAMPLE_RATE_HZ,
        offset_hz=40e3,
        clock_ppm=12.0,
        phase_rad=0.6,
        eb_n0_db=6.0,
    )


def frames_of(cadus: np.ndarray) -> np.ndarray:
    """A CADU is randomised; the frame is what is left without marker, sequence and check symbols."""
    blocks_out = run([xband.randomizer(CODE_BLOCK_LEN_BYTES)], cadus[:, 4:], np.uint8)
    return blocks_out.reshape(-1, CODE_BLOCK_LEN_BYTES)[:, :FRAME_LEN_BYTES]


def one_piece(turn: complex) -> list:
    """Samples to soft bits by the demodulator; turning the samples turns the symbols, for its phase is relative."""
    demod = xband.psk_demod("qpsk", SAMPLE_RATE_HZ, SYMBOL_RATE_HZ, iq_format="cf32")
    return [blocks.multiply_const_cc(turn), demod]


def single_stages(turn: complex) -> list:
    """The same by its stages."""
    return [
        xband.doppler_corrector(SAMPLE_RATE_HZ),
        xband.agc_cc(),
        xband.symbol_timing_cc("qpsk", SAMPLE_RATE_HZ / SYMBOL_RATE_HZ),
        xband.carrier_recovery_cc("qpsk"),
        blocks.multiply_const_cc(turn),
        xband.soft_demapper_cb("qpsk"),
    ]


@pytest.mark.parametrize("demodulation", [one_piece, single_stages])
def test_real_cadus_come_out_step_by_step(demodulation, cadus, recording):
    """In one of the two positions of the constellation everything comes out, in the other one nothing."""
    outputs, error_shares = [], []
    for turn in (1, 1j):
        viterbi = xband.viterbi_decoder(g2_inverted=False)
        sync = xband.frame_sync(CODE_BLOCK_LEN_BYTES)
        derandomise = xband.randomizer(CODE_BLOCK_LEN_BYTES)
        correct = xband.reed_solomon_decoder(interleave=4)
        chain = [*demodulation(turn), viterbi, xband.nrzm_decoder(), sync, derandomise, correct]
        outputs.append(run(chain, recording, np.uint8).reshape(-1, FRAME_LEN_BYTES))
        error_shares.append(viterbi.channel_bit_errors() / viterbi.channel_bits())
        assert sync.frames() == correct.counters().code_blocks == len(outputs[-1])
        if len(outputs[-1]):
            assert correct.counters().code_blocks_uncorrectable == 0
    right, wrong = np.argmin(error_shares), np.argmax(error_shares)
    assert error_shares[right] < 0.06
    assert error_shares[wrong] > 0.1
    assert outputs[wrong].size == 0
    assert np.array_equal(outputs[right], frames_of(cadus))


def test_shipped_flowgraph_decodes_the_real_cadus(cadus, recording, tmp_path, monkeypatch):
    """As GNU Radio Companion would run it; one of the two quarter turns is the right one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    program = compile_flowgraph(TOP / "flowgraphs" / "step-by-step.grc", "step_by_step")
    recording.tofile(tmp_path / "recording.cf32")
    results = []
    for turns in ("0", "1"):
        result = tmp_path / f"frames-{turns}.bin"
        options = ["--source-uri", f"file:{tmp_path}/recording.cf32", "--iq-format", "cf32", "--out-file", str(result)]
        subprocess.run([sys.executable, program, *options, "--quarter-turns", turns], check=True, timeout=60)
        results.append(result.read_bytes())
    assert sorted(results, key=len) == [b"", frames_of(cadus).tobytes()]


def stream_of(n_frames: int, lead_bits: int = 13, seed: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """CADUs of 200 octets in random bits, beginning at any bit; and the CADUs."""
    framed = random_octets(n_frames * 200, seed).reshape(n_frames, 200)
    framed[:, :4] = MARKER
    noise = random_octets(1000, seed + 1) & 1
    bits = np.concatenate([noise[:lead_bits], np.unpackbits(framed), noise])
    return np.packbits(bits), framed


@pytest.mark.parametrize("max_items", CHUNKS)
def test_frame_sync_finds_frames_at_any_bit(max_items):
    octets, framed = stream_of(20)
    out = run([xband.frame_sync(196)], octets, np.uint8, max_items)
    assert np.array_equal(out.reshape(-1, 196), framed[:, 4:])


def test_frame_sync_keeps_the_marker_mended():
    octets, framed = stream_of(20, lead_bits=8)
    octets[1 + 200 * 7] ^= 0x21
    out = run([xband.frame_sync(196, keep_marker=True)], octets, np.uint8)
    assert np.array_equal(out.reshape(-1, 200), framed)


def test_frame_sync_turns_inverted_frames_round_if_asked_to():
    octets, framed = stream_of(20)
    assert run([xband.frame_sync(196)], ~octets, np.uint8).size == 0
    out = run([xband.frame_sync(196, inverted_too=True)], ~octets, np.uint8)
    assert np.array_equal(out.reshape(-1, 196), framed[:, 4:])


def test_frame_sync_bridges_missing_markers_and_gives_up_after_eight():
    octets, framed = stream_of(20, lead_bits=8)
    for k in (5, 6):
        octets[1 + 200 * k : 5 + 200 * k] ^= 0xFF
    sync = xband.frame_sync(196)
    assert np.array_equal(run([sync], octets, np.uint8).reshape(-1, 196), framed[:, 4:])
    assert (sync.frames(), sync.sync_losses()) == (20, 0)
    gone = np.concatenate([octets, random_octets(12 * 200, 4)])
    assert run([sync], gone, np.uint8).size == 20 * 196
    assert (sync.frames(), sync.sync_losses()) == (20, 1)
    assert not sync.is_locked()


def test_frame_sync_is_silent_on_noise():
    assert run([xband.frame_sync(196, inverted_too=True)], random_octets(1_000_000), np.uint8).size == 0


def test_frame_sync_names_a_bad_length():
    with pytest.raises(ValueError, match=r"4 not in 8\.\.16384"):
        xband.frame_sync(4)
