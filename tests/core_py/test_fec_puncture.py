# SPDX-License-Identifier: GPL-3.0-or-later
"""Punctured rates of the convolutional code: patterns against the peer's, decoding against libfec with erasures."""

from __future__ import annotations

import libfec
import modulator as peer
import numpy as np
import numpy.typing as npt
import pytest

from xband_core import _core

RATES = {"1/2": (1, 2), "2/3": (2, 3), "3/4": (3, 4), "5/6": (5, 6), "7/8": (7, 8)}


def overlap_bits(rate: str) -> int:
    """Far more than the decoder needs at any rate, so that its segments do not matter here."""
    return 80 if rate == "1/2" else 512


def decode(pairs: npt.NDArray[np.int8], overlap: int) -> npt.NDArray[np.uint8]:
    """Packed bits of a stream of pairs, padded with erasures."""
    decoder = _core.ViterbiBatch(1024, overlap)
    padded = np.zeros(2 * overlap + decoder.input_soft_bits, np.int8)
    padded[2 * overlap : 2 * overlap + pairs.size] = pairs
    bits, _ = decoder.decode(padded[: decoder.input_soft_bits])
    return bits[: pairs.size // 16]


@pytest.mark.parametrize("rate", RATES)
def test_patterns_equal_the_peers(rate: str) -> None:
    symbols = np.arange(2 * 2 * 3 * 5 * 7, dtype=np.uint8)
    assert np.array_equal(_core.puncture(symbols, rate), peer.puncture(symbols, "conv_k7_r" + rate.replace("/", "")))
    soft = np.arange(1, 121, dtype=np.int8)
    pairs = _core.depuncture(soft, rate)
    k, n = RATES[rate]
    assert len(pairs) == 120 // n * 2 * k
    assert np.count_nonzero(pairs) == 120
    assert np.array_equal(_core.puncture(pairs.view(np.uint8), rate).view(np.int8), soft)


# Eb/N0 of about 1e-3 bit errors, and one without errors.
@pytest.mark.parametrize(
    ("rate", "eb_n0_db"), [("2/3", 3.4), ("3/4", 3.9), ("5/6", 4.6), ("7/8", 5.1), ("3/4", 9.0), ("7/8", 9.0)]
)
def test_path_is_as_good_as_libfecs(rate: str, eb_n0_db: float) -> None:
    decoder = libfec.load()
    k, n = RATES[rate]
    rng = np.random.default_rng(32)
    sent = rng.integers(0, 256, k * 500, dtype=np.uint8)
    sent[-1] = 0  # libfec wants a tail into state 0
    channel_bits = _core.puncture(_core.conv_encode(sent, False), rate)
    sigma = 30 * np.sqrt(n / k / 2) * 10 ** (-eb_n0_db / 20)
    received = np.where(channel_bits, -30, 30) + rng.normal(0, sigma, channel_bits.size)
    pairs = _core.depuncture(np.clip(np.rint(received), -127, 127).astype(np.int8), rate)

    ours = decode(pairs, overlap_bits(rate))
    theirs = decoder.viterbi(np.ascontiguousarray(127.5 - pairs).astype(np.uint8))

    our_errors = np.unpackbits(ours ^ sent).sum()
    their_errors = np.unpackbits(theirs ^ sent).sum()
    if eb_n0_db > 6:
        assert our_errors == their_errors == 0
    # libfec keeps all 8 bits of a symbol, we 25 levels: paths may differ where they are about as likely.
    assert our_errors <= 1.15 * their_errors + 10
    metrics = [np.sum(np.where(_core.conv_encode(bits, False), -1, 1) * pairs.astype(int)) for bits in (ours, theirs)]
    assert metrics[0] > metrics[1] * (1 - 5e-4)


def test_unknown_rate_is_refused() -> None:
    with pytest.raises(ValueError, match='rate "4/5" not in 1/2, 2/3, 3/4, 5/6, 7/8'):
        _core.puncture(np.zeros(4, np.uint8), "4/5")
