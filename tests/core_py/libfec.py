# SPDX-License-Identifier: GPL-3.0-or-later
"""Phil Karn's libfec (Debian package libfec0) through ctypes: an independent decoder to compare with."""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt
import pytest

Octets = npt.NDArray[np.uint8]


def load() -> Libfec:
    """The library; skips the test where it is not installed."""
    try:
        return Libfec(ctypes.CDLL("libfec.so.0"))
    except OSError as error:
        pytest.skip(f"libfec is not installed: {error}")


class Libfec:
    """Just the calls that the tests need."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.create_viterbi27.restype = ctypes.c_void_p
        for function, types in {
            "init_viterbi27": [ctypes.c_void_p, ctypes.c_int],
            "set_viterbi27_polynomial": [ctypes.c_void_p],
            "update_viterbi27_blk": [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int],
            "chainback_viterbi27": [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint],
            "delete_viterbi27": [ctypes.c_void_p],
        }.items():
            getattr(library, function).argtypes = types

    def rs_encode(self, data: Octets, dual_basis: bool) -> Octets:
        """Codeword of (255,223) for 223 octets."""
        parity = np.zeros(32, np.uint8)
        if dual_basis:
            self._library.encode_rs_ccsds(data.ctypes, parity.ctypes, 0)
        else:
            self._library.encode_rs_8(data.ctypes, parity.ctypes, 0)
        return np.concatenate([data, parity])

    def rs_decode(
        self, received: Octets, dual_basis: bool, erased: npt.NDArray[np.intp] | None = None
    ) -> tuple[Octets, int]:
        """Codeword of (255,223) after correction, and the number of corrections (erasures included) or -1."""
        word = received.copy()
        places = (ctypes.c_int * 255)(*([] if erased is None else erased))
        n_places = 0 if erased is None else len(erased)
        decode = self._library.decode_rs_ccsds if dual_basis else self._library.decode_rs_8
        count = decode(word.ctypes, places, n_places, 0)
        return word, count

    def viterbi(self, symbols: Octets) -> Octets:
        """Packed bits of pairs (G1, G2) of symbols 0..255 (255 surely 1), from state 0 to state 0."""
        n_bits = symbols.size // 2
        polynomials = (ctypes.c_int * 2)(0x4F, 0x6D)
        decoder = self._library.create_viterbi27(n_bits)
        self._library.set_viterbi27_polynomial(polynomials)
        self._library.init_viterbi27(decoder, 0)
        self._library.update_viterbi27_blk(decoder, symbols.ctypes.data, n_bits)
        bits = np.zeros(n_bits // 8, np.uint8)
        # libfec gives the bits 6 stages after they entered: the first octet asked for is the first octet sent.
        self._library.chainback_viterbi27(decoder, bits.ctypes.data, n_bits - 6, 0)
        self._library.delete_viterbi27(decoder)
        return bits
