# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that are C libraries: libfec, VOLK's Viterbi kernel and liquid-dsp, through ctypes, on the same data as ours.

``python3 -m xband_station.bench.c_peers FOLDER`` prints one line of JSON: amounts in millions per CPU-second.
Rows of a library that is not installed are missing. Whole blocks are handed over, so that the calls from here cost 1 to
3 %.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from . import signals
from .measure import best_rate

# libfec's decoders work on frames; GNU Radio's do on as many bits by default.
FRAME_BITS = 8192
TAIL_BITS = 6
LIBRARIES = {"libfec": "libfec.so.0", "VOLK": "libvolk.so.2.5", "liquid-dsp": "libliquid.so.1"}
# Of liquid's symbol synchroniser: filter delay in symbols, arms, loop bandwidth.
LIQUID_DELAY, LIQUID_ARMS, LIQUID_BANDWIDTH = 5, 32, 0.01


def measure(folder: Path) -> dict[str, float]:
    """Rates of every row whose library is there."""
    rates: dict[str, float] = {}
    for name, work in (("libfec", _libfec), ("VOLK", _volk), ("liquid-dsp", _liquid)):
        try:
            library = ctypes.CDLL(LIBRARIES[name])
        except OSError:
            continue
        rates |= work(library, folder)
    return rates


def _libfec(library: ctypes.CDLL, _: Path) -> dict[str, float]:
    rates = {"libfec_viterbi": _libfec_viterbi(library)}
    for n_errors in (0, 16):
        received = np.ascontiguousarray(signals.spoilt_code_blocks(n_errors).transpose(0, 2, 1))
        words = received.copy()
        pointers = [ctypes.c_void_p(words.ctypes.data + at) for at in range(0, words.size, 255)]

        def run(received: npt.NDArray[np.uint8] = received, words: npt.NDArray[np.uint8] = words,
                pointers: list[ctypes.c_void_p] = pointers) -> None:  # fmt: skip
            np.copyto(words, received)
            for pointer in pointers:
                library.decode_rs_ccsds(pointer, None, 0, 0)

        rates[f"libfec_rs_{n_errors}"] = best_rate(8 * len(pointers) * 223 / 1e6, run)
    return rates


def _unsigned(n_bits: int) -> npt.NDArray[np.uint8]:
    """The noisy stream as these libraries want it: 0 surely 0, 255 surely 1."""
    soft = signals.coded_stream(signals.NOISY_DB)[: 2 * n_bits]
    return (127 - soft.astype(np.int16)).astype(np.uint8)


def _libfec_viterbi(library: ctypes.CDLL) -> float:
    symbols = _unsigned(FRAME_BITS + TAIL_BITS)
    bits = np.zeros(FRAME_BITS // 8, np.uint8)
    library.create_viterbi27.restype = ctypes.c_void_p
    polynomials = (ctypes.c_int * 2)(0x4F, 0x6D)
    decoder = ctypes.c_void_p(library.create_viterbi27(FRAME_BITS))
    library.set_viterbi27_polynomial(polynomials)

    def run() -> None:
        library.init_viterbi27(decoder, 0)
        library.update_viterbi27_blk(decoder, ctypes.c_void_p(symbols.ctypes.data), FRAME_BITS + TAIL_BITS)
        library.chainback_viterbi27(decoder, ctypes.c_void_p(bits.ctypes.data), FRAME_BITS, 0)

    return best_rate(FRAME_BITS / 1e6, run)


def _volk(library: ctypes.CDLL, _: Path) -> dict[str, float]:
    """Path metrics and decisions of the kernel that GNU Radio's and SatDump's decoders use; no traceback."""
    kernel_type = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p)
    symbols = _aligned(_unsigned(FRAME_BITS + TAIL_BITS))
    metrics, others = _aligned(np.zeros(64, np.uint8)), _aligned(np.zeros(64, np.uint8))
    decisions = _aligned(np.zeros(8 * (FRAME_BITS + TAIL_BITS), np.uint8))
    branches = _aligned(_branch_table())
    # A variable that holds the best implementation. Its first value finds that one out and calls it.
    kernel = kernel_type.in_dll(library, "volk_8u_x4_conv_k7_r2_8u")

    def run() -> None:
        kernel(others.ctypes.data, metrics.ctypes.data, symbols.ctypes.data, decisions.ctypes.data, FRAME_BITS,
               TAIL_BITS, branches.ctypes.data)  # fmt: skip

    run()
    kernel = kernel_type.in_dll(library, "volk_8u_x4_conv_k7_r2_8u")
    return {"volk_viterbi": best_rate(FRAME_BITS / 1e6, run)}


def _branch_table() -> npt.NDArray[np.uint8]:
    """Expected symbols of the upper branch from each of 32 pairs of states, one row a polynomial."""
    states = np.arange(32)
    rows = [[255 * (int(2 * state & polynomial).bit_count() & 1) for state in states] for polynomial in (0x4F, 0x6D)]
    return np.array(rows, np.uint8).reshape(-1)


def _aligned(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A copy that begins at a multiple of 64, as VOLK's fastest implementations want."""
    room = np.empty(values.size + 64, np.uint8)
    start = -room.ctypes.data % 64
    room[start : start + values.size] = values
    return room[start : start + values.size]


def _liquid(library: ctypes.CDLL, folder: Path) -> dict[str, float]:
    """Matched filter and symbol timing only: liquid has no demodulator by the block to put behind it."""
    library.symsync_crcf_create_rnyquist.restype = ctypes.c_void_p
    library.symsync_crcf_create_rnyquist.argtypes = [
        ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_float, ctypes.c_uint
    ]  # fmt: skip
    rates = {}
    for waveform in signals.WAVEFORMS:
        is_offset = waveform.loaded().modulation.kind == "oqpsk"
        if is_offset or waveform.samples_per_symbol != int(waveform.samples_per_symbol):
            continue  # its synchroniser does not lock to offset QPSK, and wants whole samples a symbol
        rates[f"liquid_{waveform.key}"] = best_rate(*_liquid_work(library, waveform, folder))
    return rates


def _liquid_work(library: ctypes.CDLL, waveform: signals.Waveform, folder: Path) -> tuple[float, Callable[[], object]]:
    samples_per_symbol = int(waveform.samples_per_symbol)
    n_symbols = signals.SYMBOLS // 10
    octets = np.fromfile(waveform.file(folder), np.int8, 2 * n_symbols * samples_per_symbol)
    iq = (octets.astype(np.float32) / 64).view(np.complex64)
    symbols = np.zeros(2 * n_symbols, np.complex64)
    n_out = ctypes.c_uint()
    synchroniser = ctypes.c_void_p(
        library.symsync_crcf_create_rnyquist(
            library.liquid_getopt_str2firfilt(b"rrcos"),
            samples_per_symbol,
            LIQUID_DELAY,
            waveform.loaded().modulation.rolloff,
            LIQUID_ARMS,
        )
    )
    library.symsync_crcf_set_lf_bw(synchroniser, ctypes.c_float(LIQUID_BANDWIDTH))

    def run() -> None:
        library.symsync_crcf_execute(synchroniser, ctypes.c_void_p(iq.ctypes.data), ctypes.c_uint(len(iq)),
                                     ctypes.c_void_p(symbols.ctypes.data), ctypes.byref(n_out))  # fmt: skip
        if abs(n_out.value - n_symbols) > n_symbols // 100:
            raise RuntimeError(f"liquid made {n_out.value} symbols of {n_symbols}")

    return n_symbols / 1e6, run


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))) + "\n")
