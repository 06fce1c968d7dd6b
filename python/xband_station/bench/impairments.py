# SPDX-License-Identifier: GPL-3.0-or-later
"""What receivers' hardware and neighbours do to samples, one function each. Complex samples in, complex samples out."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from xband_station.bench.scene import Samples

FULL_SCALE = {"cs8": 127, "cs16": 32767}


def quantise(samples: Samples, iq_format: str, bits: int | None = None) -> npt.NDArray[np.uint8]:
    """Samples as raw bytes; full scale is 1. bits: of the converter where it has fewer than the format."""
    pairs = np.ascontiguousarray(samples).view(np.float32)
    if iq_format == "cf32":
        return pairs.view(np.uint8)
    full_scale = FULL_SCALE[iq_format] if bits is None else 2 ** (bits - 1) - 1
    levels = np.clip(np.rint(pairs * np.float32(full_scale)), -full_scale, full_scale)
    if bits is not None:  # at the top of the format, as converters give them out
        levels *= FULL_SCALE[iq_format] // full_scale
    raw: npt.NDArray[np.uint8] = levels.astype(np.int8 if iq_format == "cs8" else np.int16).view(np.uint8)
    return raw


def gain_steps(samples: Samples, places: list[int], step_db: float) -> Samples:
    """The gain falls by so much at the first place, comes back at the second, and so on."""
    gain = np.ones(len(samples), np.float32)
    for begin, end in zip(places[::2], [*places[1::2], len(samples)], strict=False):
        gain[begin:end] = 10 ** (-step_db / 20)
    stepped: Samples = samples * gain
    return stepped


def add_dc(samples: Samples, signal_power: float, level_dbc: float) -> Samples:
    """A constant beside the signal, in no special direction."""
    amplitude = math.sqrt(signal_power * 10 ** (level_dbc / 10))
    shifted: Samples = samples + np.complex64(amplitude * np.exp(0.7j))
    return shifted


def add_tone(samples: Samples, signal_power: float, carrier_to_tone_db: float, cycles_per_sample: float) -> Samples:
    """An unmodulated carrier."""
    amplitude = math.sqrt(signal_power * 10 ** (-carrier_to_tone_db / 10))
    phase = np.mod(cycles_per_sample * np.arange(len(samples)), 1.0)
    tone = (amplitude * np.exp(2j * np.pi * phase)).astype(np.complex64)
    mixed: Samples = samples + tone
    return mixed


def add_pulses(
    samples: Samples, signal_power: float, pulse_to_carrier_db: float, length: int, places: npt.NDArray[np.int64]
) -> Samples:
    """Bursts of an unmodulated carrier, as of a radar: each of its own phase and frequency."""
    rng = np.random.default_rng(4)
    out = samples.copy()
    amplitude = math.sqrt(signal_power * 10 ** (pulse_to_carrier_db / 10))
    for place in places:
        turns = rng.random() + rng.uniform(-0.2, 0.2) * np.arange(min(length, len(out) - place))
        out[place : place + length] += (amplitude * np.exp(2j * np.pi * turns)).astype(np.complex64)
    return out


def notch(samples: Samples, centre_cps: float, width_cps: float, depth_db: float) -> Samples:
    """Takes out a piece of the spectrum, with raised-cosine flanks, in phase. centre, width: cycles per sample."""
    distance = np.abs(np.mod(np.arange(len(samples)) / len(samples) - centre_cps + 0.5, 1.0) - 0.5)
    shape = np.where(distance < width_cps, 0.5 + 0.5 * np.cos(np.pi * np.minimum(distance / width_cps, 1.0)), 0.0)
    response = 1.0 - (1.0 - 10 ** (-depth_db / 20)) * shape
    filtered: Samples = np.fft.ifft(np.fft.fft(samples) * response).astype(np.complex64)
    return filtered


def iq_imbalance(samples: Samples, gain_db: float, angle_deg: float) -> Samples:
    """Q is louder than I by so much, and not at right angles to it."""
    angle = math.radians(angle_deg)
    i, q = samples.real, samples.imag
    leaning = np.float32(10 ** (gain_db / 20)) * (q * np.float32(math.cos(angle)) + i * np.float32(math.sin(angle)))
    out = np.empty_like(samples)
    out.real, out.imag = i, leaning
    return out


def delete(samples: Samples, places: list[int], length: int) -> Samples:
    """Samples that never arrived, as of an overrun: what is behind them moves up."""
    keep = np.ones(len(samples), np.bool_)
    for place in places:
        keep[place : place + length] = False
    return samples[keep]


def blank(samples: Samples, places: list[int], length: int) -> Samples:
    """Samples that arrived as zeros."""
    out = samples.copy()
    for place in places:
        out[place : place + length] = 0
    return out


def phase_jumps(samples: Samples, places: list[int], quarter_turns: list[int]) -> Samples:
    """The phase jumps and stays there, as after a cycle slip of an oscillator."""
    out = samples.copy()
    turned = 0
    for place, end, quarters in zip(places, [*places[1:], len(samples)], quarter_turns, strict=True):
        turned += quarters
        out[place:end] *= np.complex64(1j**turned)
    return out
