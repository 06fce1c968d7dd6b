# SPDX-License-Identifier: GPL-3.0-or-later
"""Reed-Solomon from Python: against libfec, real CADUs, and as properties."""

from __future__ import annotations

from pathlib import Path

import libfec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xband_core import _core

UNCORRECTABLE = _core.ReedSolomon.uncorrectable
ASM_LEN_BYTES, FRAME_LEN_BYTES, CADU_LEN_BYTES = 4, 892, 1024


@pytest.mark.parametrize("dual_basis", [True, False])
def test_corrections_and_refusals_equal_libfec(dual_basis: bool) -> None:
    peer = libfec.load()
    code = _core.ReedSolomon(parity=32, dual_basis=dual_basis)
    rng = np.random.default_rng(20 + dual_basis)
    refused = 0
    for n_errors in range(41):
        for _ in range(25):
            data = rng.integers(0, 256, 223, dtype=np.uint8)
            sent = peer.rs_encode(data, dual_basis)
            np.testing.assert_array_equal(code.encode(data), sent)
            received = sent.copy()
            received[rng.choice(255, n_errors, replace=False)] ^= rng.integers(1, 256, n_errors, dtype=np.uint8)
            expected, count = peer.rs_decode(received, dual_basis)
            decoded, corrected = code.decode(received)
            assert corrected[0, 0] == (UNCORRECTABLE if count < 0 else count)
            np.testing.assert_array_equal(decoded, received if count < 0 else expected)
            refused += count < 0
    assert refused >= 24 * 25 - 1  # more than 16 errors are refused, but for a chance in 10^13


@pytest.mark.parametrize("dual_basis", [True, False])
def test_corrections_and_refusals_with_erasures_equal_libfec(dual_basis: bool) -> None:
    peer = libfec.load()
    code = _core.ReedSolomon(parity=32, dual_basis=dual_basis)
    rng = np.random.default_rng(40 + dual_basis)
    refused = mended = 0
    for n_erased in range(11):
        for n_errors in range(19 - n_erased // 2):
            for _ in range(6):
                sent = peer.rs_encode(rng.integers(0, 256, 223, dtype=np.uint8), dual_basis)
                places = rng.choice(255, n_erased + n_errors, replace=False)
                erased, others = places[:n_erased], places[n_erased:]
                received = sent.copy()
                received[others] ^= rng.integers(1, 256, n_errors, dtype=np.uint8)
                received[erased] = rng.integers(0, 256, n_erased, dtype=np.uint8)  # one in 256 is right by chance
                expected, count = peer.rs_decode(received, dual_basis, erased)
                decoded, changed = code.decode_codeword(received, 0, erased.astype(np.uint8))
                assert (changed == UNCORRECTABLE) == (count < 0) == (2 * n_errors + n_erased > 32)
                np.testing.assert_array_equal(decoded, received if count < 0 else expected)
                assert count < 0 or changed == np.count_nonzero(decoded != received)
                refused += count < 0
                mended += count >= 0
    assert refused > 60
    assert mended > 900


def test_erasures_within_interleave_and_virtual_fill() -> None:
    """Symbols count from the first one sent, and the other codewords stay untouched."""
    code = _core.ReedSolomon(parity=32, interleave=3, virtual_fill=100)
    rng = np.random.default_rng(7)
    sent = code.encode(rng.integers(0, 256, code.data_len_bytes, dtype=np.uint8))
    places = rng.choice(155, 21, replace=False)
    for codeword in range(3):
        received = sent ^ (rng.random(sent.size) < 0.5).astype(np.uint8)  # the other codewords beyond repair
        received[codeword::3] = sent[codeword::3]
        received[places * 3 + codeword] ^= rng.integers(1, 256, 21, dtype=np.uint8)
        assert code.decode(received)[1][0, codeword] == UNCORRECTABLE
        decoded, changed = code.decode_codeword(received, codeword, places[:10].astype(np.uint8))
        assert changed == 21
        received[codeword::3] = sent[codeword::3]
        np.testing.assert_array_equal(decoded, received)


def test_wrong_erasures_say_what_is_wrong() -> None:
    code = _core.ReedSolomon(interleave=2, virtual_fill=100)
    block = np.zeros(310, np.uint8)
    with pytest.raises(ValueError, match=r"erased.size\(\) is 11, must be at most 10"):
        code.decode_codeword(block, 0, np.arange(11, dtype=np.uint8))
    with pytest.raises(ValueError, match="erased symbol is 155, must be below 155"):
        code.decode_codeword(block, 0, np.array([155], np.uint8))
    with pytest.raises(ValueError, match="codeword is 2, must be below 2"):
        code.decode_codeword(block, 2, np.zeros(0, np.uint8))


@pytest.mark.parametrize(("file", "n_cadus"), [("snpp_synchronized_cadus.dat", 65), ("snpp_7cadus_2vcids.dat", 7)])
def test_real_cadus_are_our_codewords(cadu_dir: Path, file: str, n_cadus: int) -> None:
    cadus = np.fromfile(cadu_dir / file, np.uint8).reshape(-1, CADU_LEN_BYTES)
    assert len(cadus) == n_cadus
    blocks = np.ascontiguousarray(cadus[:, ASM_LEN_BYTES:])
    code = _core.ReedSolomon(parity=32, dual_basis=True, interleave=4)

    decoded, corrected = code.decode(blocks)
    assert corrected.shape == (n_cadus, 4)
    assert not corrected.any()
    np.testing.assert_array_equal(decoded, blocks.ravel())

    encoded = code.encode(np.ascontiguousarray(blocks[:, :FRAME_LEN_BYTES]))
    np.testing.assert_array_equal(encoded, blocks.ravel())


def test_real_cadus_derandomised_are_codewords_too(cadu_dir: Path) -> None:
    """The reason why Reed-Solomon cannot tell a randomised frame from a plain one."""
    cadus = np.fromfile(cadu_dir / "snpp_synchronized_cadus.dat", np.uint8).reshape(-1, CADU_LEN_BYTES)
    code = _core.ReedSolomon(parity=32, dual_basis=True, interleave=4)
    for cadu in cadus:
        plain = _core.apply_randomizer(cadu[ASM_LEN_BYTES:])
        assert not code.decode(plain)[1].any()
        header = int.from_bytes(plain[:2].tobytes(), "big")
        assert (header >> 14, header >> 6 & 0xFF) == (1, 157)  # AOS, Suomi-NPP


@pytest.mark.parametrize("dual_basis", [True, False])
def test_randomizer_sequence_is_a_codeword(dual_basis: bool) -> None:
    sequence = _core.apply_randomizer(np.zeros(1020, np.uint8))
    assert not _core.ReedSolomon(dual_basis=dual_basis, interleave=4).decode(sequence)[1].any()


@given(
    parity=st.sampled_from([16, 32]),
    dual_basis=st.booleans(),
    interleave=st.integers(1, 8),
    virtual_fill=st.integers(0, 222),
    seed=st.integers(0, 2**32 - 1),
    data=st.data(),
)
@settings(deadline=None, derandomize=True)
def test_up_to_t_errors_in_each_codeword_are_mended(
    parity: int, dual_basis: bool, interleave: int, virtual_fill: int, seed: int, data: st.DataObject
) -> None:
    code = _core.ReedSolomon(parity, dual_basis, interleave, virtual_fill)
    rng = np.random.default_rng(seed)
    information = rng.integers(0, 256, code.data_len_bytes, dtype=np.uint8)
    sent = code.encode(information)
    assert sent.size == code.code_block_len_bytes
    np.testing.assert_array_equal(sent[: information.size], information)
    received = sent.copy()
    n_errors = data.draw(st.lists(st.integers(0, parity // 2), min_size=interleave, max_size=interleave))
    for codeword, n in enumerate(n_errors):
        symbols = rng.choice(255 - virtual_fill, n, replace=False)
        received[symbols * interleave + codeword] ^= rng.integers(1, 256, n, dtype=np.uint8)
    decoded, corrected = code.decode(received)
    assert corrected.tolist() == [n_errors]
    np.testing.assert_array_equal(decoded, sent)


@given(received=st.binary(min_size=510, max_size=510))
@settings(deadline=None, derandomize=True)
def test_any_octets_become_codewords_or_stay(received: bytes) -> None:
    code = _core.ReedSolomon(interleave=2)
    before = np.frombuffer(received, np.uint8)
    after, corrected = code.decode(before)
    for codeword in range(2):
        if corrected[0, codeword] == UNCORRECTABLE:
            np.testing.assert_array_equal(after[codeword::2], before[codeword::2])
        else:
            assert np.count_nonzero(after[codeword::2] != before[codeword::2]) == corrected[0, codeword]
            assert _core.ReedSolomon().decode(np.ascontiguousarray(after[codeword::2]))[1] == 0


def test_wrong_arguments_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="parity is 20, must be 16 or 32"):
        _core.ReedSolomon(parity=20)
    with pytest.raises(ValueError, match="interleave is 9, must be 1 to 8"):
        _core.ReedSolomon(interleave=9)
    code = _core.ReedSolomon()
    with pytest.raises(ValueError, match="254 octets"):
        code.decode(np.zeros(254, np.uint8))
    with pytest.raises(TypeError):
        code.decode(np.zeros(255, np.int8))
    with pytest.raises(TypeError):
        code.decode(np.zeros((255, 2), np.uint8)[:, 0])  # not contiguous: a copy would hide the cost
