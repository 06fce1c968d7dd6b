# SPDX-License-Identifier: GPL-3.0-or-later
"""Viterbi decoder from Python: against libfec, on a real recording, and as properties."""

from __future__ import annotations

import json
from pathlib import Path

import libfec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xband_core import _core

HEAD = _core.ViterbiBatch().overlap_bits
SoftBits = npt.NDArray[np.int8]


def decode_stream(soft: SoftBits, segment_bits: int = 1024) -> tuple[npt.NDArray[np.uint8], int]:
    """Whole stream of pairs, padded with erasures: packed bits (one per pair, rest cut) and disagreements."""
    decoder = _core.ViterbiBatch(segment_bits)
    n_batches = -(-soft.size // (2 * decoder.payload_bits))
    padded = np.zeros(2 * HEAD + 2 * n_batches * decoder.payload_bits + decoder.input_soft_bits, np.int8)
    padded[2 * HEAD : 2 * HEAD + soft.size] = soft
    bits, disagreements = [], 0
    for batch in range(n_batches):
        first = 2 * batch * decoder.payload_bits
        batch_bits, counts = decoder.decode(padded[first : first + decoder.input_soft_bits])
        bits.append(batch_bits)
        disagreements += int(counts.sum())
    return np.concatenate(bits)[: soft.size // 16], disagreements


def path_metric(bits: npt.NDArray[np.uint8], soft: SoftBits) -> int:
    """Correlation of the encoded bits with the soft bits: what a Viterbi decoder makes as large as possible."""
    symbols = _core.conv_encode(bits, False)
    return int(np.sum(np.where(symbols, -1, 1) * soft.astype(np.int64)))


@pytest.mark.parametrize("eb_n0_db", [1.0, 3.0, 5.0])
def test_path_is_as_good_as_libfecs(eb_n0_db: float) -> None:
    peer = libfec.load()
    rng = np.random.default_rng(31)
    sent = rng.integers(0, 256, 20_000, dtype=np.uint8)
    sent[-1] = 0  # libfec wants a tail into state 0
    amplitude = 30.0
    sigma = amplitude * 10 ** (-eb_n0_db / 20)
    received = np.where(_core.conv_encode(sent, False), -amplitude, amplitude) + rng.normal(0, sigma, 16 * sent.size)
    soft = np.clip(np.rint(received), -127, 127).astype(np.int8)

    ours, disagreements = decode_stream(soft)
    theirs = peer.viterbi(np.ascontiguousarray(127.5 - soft).astype(np.uint8))

    # libfec keeps all 8 bits of a symbol, we 25 levels: paths may differ where they are about as likely.
    our_errors = np.unpackbits(ours ^ sent).sum()
    their_errors = np.unpackbits(theirs ^ sent).sum()
    assert our_errors <= 1.15 * their_errors + 10
    best = path_metric(theirs, soft)
    assert path_metric(ours, soft) > best - 5e-4 * abs(best)
    if their_errors == 0:
        np.testing.assert_array_equal(ours, theirs)
    hard_errors = np.count_nonzero((soft < 0) != _core.conv_encode(ours, False).astype(bool)) - np.count_nonzero(
        (soft == 0) & (_core.conv_encode(ours, False) == 1)
    )
    # Each segment counts along its own path, which near its start may differ from the joined one.
    assert abs(disagreements - hard_errors) <= 1e-3 * hard_errors + 20


@given(seed=st.integers(0, 2**32 - 1), eb_n0_db=st.floats(2, 9), n_bytes=st.integers(40, 3000))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_any_length_and_noise_decodes_as_with_libfec(seed: int, eb_n0_db: float, n_bytes: int) -> None:
    """The same bits, or a path that is about as likely: libfec keeps all 8 bits of a symbol, we 25 levels."""
    peer = libfec.load()
    rng = np.random.default_rng(seed)
    sent = rng.integers(0, 256, n_bytes, dtype=np.uint8)
    sent[-1] = 0  # libfec wants a tail into state 0
    amplitude = float(rng.uniform(20, 45))
    received = np.where(_core.conv_encode(sent, False), -amplitude, amplitude)
    received = received + rng.normal(0, amplitude * 10 ** (-eb_n0_db / 20), received.size)
    soft = np.clip(np.rint(received), -127, 127).astype(np.int8)

    ours, _ = decode_stream(soft, int(rng.choice([128, 320, 1984])))
    theirs = peer.viterbi(np.ascontiguousarray(127.5 - soft).astype(np.uint8))
    # Only libfec knows that the stream begins and ends in state 0: some bits at either end are its alone.
    middle = slice(8, -8)
    ours[: middle.start], ours[middle.stop :] = theirs[: middle.start], theirs[middle.stop :]
    best = path_metric(theirs, soft)
    assert path_metric(ours, soft) > best - 1e-3 * abs(best) - 20 * amplitude
    if eb_n0_db > 5:
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def bw3_dir(cadu_dir: Path) -> Path:
    directory = cadu_dir.parent / "vectors" / "bw3"
    if not directory.is_dir():
        pytest.skip(f"real soft symbols not found in {directory}")
    return directory


def test_real_soft_symbols_of_bluewalker_3(bw3_dir: Path) -> None:
    """128 kBd BPSK, positive = 1; the first symbol is the (inverted) G2 of bit 0."""
    symbols = np.fromfile(bw3_dir / "bw3_symbols_20220925_051912.f32", "<f4")
    expected_bits = np.fromfile(bw3_dir / "viterbi_out_1_20220925_051912.u8", np.uint8)
    facts = json.loads((bw3_dir / "expected.json").read_text())
    soft = np.clip(np.rint(-40 * symbols[1:] / np.sqrt(np.mean(symbols**2))), -127, 127).astype(np.int8)
    soft = soft[: soft.size // 16 * 16]
    soft[1::2] = -soft[1::2]

    bits, disagreements = decode_stream(soft)
    assert disagreements / soft.size < 2 * facts["channel_symbol_error_rate"]
    # Bit i of the reference goes with symbols 2 i - 1 and 2 i, so bit 0 is not in our pairs. Its ends are as
    # doubtful as ours: 128 bits are left out.
    ours = np.unpackbits(bits)
    n = min(ours.size, expected_bits.size - 1) - 128
    np.testing.assert_array_equal(ours[128:n], expected_bits[129 : n + 1])


@given(seed=st.integers(0, 2**32 - 1), segment_bits=st.sampled_from([128, 192, 512]), n_flips=st.integers(0, 60))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_sparse_errors_and_erasures_are_mended_and_counted(seed: int, segment_bits: int, n_flips: int) -> None:
    decoder = _core.ViterbiBatch(segment_bits)
    rng = np.random.default_rng(seed)
    sent = rng.integers(0, 256, decoder.input_soft_bits // 16, dtype=np.uint8)
    soft = np.where(_core.conv_encode(sent, False), -40, 40).astype(np.int8)
    # One flip or erasure per stretch of 64 symbols: far below half the code's free distance of 10 anywhere.
    places = 64 * rng.choice(soft.size // 64, n_flips, replace=False) + rng.integers(0, 32, n_flips)
    is_erased = rng.random(n_flips) < 0.3
    soft[places] = np.where(is_erased, 0, -soft[places])
    bits, disagreements = decoder.decode(soft)
    np.testing.assert_array_equal(bits, sent[HEAD // 8 : HEAD // 8 + bits.size])
    flipped = places[~is_erased] // 2 - HEAD
    flipped = flipped[(flipped >= 0) & (flipped < decoder.payload_bits)]
    np.testing.assert_array_equal(disagreements, np.bincount(flipped // segment_bits, minlength=32))


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_any_soft_bits_give_some_path(seed: int) -> None:
    decoder = _core.ViterbiBatch(128)
    soft = np.random.default_rng(seed).integers(-128, 128, decoder.input_soft_bits).astype(np.int8)
    bits, disagreements = decoder.decode(soft)
    assert bits.size == decoder.payload_bits // 8
    # A code of rate 1/2 and 7 bits of memory never disagrees with noise in half of the symbols.
    assert disagreements.max() < 0.4 * 2 * 128


def test_wrong_arguments_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="segment_bits is 100, must be a multiple of 64"):
        _core.ViterbiBatch(100)
    decoder = _core.ViterbiBatch(128)
    with pytest.raises(ValueError, match=f"must be {decoder.input_soft_bits}"):
        decoder.decode(np.zeros(10, np.int8))
    with pytest.raises(TypeError):
        decoder.decode(np.zeros(decoder.input_soft_bits, np.uint8))
