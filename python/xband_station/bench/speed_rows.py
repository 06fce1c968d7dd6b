# SPDX-License-Identifier: GPL-3.0-or-later
"""What `xband bench speed` compares with what, and what is aimed at."""

from __future__ import annotations

from dataclasses import dataclass

from . import signals

GNURADIO_VITERBI = "GNU Radio fec.cc_decoder"
GNURADIO_CHAIN = "GNU Radio agc + symbol_sync + costas"
LIQUID = "liquid symsync, without carrier"
LIBFEC_RS = "libfec decode_rs_ccsds, de-interleaved"


@dataclass(frozen=True)
class Row:
    """One comparison. ours, peer: names of rates; peer "" for none.

    target: our SIMD target, "best" or a name; goal_rate, goal_ratio: to reach, on targets whose name contains
    goal_needs.
    """

    what: str
    unit: str
    ours: str
    peer: str
    peer_name: str
    conditions: str
    target: str = "best"
    goal_rate: float | None = None
    goal_ratio: float | None = None
    goal_needs: str = ""


def _viterbi() -> list[Row]:
    noisy = f"soft bits at Es/N0 {signals.NOISY_DB:g} dB, with traceback"
    clean = f"soft bits at Es/N0 {signals.CLEAN_DB:g} dB: 1 of 10^4 wrong"
    what, unit, ours = "Viterbi K=7 r=1/2, noisy", "Mbit/s", "viterbi_noisy"
    return [
        Row(what, unit, ours, "gnuradio_viterbi", GNURADIO_VITERBI, noisy, goal_ratio=6.5, goal_needs="avx3"),
        Row(what, unit, ours, "gnuradio_viterbi", GNURADIO_VITERBI, noisy, target="avx2", goal_ratio=2.5),
        Row(what, unit, ours, "libfec_viterbi", "libfec viterbi27", noisy),
        Row(what, unit, ours, "volk_viterbi", "VOLK conv_k7_r2, no traceback", noisy),
        Row("Viterbi K=7 r=1/2, clean", unit, "viterbi_clean", "gnuradio_viterbi", GNURADIO_VITERBI, clean,
            goal_ratio=15.0),
        *(
            Row(f"Viterbi K=7 punctured to {rate}, noisy", unit, f"viterbi_{rate}", "gnuradio_viterbi",
                GNURADIO_VITERBI + " at 1/2",
                f"soft bits at Es/N0 {signals.PUNCTURED_DB:g} dB, with traceback and de-puncturing", goal_ratio=6.5,
                goal_needs="avx3")
            for rate in signals.PUNCTURED_RATES
        ),
    ]  # fmt: skip


def _reed_solomon() -> list[Row]:
    rows = []
    for target, goal in (("best", 60.0), ("avx2", 8.0)):
        for n_errors, name in ((0, "clean"), (16, "16 errors")):
            rows.append(
                Row(
                    f"Reed-Solomon (255,223), {name}",
                    "Mbit/s",
                    f"rs_{n_errors}",
                    f"libfec_rs_{n_errors}",
                    LIBFEC_RS,
                    "interleave 4, dual basis both ways",
                    target=target,
                    goal_ratio=goal,
                    goal_needs="gfni" if target == "best" else "",
                )
            )
    return rows


def _demodulator() -> list[Row]:
    rows = []
    for waveform in signals.WAVEFORMS:
        kind = waveform.loaded().modulation.kind
        what = f"IQ to soft bits, {kind.upper()}, {waveform.samples_per_symbol:g} samples a symbol"
        conditions = f"{waveform.iq_format}, Es/N0 {signals.ES_N0_DB:g} dB, everything on, once locked"
        ours, is_wide = f"demod_{waveform.key}", waveform.samples_per_symbol > 2.5
        rows.append(
            Row(
                what,
                "Msym/s",
                ours,
                f"gnuradio_{waveform.key}",
                GNURADIO_CHAIN + (" (its QPSK chain)" if kind == "oqpsk" else ""),
                conditions,
                goal_rate=60.0 if is_wide else 100.0,
                goal_ratio=None if is_wide else 20.0,
            )
        )
        if kind == "qpsk" and waveform.iq_format == "cs8" and waveform.samples_per_symbol in (2.0, 4.0):
            rows.append(Row(what, "Msym/s", ours, f"liquid_{waveform.key}", LIQUID, conditions))
    return rows


def _chain() -> list[Row]:
    snpp = f"S-NPP waveform, cs8, {signals.SNPP.samples_per_symbol:g} samples a symbol, Es/N0 {signals.ES_N0_DB:g} dB"
    bare, what, satdump = "the bare kernels on the file", "IQ file to frames", "SatDump npp_hrd"
    return [
        Row("soft bits to frames", "Msym/s", "decode", "", "", snpp),
        Row("headers, counters, dates and messages", "Mbit/s", "framing", "", "", "batches of 1024 CADUs"),
        Row("IQ to frames, bare kernels", "Msym/s", "iq_to_frames", "", "",
            snpp + ", one thread, once locked, from memory", goal_rate=60.0),
        Row(f"{what}, bare kernels", "Msym/s", "program_bare", "", "", snpp + ", one thread, without the start"),
        Row(f"{what}, xband decode", "Msym/s", "program_decode", "program_bare", bare,
            snpp + ", all threads, without the start", goal_rate=60.0),
        Row(f"{what}, headless flowgraph", "Msym/s", "program_flowgraph", "program_bare", bare,
            snpp + ", all threads, without the start", goal_rate=60.0, goal_ratio=0.85),
        Row(f"{what}, headless flowgraph", "Msym/s", "program_flowgraph", "program_satdump", satdump, snpp),
    ]  # fmt: skip


ROWS = (*_viterbi(), *_reed_solomon(), *_demodulator(), *_chain())
