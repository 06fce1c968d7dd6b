# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's own blocks on the benchmark's signals: peers of `xband bench`.

``python3 -m gnuradio.xband.bench_peers JOB.json`` prints one line of JSON: amounts in millions per CPU-second by row.
The job: {"recordings": {row: [file, iq_format, samples_per_symbol]}, "symbols": file of octets, 0 surely 0, 255
surely 1}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gnuradio import analog, blocks, digital, fec, gr
from gnuradio.filter import firdes

ROUNDS = 2
# A tenth of a second and more for each.
SYMBOLS = 500_000
VITERBI_FRAME_BITS = 8192
LOOP_COSTAS, LOOP_CLOCK = 0.003, 0.002  # the settings that reached furthest on this waveform


def best_rate(amount: float, make_chain: Callable[[], list[gr.basic_block]]) -> float:
    """Amount per CPU-second in the work functions of a chain, source and sink left out; best of ROUNDS."""
    rates = []
    for _ in range(ROUNDS):
        chain = make_chain()
        top = gr.top_block("peer")
        top.connect(*chain)
        top.run()
        rates.append(amount / sum(block.pc_work_time_total() for block in chain[1:-1]) * 1e9)
    return max(rates)


def stock_demodulator(samples: np.ndarray, samples_per_symbol: float) -> list[gr.basic_block]:
    """Level, matched filter with clock recovery (polyphase, maximum likelihood), Costas loop at the symbol rate."""
    constellation = digital.constellation_qpsk().base()
    arms = 32
    taps = polyphase_taps(arms, samples_per_symbol)
    clock = digital.symbol_sync_cc(
        digital.TED_SIGNAL_TIMES_SLOPE_ML, samples_per_symbol, LOOP_CLOCK, 1.0, 1.0, 1.5, 1, constellation,
        digital.IR_PFB_MF, arms, taps,
    )  # fmt: skip
    return [
        blocks.vector_source_c(samples, False),
        analog.agc_cc(1e-4, 1.0, 1.0),
        clock,
        digital.costas_loop_cc(LOOP_COSTAS, 4),
        blocks.null_sink(gr.sizeof_gr_complex),
    ]


def polyphase_taps(arms: int, samples_per_symbol: float) -> list[float]:
    """Root-raised-cosine taps for a polyphase bank, +-11 symbols."""
    length = int(11 * samples_per_symbol * arms) | 1
    return firdes.root_raised_cosine(arms, arms * samples_per_symbol, 1.0, 0.5, length)


def stock_viterbi(symbols: str) -> list[gr.basic_block]:
    """fec.cc_decoder over one long stream: one byte a bit out."""
    decoder = fec.cc_decoder.make(VITERBI_FRAME_BITS, 7, 2, [79, 109], 0, -1, fec.CC_STREAMING, False)
    return [blocks.file_source(1, symbols, False), fec.decoder(decoder, 1, 1), blocks.null_sink(1)]


def read_samples(file: str, iq_format: str, samples_per_symbol: float) -> np.ndarray:
    """The first SYMBOLS symbols at a level that suits the loops, as stock blocks want them."""
    integers, level = (np.int8, 64) if iq_format == "cs8" else (np.int16, 16384)
    count = 2 * int(SYMBOLS * samples_per_symbol)
    return (np.fromfile(file, integers, count).astype(np.float32) / level).view(np.complex64)


def main(job_file: str) -> int:
    # Each block adds up its thread's CPU time in its work function. GNU Radio reads this when a block is made.
    os.environ |= {"GR_CONF_PERFCOUNTERS_ON": "True", "GR_CONF_PERFCOUNTERS_CLOCK": "thread"}
    job = json.loads(Path(job_file).read_text())
    megabits = Path(job["symbols"]).stat().st_size / 2 / 1e6
    result = {"gnuradio_viterbi": best_rate(megabits, lambda: stock_viterbi(job["symbols"]))}
    for row, (file, iq_format, samples_per_symbol) in job["recordings"].items():
        iq = read_samples(file, iq_format, samples_per_symbol)
        result[row] = best_rate(
            len(iq) / samples_per_symbol / 1e6,
            lambda iq=iq, samples_per_symbol=samples_per_symbol: stock_demodulator(iq, samples_per_symbol),
        )
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
