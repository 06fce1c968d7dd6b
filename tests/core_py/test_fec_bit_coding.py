# SPDX-License-Identifier: GPL-3.0-or-later
"""Randomizer, NRZ-M, CRC-16, convolutional encoder and the SIMD switch from Python."""

from __future__ import annotations

import binascii
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xband_core import _core


@given(data=st.binary(max_size=600))
def test_crc_equals_the_standard_librarys(data: bytes) -> None:
    assert _core.crc16_ccsds(np.frombuffer(data, np.uint8)) == binascii.crc_hqx(data, 0xFFFF)


@given(data=st.binary(max_size=2000))
def test_randomizer_undoes_itself_and_leaves_its_input(data: bytes) -> None:
    plain = np.frombuffer(data, np.uint8)
    randomised = _core.apply_randomizer(plain)
    assert plain.tobytes() == data
    np.testing.assert_array_equal(_core.apply_randomizer(randomised), plain)


def test_randomizer_is_the_standards_recurrence() -> None:
    """CCSDS 131.0-B-5, 10.4: s(n+8) = s(n+7) + s(n+5) + s(n+3) + s(n), all ones at the start."""
    bits = [1] * 8
    while len(bits) < 8 * 300:
        bits.append(bits[-1] ^ bits[-3] ^ bits[-5] ^ bits[-8])
    np.testing.assert_array_equal(_core.apply_randomizer(np.zeros(300, np.uint8)), np.packbits(bits))


@given(data=st.binary(max_size=300), cut=st.integers(0, 300))
def test_nrzm_levels_are_running_sums(data: bytes, cut: int) -> None:
    bits = np.frombuffer(data, np.uint8)
    encoder, decoder = _core.NrzmEncoder(), _core.NrzmDecoder()
    levels = np.concatenate([encoder.encode(bits[:cut]), encoder.encode(bits[cut:])])
    np.testing.assert_array_equal(np.unpackbits(levels), np.cumsum(np.unpackbits(bits)) % 2)
    np.testing.assert_array_equal(np.concatenate([decoder.decode(levels[:cut]), decoder.decode(levels[cut:])]), bits)


@given(data=st.binary(max_size=100), g2_inverted=st.booleans())
def test_conv_encoder_is_the_standards_sums(data: bytes, g2_inverted: bool) -> None:
    """CCSDS 131.0-B-5, 3.3: connection vectors 1111001 and 1011011, newest bit first."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8)).astype(int)
    g1 = np.convolve(bits, [1, 1, 1, 1, 0, 0, 1])[: bits.size] % 2 if bits.size else bits
    g2 = np.convolve(bits, [1, 0, 1, 1, 0, 1, 1])[: bits.size] % 2 if bits.size else bits
    symbols = _core.conv_encode(np.frombuffer(data, np.uint8), g2_inverted)
    np.testing.assert_array_equal(symbols[0::2], g1)
    np.testing.assert_array_equal(symbols[1::2], g2 ^ g2_inverted)


def _active_target(wanted: str) -> subprocess.CompletedProcess[str]:
    code = "from xband_core import _core; print(_core.active_simd_target())"
    environment = os.environ | {"XBAND_SIMD_TARGET": wanted, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_environment_selects_the_simd_target() -> None:
    for name in _core.simd_targets():
        assert _active_target(name).stdout.strip() == name
    wrong = _active_target("mmx")
    assert wrong.returncode != 0
    assert "ValueError: XBAND_SIMD_TARGET: SIMD target 'mmx' is not one of" in wrong.stderr


def test_arrays_of_another_type_are_refused() -> None:
    for call in (_core.crc16_ccsds, _core.apply_randomizer, _core.NrzmEncoder().encode):
        with pytest.raises(TypeError):
            call(np.zeros(4, np.int16))
