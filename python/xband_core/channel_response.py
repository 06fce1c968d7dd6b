# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmission paths that are not flat: echoes, tilt, ripple and band filters, as the simulator's impulse response."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .simulated_frames import SimulationError

MOST_DELAY_SYMBOLS = 12.0
_HALF_SPAN_SYMBOLS = 32  # of the impulse response: room for the tails of steep filters
_GRID = 1 << 14  # points of the frequency response

Array = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


@dataclass(frozen=True)
class Echo:
    """A ray beside the direct one: delay in symbols (negative: ahead of it), level against it, carrier phase."""

    delay_symbols: float
    level_db: float
    phase_deg: float


@dataclass(frozen=True)
class ChannelResponse:
    """What the path does to the spectrum; everything together, nothing by default.

    tilt_db: gain of the upper edge of the signal's band over the lower one, a straight line in dB; ripple_db: peak to
    peak, a cosine over frequency of period ripple_period_norm (symbol rates); filter_width_norm: -3 dB width (symbol
    rates) of a Butterworth band filter of filter_order poles to either side, with its group delay, None for no filter.
    """

    echoes: tuple[Echo, ...] = ()
    tilt_db: float = 0.0
    ripple_db: float = 0.0
    ripple_period_norm: float = 0.3
    filter_width_norm: float | None = None
    filter_order: int = 6

    def __post_init__(self) -> None:
        for echo in self.echoes:
            _require("multipath delay_symbols", echo.delay_symbols, -MOST_DELAY_SYMBOLS, MOST_DELAY_SYMBOLS)
            _require("multipath level_db", echo.level_db, -80.0, 20.0)
            _require("multipath phase_deg", echo.phase_deg, -360.0, 360.0)
        _require("tilt_db", self.tilt_db, -40.0, 40.0)
        _require("ripple_db", self.ripple_db, 0.0, 20.0)
        _require("ripple period", self.ripple_period_norm, 1.0 / MOST_DELAY_SYMBOLS, 10.0)
        if self.filter_width_norm is not None:
            _require("band filter width", self.filter_width_norm, 0.5, 10.0)
        _require("band filter order", self.filter_order, 1, 12)

    @property
    def is_flat(self) -> bool:
        """Whether it does nothing."""
        return not (self.echoes or self.tilt_db or self.ripple_db or self.filter_width_norm)

    def at(self, frequency_norm: Array, rolloff: float) -> ComplexArray:
        """Response at frequencies from the carrier, in symbol rates; not normalised."""
        response = np.ones(len(frequency_norm), complex)
        for echo in self.echoes:
            turns = echo.phase_deg / 360.0 - frequency_norm * echo.delay_symbols
            response += 10 ** (echo.level_db / 20) * np.exp(2j * np.pi * turns)
        position = np.clip(frequency_norm / (1 + rolloff), -0.5, 0.5)
        gain_db = self.tilt_db * position
        gain_db += 0.5 * self.ripple_db * np.cos(2 * np.pi * frequency_norm / self.ripple_period_norm)
        response *= 10 ** (gain_db / 20)
        if self.filter_width_norm is not None:
            response *= _butterworth(2.0 * frequency_norm / self.filter_width_norm, self.filter_order)
        return response

    def taps(self, samples_per_symbol: float, rolloff: float) -> ComplexArray:
        """Impulse response at the sample rate, the middle tap without delay; the signal keeps its power."""
        if self.is_flat:
            return np.empty(0, complex)
        frequency_norm = np.fft.fftfreq(_GRID, 1.0) * samples_per_symbol
        # Only the signal's band counts: beyond it the response fades out, so that the taps end soon.
        edge = min((1 + rolloff) / 2, 0.48 * samples_per_symbol)
        fade = np.clip((np.abs(frequency_norm) - edge) / (samples_per_symbol / 2 - edge), 0.0, 1.0)
        response = self.at(frequency_norm, rolloff) * np.cos(np.pi / 2 * fade) ** 2
        response /= math.sqrt(self.mean_power(rolloff))
        half = math.ceil(_HALF_SPAN_SYMBOLS * samples_per_symbol)
        impulse = np.roll(np.fft.ifft(response), half)[: 2 * half + 1]
        to_end = 1.0 - np.abs(np.arange(-half, half + 1)) / half
        return np.asarray(impulse * np.sin(np.pi / 2 * np.clip(2.0 * to_end, 0.0, 1.0)) ** 2, complex)

    def mean_power(self, rolloff: float) -> float:
        """Power of a root-raised-cosine signal of unit power behind the path."""
        frequency_norm = np.linspace(-1.0, 1.0, 4001)
        shape = raised_cosine(frequency_norm, rolloff)
        return float(np.sum(shape * np.abs(self.at(frequency_norm, rolloff)) ** 2) / np.sum(shape))


def raised_cosine(frequency_norm: Array, rolloff: float) -> Array:
    """Power spectrum of a root-raised-cosine signal, 1 at the carrier."""
    position = np.clip((np.abs(frequency_norm) - (1 - rolloff) / 2) / rolloff, 0.0, 1.0)
    shape: Array = np.cos(np.pi / 2 * position) ** 2
    return shape


def _butterworth(frequency: Array, order: int) -> ComplexArray:
    """Low-pass of edge 1, its delay at the middle taken out: what is left bends the phase at the edges."""
    poles = np.exp(1j * np.pi * (2 * np.arange(order) + order + 1) / (2 * order))
    response = np.prod(-poles / (1j * frequency[:, None] - poles), axis=1)
    delay = float(np.sum(-poles.real))
    return np.asarray(response * np.exp(1j * frequency * delay), complex)


def _require(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SimulationError(f"{name} {value:g} is not within {least:g} to {most:g}")
