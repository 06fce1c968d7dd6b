# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the coding kernels on one core, on demand:

    PYTHONPATH=build/python python3 tests/perf/bench_fec.py [target...]

Information Mbit/s, thread CPU time, best of many runs; every SIMD target of this CPU unless some are named.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from xband_core import _core


def mbit_per_s(run: Callable[[], object], n_bits: int, seconds: float = 1.0) -> float:
    """Best rate of repeated runs within about `seconds`."""
    best_s = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or best_s == float("inf"):
        start = time.thread_time()
        run()
        best_s = min(best_s, time.thread_time() - start)
    return n_bits / best_s / 1e6


def bench_viterbi(segment_bits: int) -> float:
    """At Eb/N0 3 dB; the decoder's speed does not depend on it."""
    decoder = _core.ViterbiBatch(segment_bits)
    rng = np.random.default_rng(1)
    symbols = _core.conv_encode(rng.integers(0, 256, decoder.input_soft_bits // 16, dtype=np.uint8), False)
    noise = rng.normal(0, 10 ** (-3 / 20), symbols.size)
    soft = np.clip(np.rint(33 * (1 - 2.0 * symbols + noise)), -127, 127).astype(np.int8)
    return mbit_per_s(lambda: decoder.decode(soft), decoder.payload_bits)


def spoilt_code_blocks(n_errors: int) -> tuple[_core.ReedSolomon, npt.NDArray[np.uint8]]:
    """(255,223), dual basis, interleave 4: 256 code blocks (n, 255, 4) with n_errors in each codeword."""
    code = _core.ReedSolomon(interleave=4)
    rng = np.random.default_rng(2)
    blocks = code.encode(rng.integers(0, 256, 256 * code.data_len_bytes, dtype=np.uint8)).reshape(-1, 255, 4)
    for block in blocks:
        for codeword in range(4):
            block[rng.choice(255, n_errors, replace=False), codeword] ^= 0x5A
    return code, blocks


def bench_reed_solomon(n_errors: int) -> float:
    """De-interleaving and both changes of basis included."""
    code, blocks = spoilt_code_blocks(n_errors)
    received = blocks.reshape(-1)
    return mbit_per_s(lambda: code.decode(received), 8 * len(blocks) * code.data_len_bytes)


def bench_libfec(n_errors: int) -> float:
    """The same codewords, already de-interleaved; 0 where libfec is not installed. A call from here costs 1 to 3 %."""
    try:
        decode = ctypes.CDLL("libfec.so.0").decode_rs_ccsds
    except OSError:
        return 0.0
    code, blocks = spoilt_code_blocks(n_errors)
    received = np.ascontiguousarray(blocks.transpose(0, 2, 1))
    words = received.copy()
    pointers = [ctypes.c_void_p(words.ctypes.data + at) for at in range(0, words.size, 255)]

    def run() -> None:
        np.copyto(words, received)
        for pointer in pointers:
            decode(pointer, None, 0, 0)

    return mbit_per_s(run, 8 * len(blocks) * code.data_len_bytes)


def bench_target(name: str) -> None:
    for segment_bits in (1024, 1536, 2048):
        print(f"viterbi {name:9s} segment {segment_bits}: {bench_viterbi(segment_bits):6.1f} Mbit/s")
    for n_errors in (0, 1, 8, 16):
        ours, peer = bench_reed_solomon(n_errors), bench_libfec(n_errors)
        ratio = f", libfec {peer:4.0f}: {ours / peer:5.1f} times" if peer else ""
        print(f"reed-solomon {name:9s} {n_errors:2d} errors a codeword: {ours:6.0f} Mbit/s{ratio}")


def main(targets: list[str]) -> None:
    if active := os.environ.get("XBAND_SIMD_TARGET"):
        bench_target(active)
        return
    for target in targets or _core.simd_targets():
        subprocess.run([sys.executable, __file__], env=os.environ | {"XBAND_SIMD_TARGET": target}, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
