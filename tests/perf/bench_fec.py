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
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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


def channel_soft_bits(n: int, ec_n0_db: float) -> npt.NDArray[np.int8]:
    """Random bits, encoded, with noise; rms 40, the demodulator's scale."""
    rng = np.random.default_rng(1)
    symbols = _core.conv_encode(rng.integers(0, 256, n // 16, dtype=np.uint8), False)
    sigma = 10 ** (-ec_n0_db / 20) / 2**0.5
    received = 1 - 2.0 * symbols + rng.normal(0, sigma, symbols.size)
    return np.clip(np.rint(40 / (1 + sigma**2) ** 0.5 * received), -127, 127).astype(np.int8)


def bench_viterbi(segment_bits: int, ec_n0_db: float, *, skips_error_free: bool = True) -> float:
    """Several batches in turn, as a stream would give them."""
    decoder = _core.ViterbiBatch(segment_bits, skips_error_free=skips_error_free)
    step, size = 2 * decoder.payload_bits, decoder.input_soft_bits
    soft = channel_soft_bits(3 * step + size, ec_n0_db)
    batches = [np.ascontiguousarray(soft[at : at + size]) for at in range(0, 4 * step, step)]
    return mbit_per_s(lambda: [decoder.decode(batch) for batch in batches], 4 * decoder.payload_bits)


def bench_libfec_viterbi() -> float:
    """Frames of 8192 bits; the metrics and the way back. 0 where libfec is not installed."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "core_py"))
    try:
        from libfec import Libfec

        peer = Libfec(ctypes.CDLL("libfec.so.0"))
    except OSError:
        return 0.0
    symbols = (128 - channel_soft_bits(2 * 8192, 0.0).astype(np.int16)).clip(0, 255).astype(np.uint8)
    return mbit_per_s(lambda: peer.viterbi(symbols), 8192)


def bench_gnuradio_viterbi() -> float:
    """fec.cc_decoder by the CPU time of its work function; 0 where GNU Radio is not installed."""
    os.environ |= {"GR_CONF_PERFCOUNTERS_ON": "True", "GR_CONF_PERFCOUNTERS_CLOCK": "thread"}
    try:
        from gnuradio.xband import bench_peers
    except ImportError:
        return 0.0
    with tempfile.NamedTemporaryFile() as file:
        soft = channel_soft_bits(2 * 4_000_000, 0.0)
        (128 - soft.astype(np.int16)).clip(0, 255).astype(np.uint8).tofile(file.name)
        return bench_peers.best_rate(soft.size / 2e6, lambda: bench_peers.stock_viterbi(file.name))


def bench_viterbi_rows(name: str) -> None:
    """Ours and the peers in turn, so that what else the machine does meets all of them."""
    gnuradio, libfec = bench_gnuradio_viterbi(), bench_libfec_viterbi()
    best = _core.ViterbiBatch().segment_bits
    rows = [
        ("every bit, segment 1024, Ec/N0 0 dB", bench_viterbi(1024, 0.0)),
        ("every bit, Ec/N0 0 dB", bench_viterbi(best, 0.0)),
        ("every bit, channel error rate 1e-4", bench_viterbi(best, 8.4, skips_error_free=False)),
        ("skipping, channel error rate 1e-4", bench_viterbi(best, 8.4)),
        ("skipping, no channel errors", bench_viterbi(best, 20.0)),
    ]
    gnuradio = max(gnuradio, bench_gnuradio_viterbi())
    print(f"viterbi peers: fec.cc_decoder {gnuradio:6.1f} Mbit/s, libfec {libfec:6.1f} Mbit/s")
    for what, ours in rows:
        ratio = f", fec.cc_decoder: {ours / gnuradio:5.2f} times" if gnuradio else ""
        print(f"viterbi {name:9s} {what:40s}: {ours:7.1f} Mbit/s{ratio}")


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
    bench_viterbi_rows(name)
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
