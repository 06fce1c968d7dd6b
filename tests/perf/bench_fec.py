# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the coding kernels on one core, on demand:

    PYTHONPATH=build/python python3 tests/perf/bench_fec.py [target...]

Information Mbit/s, thread CPU time, best of many runs; every SIMD target of this CPU unless some are named.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

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


def bench_reed_solomon(n_errors: int) -> float:
    """(255,223), dual basis, interleave 4, 256 code blocks, n_errors in each codeword."""
    code = _core.ReedSolomon(interleave=4)
    rng = np.random.default_rng(2)
    blocks = code.encode(rng.integers(0, 256, 256 * code.data_len_bytes, dtype=np.uint8)).reshape(-1, 255, 4)
    for block in blocks:
        for codeword in range(4):
            block[rng.choice(255, n_errors, replace=False), codeword] ^= 0x5A
    received = blocks.reshape(-1)
    return mbit_per_s(lambda: code.decode(received), 8 * 256 * code.data_len_bytes)


def main(targets: list[str]) -> None:
    if active := os.environ.get("XBAND_SIMD_TARGET"):
        for segment_bits in (1024, 1536, 2048):
            print(f"viterbi {active:8s} segment {segment_bits}: {bench_viterbi(segment_bits):6.1f} Mbit/s")
        return
    for target in targets or _core.simd_targets():
        subprocess.run([sys.executable, __file__], env=os.environ | {"XBAND_SIMD_TARGET": target}, check=True)
    for n_errors in (0, 1, 8, 16):
        print(f"reed-solomon, {n_errors:2d} errors a codeword: {bench_reed_solomon(n_errors):6.0f} Mbit/s")


if __name__ == "__main__":
    main(sys.argv[1:])
