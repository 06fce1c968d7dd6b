# SPDX-License-Identifier: GPL-3.0-or-later
"""Test signals made with numpy alone: the second implementation that the receiver is judged against.

It shares no code with the product, so that a convention both sides get wrong cannot cancel out. Bits become
symbols, symbols a root-raised-cosine wave evaluated at the true sampling instants (any ratio of sample rate to symbol
rate), the wave gets a carrier, phase noise and white noise, and the result is quantised as a receiver would.

Conventions: bit 0 is the positive level. QPSK and OQPSK take channel bits in the order I, Q, I, Q. The Q rail of OQPSK
is half a symbol later than its I rail (CCSDS 401.0-B, 2.4.10).
"""

from __future__ import annotations

import numpy as np

HALF_SPAN_SYMBOLS = 16
"""The pulse is cut here; at roll-off 0.5 what is cut away is -57 dB."""
PULSE_ARMS = 4096
"""Instants per symbol at which the pulse is tabulated; taking the nearest is an error of -77 dB."""
BLOCK_SAMPLES = 1 << 15
FULL_SCALE = {"cs8": 127, "cs16": 32767}
RAILS = {"bpsk": 1, "qpsk": 2, "oqpsk": 2}


# -- bits ------------------------------------------------------------------------------------------------------------
def nrz_m(bits: np.ndarray) -> np.ndarray:
    """NRZ-M: the level changes for a one (CCSDS 401.0-B, 2.4.11). The level before the first bit is 0."""
    return np.bitwise_xor.accumulate(bits)


def convolve_k7(bits: np.ndarray, g2_inverted: bool) -> np.ndarray:
    """Rate 1/2, constraint length 7 code (CCSDS 131.0-B, 3.3): C1(1), C2(1), C1(2), ... from an all-zero register."""
    padded = np.concatenate([np.zeros(6, np.uint8), bits])
    delayed = [padded[6 - k : len(padded) - k] for k in range(7)]
    c1 = delayed[0] ^ delayed[1] ^ delayed[2] ^ delayed[3] ^ delayed[6]  # 1111001 = 171 octal
    c2 = delayed[0] ^ delayed[2] ^ delayed[3] ^ delayed[5] ^ delayed[6]  # 1011011 = 133 octal
    return np.stack([c1, c2 ^ np.uint8(g2_inverted)], axis=1).ravel()


PUNCTURED = {  # CCSDS 131.0-B, table 3-1: which c1 and which c2 are sent
    "conv_k7_r12": ("1", "1"),
    "conv_k7_r23": ("10", "11"),
    "conv_k7_r34": ("101", "110"),
    "conv_k7_r56": ("10101", "11010"),
    "conv_k7_r78": ("1000101", "1111010"),
}


def puncture(symbols: np.ndarray, inner: str, c1_c2: bool = False) -> np.ndarray:
    """Symbols sent of C1(1), C2(1), C1(2), ...; whole periods only. c1_c2: kept C1 and C2 in turn, as MetOp has it."""
    rows = [np.array([digit == "1" for digit in row]) for row in PUNCTURED[inner]]
    n_periods = len(symbols) // (2 * len(rows[0]))
    pairs = symbols[: 2 * len(rows[0]) * n_periods].reshape(n_periods, -1, 2)
    if c1_c2:
        return np.stack([pairs[:, rows[0], 0].ravel(), pairs[:, rows[1], 1].ravel()], axis=1).ravel()
    return pairs[:, np.stack(rows, axis=1)].ravel()


def four_phase(bits: np.ndarray) -> np.ndarray:
    """FengYun-3's differential code, from the decoder's rule (SatDump, fengyun3/diff.cpp) by trying all next symbols.

    The decoder gives for (X', Y') and then (X, Y): the changes of Y, X if X and Y are unlike, else those of X, Y.
    """

    def decode(before: tuple[int, int], now: tuple[int, int]) -> tuple[int, int]:
        changes = before[0] ^ now[0], before[1] ^ now[1]
        return changes[::-1] if now[0] != now[1] else changes

    symbols = [(x, y) for x in (0, 1) for y in (0, 1)]
    successor = {(s, decode(s, t)): t for s in symbols for t in symbols}
    levels, level = [], (0, 0)
    for pair in bits.reshape(-1, 2).tolist():
        level = successor[level, tuple(pair)]
        levels.append(level)
    return np.array(levels, np.uint8).ravel()


def encode_cadus(
    cadus: bytes,
    *,
    differential: str = "nrz_m",
    inner: str = "conv_k7_r12",
    g2_inverted: bool = False,
    rail_mapping: str = "serial",
) -> np.ndarray:
    """Channel bits, one per byte, of CADUs as they stand in a file (ASM, randomised, Reed-Solomon coded).

    Args:
        cadus: whole CADUs, one after the other.
        differential: "none", "nrz_m" (over the serial bits), "nrz_m_per_rail" (even and odd bits apart), "four_phase".
        inner: "none" or one of PUNCTURED; the differential encoder stands before it.
        rail_mapping: "serial", "c1_c2", or "per_rail": even bits in one encoder for I, odd ones in another for Q.
        g2_inverted: the second output of the convolutional encoder is inverted, as CCSDS 131.0-B has it.
    """
    bits = np.unpackbits(np.frombuffer(cadus, np.uint8))
    if differential == "nrz_m":
        bits = nrz_m(bits)
    elif differential == "nrz_m_per_rail":
        bits = np.stack([nrz_m(bits[0::2]), nrz_m(bits[1::2])], axis=1).ravel()
    elif differential == "four_phase":
        bits = four_phase(bits)
    elif differential != "none":
        raise ValueError(f"differential {differential!r} not in none, nrz_m, nrz_m_per_rail, four_phase")
    if inner == "none":
        return bits
    if rail_mapping == "per_rail":
        rails = [puncture(convolve_k7(bits[rail::2], g2_inverted), inner) for rail in (0, 1)]
        return np.stack(rails, axis=1).ravel()
    return puncture(convolve_k7(bits, g2_inverted), inner, rail_mapping == "c1_c2")


# -- wave ------------------------------------------------------------------------------------------------------------
def root_raised_cosine(t: np.ndarray, rolloff: float) -> np.ndarray:
    """Pulse of unit energy at times ``t`` in symbols."""
    t = np.asarray(t, float)
    denominator = np.pi * t * (1 - (4 * rolloff * t) ** 2)
    singular = np.abs(denominator) < 1e-9
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.sin(np.pi * t * (1 - rolloff)) + 4 * rolloff * t * np.cos(np.pi * t * (1 + rolloff))
        pulse = value / denominator
    at_zero = singular & (np.abs(t) < 1e-6)
    pulse[at_zero] = 1 - rolloff + 4 * rolloff / np.pi
    angle = np.pi / (4 * rolloff)
    pulse[singular & ~at_zero] = (
        rolloff / np.sqrt(2) * ((1 + 2 / np.pi) * np.sin(angle) + (1 - 2 / np.pi) * np.cos(angle))
    )
    return pulse


class _Shaper:
    """One rail: levels of +-1 on the symbol grid, evaluated as a continuous wave at any instants."""

    def __init__(self, levels: np.ndarray, rolloff: float) -> None:
        reach = HALF_SPAN_SYMBOLS
        pad = np.zeros(2 * reach, np.float32)
        self._windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([pad, levels, pad]), 2 * reach + 1)
        # Row a, column k: what symbol floor(t) - reach + k contributes a / PULSE_ARMS after symbol floor(t).
        fraction = np.arange(PULSE_ARMS + 1)[:, None] / PULSE_ARMS
        self._table = root_raised_cosine(fraction + reach - np.arange(2 * reach + 1)[None, :], rolloff).astype(
            np.float32
        )

    def at(self, t_symbols: np.ndarray) -> np.ndarray:
        base = np.floor(t_symbols)
        arm = np.rint((t_symbols - base) * PULSE_ARMS).astype(np.intp)
        row = np.clip(base.astype(np.intp) + HALF_SPAN_SYMBOLS, 0, len(self._windows) - 1)
        return np.einsum("ij,ij->i", self._windows[row], self._table[arm])


def es_n0_from_eb_n0_db(eb_n0_db: float, modulation: str, inner: str) -> float:
    """Es/N0 per channel symbol in dB; Eb counts the bits that enter the convolutional coder, else channel bits."""
    bits_per_symbol = RAILS[modulation] * (0.5 if inner == "conv_k7_r12" else 1.0)
    return eb_n0_db + 10 * np.log10(bits_per_symbol)


def modulate(
    bits: np.ndarray,
    modulation: str,
    samples_per_symbol: float,
    *,
    sample_rate_hz: float,
    rolloff: float = 0.5,
    clock_ppm: float = 0.0,
    offset_hz: float = 0.0,
    ramp_hz_s: float = 0.0,
    phase_rad: float = 0.0,
    linewidth_hz: float = 0.0,
    iq_swap: bool = False,
    spectral_inversion: bool = False,
    es_n0_db: float | None = None,
    eb_n0_db: float | None = None,
    inner: str = "conv_k7_r12",
    seed: int = 1,
    quantise: str = "cf32",
    level: float | None = 0.25,
    guard_symbols: float = HALF_SPAN_SYMBOLS,
) -> np.ndarray:
    """Samples of a modulated carrier in white noise.

    Args:
        bits: channel bits, one per byte.
        samples_per_symbol: nominal, any real number; ``sample_rate_hz`` ties it to Hz.
        clock_ppm: the transmitter's symbol rate is higher than nominal by this much.
        offset_hz, ramp_hz_s: carrier frequency at the first sample and its rate of change.
        linewidth_hz: Lorentzian (full width at half maximum) of a Wiener phase; the phase variance grows by
            2 pi linewidth per second.
        spectral_inversion, iq_swap: applied last (conjugate; I and Q exchanged): either of them shows the carrier at
            the mirrored frequency.
        es_n0_db, eb_n0_db: at most one; neither: no noise. ``inner`` says how Eb counts (es_n0_from_eb_n0_db).
        quantise: "cf32" -> complex64; "cs8", "cs16" -> int8, int16 interleaved I, Q, clipped.
        level: rms of each rail, signal and noise together, relative to full scale; None: unit signal power.
        guard_symbols: carrier before the first and after the last symbol, so that no pulse is cut. The centre of
            symbol k is at sample (k + guard_symbols) * samples_per_symbol / (1 + clock_ppm * 1e-6).
    """
    if es_n0_db is not None and eb_n0_db is not None:
        raise ValueError("es_n0_db and eb_n0_db exclude each other")
    if eb_n0_db is not None:
        es_n0_db = es_n0_from_eb_n0_db(eb_n0_db, modulation, inner)
    rails = RAILS[modulation]
    n_symbols = len(bits) // rails
    levels = (1 - 2 * bits[: n_symbols * rails].astype(np.float32)).reshape(n_symbols, rails)
    shapers = [_Shaper(levels[:, rail], rolloff) for rail in range(rails)]
    q_delay_symbols = 0.5 if modulation == "oqpsk" else 0.0

    symbols_per_sample = (1 + clock_ppm * 1e-6) / samples_per_symbol
    n_samples = int((n_symbols + 2 * guard_symbols) / symbols_per_sample)
    # White noise of density N0 sampled at the rate fs has variance N0 fs; Es = 1, so fs counts per symbol.
    noise_power = 0.0 if es_n0_db is None else 10 ** (-es_n0_db / 10) / symbols_per_sample
    gain = 1.0 if level is None else level / np.sqrt((1 + noise_power) / 2)
    wiener_step_rad = np.sqrt(2 * np.pi * linewidth_hz / sample_rate_hz)
    rng = np.random.default_rng(seed)
    wiener_rad = 0.0

    out = (
        np.empty(n_samples, np.complex64)
        if quantise == "cf32"
        else np.empty(2 * n_samples, {"cs8": np.int8, "cs16": np.int16}[quantise])
    )
    for begin in range(0, n_samples, BLOCK_SAMPLES):
        n = np.arange(begin, min(begin + BLOCK_SAMPLES, n_samples))
        t_symbols = n * symbols_per_sample - guard_symbols
        if rails == 1:
            wave = shapers[0].at(t_symbols).astype(np.complex64)
        else:
            wave = (shapers[0].at(t_symbols) + 1j * shapers[1].at(t_symbols - q_delay_symbols)) / np.sqrt(2)
        t_s = n / sample_rate_hz
        cycles = (offset_hz + ramp_hz_s * t_s / 2) * t_s
        angle_rad = 2 * np.pi * (cycles - np.floor(cycles)) + phase_rad
        if linewidth_hz > 0:
            walk = wiener_rad + wiener_step_rad * np.cumsum(rng.standard_normal(len(n)))
            wiener_rad = walk[-1]
            angle_rad = angle_rad + walk
        wave = wave * np.exp(1j * angle_rad)
        if noise_power > 0:
            noise = rng.standard_normal(2 * len(n), np.float32).view(np.complex64)
            wave = wave + np.float32(np.sqrt(noise_power / 2)) * noise
        if spectral_inversion:
            wave = wave.conj()
        if iq_swap:
            wave = 1j * wave.conj()
        wave = (gain * wave).astype(np.complex64)
        if quantise == "cf32":
            out[begin : begin + len(n)] = wave
        else:
            full = FULL_SCALE[quantise]
            out[2 * begin : 2 * (begin + len(n))] = np.clip(np.rint(wave.view(np.float32) * full), -full, full)
    return out
