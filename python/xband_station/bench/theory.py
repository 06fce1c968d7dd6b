# SPDX-License-Identifier: GPL-3.0-or-later
"""What mathematics says about a link, beside what was measured. Eb counts the bits that enter the inner encoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xband_core.mission import Mission

_NOISE = np.linspace(-8.0, 8.0, 1001)  # standard deviations; a trapezoidal sum of a smooth function is exact enough


@dataclass(frozen=True)
class CodeShape:
    """A frame as a code word. bits: of the transfer frame; channel_bits: that carry it; bits_per_channel_bit: of those
    that enter the inner encoder, the rate of the inner code."""

    bits: int
    channel_bits: float
    inner_rate: float

    @classmethod
    def of(cls, mission: Mission) -> CodeShape:
        rails = 1 if mission.modulation.kind == "bpsk" else 2
        inner_rate = mission.information_bit_rate_hz / (rails * mission.modulation.symbol_rate_hz)
        channel_bits = 8 * mission.cadu_len_bytes / inner_rate
        return cls(8 * mission.framing.frame_len_bytes, channel_bits, inner_rate)


def best_code_loss(shape: CodeShape, eb_n0_db: float) -> float:
    """Share of frames lost by the best code of the same length and rate on the same channel (+-1 in white noise).

    Normal approximation: Polyanskiy, Poor, Verdu, "Channel coding rate in the finite blocklength regime", IEEE
    Transactions on Information Theory 56 (2010): the frame error rate is Q((n C - k + log2(n) / 2) / sqrt(n V)) with
    capacity C and dispersion V.
    """
    noise_power = 1 / (2 * shape.inner_rate * 10 ** (eb_n0_db / 10))  # real, beside bits of +-1
    weights = np.exp(-(_NOISE**2) / 2)
    weights /= weights.sum()
    density = 1 - np.logaddexp(0, -2 * (1 + math.sqrt(noise_power) * _NOISE) / noise_power) / math.log(2)
    capacity = float(weights @ density)
    dispersion = float(weights @ density**2) - capacity**2
    n = shape.channel_bits
    return _q((n * capacity - shape.bits + 0.5 * math.log2(n)) / math.sqrt(n * dispersion))


def hard_decision_loss(mission: Mission, eb_n0_db: float) -> float | None:
    """Share of frames lost by hard decisions and Reed-Solomon; exact, but that code words are taken as independent.

    None where there is an inner code or no outer one: there is no closed form. Differential coding turns one wrong
    channel bit into two: a decoded octet is right if the channel bits it is made of are all right or all wrong, on each
    differentially coded stream.
    """
    rs = mission.coding.rs
    if mission.coding.inner != "none" or rs is None:
        return None
    wrong = _q(math.sqrt(2 * 10 ** (eb_n0_db / 10)))

    def unchanged(n_bits: int) -> float:
        return (1 - wrong) ** n_bits + wrong**n_bits

    right = {"none": (1 - wrong) ** 8, "nrz_m": unchanged(9), "nrz_m_per_rail": unchanged(5) ** 2}
    octet_right = right[mission.modulation.differential]
    n = 255 - rs.virtual_fill
    codeword_right = sum(
        math.comb(n, errors) * (1 - octet_right) ** errors * octet_right ** (n - errors)
        for errors in range(rs.parity // 2 + 1)
    )
    return float(1 - codeword_right**rs.interleave)


def threshold_db(loss: Callable[[float], float], share: float = 0.99) -> float:
    """Eb/N0 at which a falling loss curve leaves so many frames, by bisection between -3 and 20 dB."""
    low, high = -3.0, 20.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if loss(middle) > 1 - share else (low, middle)
    return high


def _q(x: float) -> float:
    """Tail of the normal distribution."""
    return 0.5 * math.erfc(x / math.sqrt(2))
