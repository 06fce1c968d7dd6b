# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's own blocks on the benchmark's signal: the peers of `xband bench`.

``python3 -m gnuradio.xband.bench_peers IQ.cs8 SOFT.s8 SAMPLES_PER_SYMBOL`` prints one line of JSON: amounts per
CPU-second.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from gnuradio import analog, blocks, digital, fec, gr
from gnuradio.filter import firdes

ROUNDS = 2
VITERBI_FRAME_BITS = 8192
LOOP_COSTAS, LOOP_CLOCK = 0.003, 0.002  # the settings that reached furthest on this waveform


def best_rate(amount: float, make_top_block) -> float:
    """Amount per CPU-second of the whole process, best of ROUNDS."""
    rates = []
    for _ in range(ROUNDS):
        top = make_top_block()
        begin = time.process_time()
        top.run()
        rates.append(amount / (time.process_time() - begin))
    return max(rates)


def stock_demodulator(samples: np.ndarray, samples_per_symbol: float) -> gr.top_block:
    """Level, matched filter with clock recovery (polyphase, maximum likelihood), Costas loop at the symbol rate."""
    top = gr.top_block("stock demodulator")
    constellation = digital.constellation_qpsk().base()
    arms = 32
    taps = polyphase_taps(arms, samples_per_symbol)
    clock = digital.symbol_sync_cc(
        digital.TED_SIGNAL_TIMES_SLOPE_ML, samples_per_symbol, LOOP_CLOCK, 1.0, 1.0, 1.5, 1, constellation,
        digital.IR_PFB_MF, arms, taps,
    )  # fmt: skip
    chain = [
        blocks.vector_source_c(samples, False),
        analog.agc_cc(1e-4, 1.0, 1.0),
        clock,
        digital.costas_loop_cc(LOOP_COSTAS, 4),
        blocks.null_sink(gr.sizeof_gr_complex),
    ]
    top.connect(*chain)
    top.blocks = chain  # GNU Radio does not keep Python's references
    return top


def polyphase_taps(arms: int, samples_per_symbol: float) -> list[float]:
    """Root-raised-cosine taps for a polyphase bank, +-11 symbols."""
    length = int(11 * samples_per_symbol * arms) | 1
    return firdes.root_raised_cosine(arms, arms * samples_per_symbol, 1.0, 0.5, length)


def stock_viterbi(soft: np.ndarray) -> gr.top_block:
    """fec.cc_decoder over one long stream: symbols 0..255 in, one byte a bit out."""
    top = gr.top_block("stock Viterbi")
    decoder = fec.cc_decoder.make(VITERBI_FRAME_BITS, 7, 2, [79, 109], 0, -1, fec.CC_STREAMING, False)
    chain = [
        blocks.vector_source_b((soft.astype(np.int16) + 128).clip(0, 255).astype(np.uint8).tolist(), False),
        fec.decoder(decoder, 1, 1),
        blocks.null_sink(1),
    ]
    top.connect(*chain)
    top.blocks = chain
    return top


def main(iq_file: str, soft_file: str, samples_per_symbol: str) -> int:
    iq = np.frombuffer(Path(iq_file).read_bytes(), np.int8).astype(np.float32).view(np.complex64) / 64
    soft = -np.frombuffer(Path(soft_file).read_bytes(), np.int8)
    soft = soft[: len(soft) // (2 * VITERBI_FRAME_BITS) * 2 * VITERBI_FRAME_BITS]
    sps = float(samples_per_symbol)
    result = {
        "demodulator": best_rate(len(iq) / sps / 1e6, lambda: stock_demodulator(iq, sps)),
        "viterbi": best_rate(len(soft) / 2 / 1e6, lambda: stock_viterbi(soft)),
    }
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
