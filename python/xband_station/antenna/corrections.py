# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pass tells about itself while it goes on: how late the satellite is, and where the peak of its signal lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xband_station.antenna.mount import FloatArray

# Half of the step that Doppler's rate is taken over.
_RATE_STEP_S = 0.5
_ROUNDS = 4
# Measurements farther from the fit than this many deviations are slips of the carrier loop.
_OUTLIER = 4.0
# A frequency measured over a second is known to some hertz; the model is not better than that either.
_MIN_NOISE_HZ = 2.0
_GAUSS_DB = 12.0


@dataclass(frozen=True)
class TimeOffset:
    """offset_s: how far the satellite is ahead of its prediction (along its track, or as the clock is late); sigma_s;
    frequency_hz: what is left of the frequency error then."""

    offset_s: float
    sigma_s: float
    frequency_hz: float


class TimeOffsetEstimator:
    """Least squares of the measured Doppler shift on the predicted one, moved in time and in frequency.

    measured(t) = predicted(t + offset) + frequency. What can be told of the two apart depends on how much the Doppler
    rate changes: much around culmination, little at the beginning of a low pass; the prior knowledge is what decides
    there. Both priors are standard deviations around 0.
    """

    def __init__(self, predicted_hz: Callable[[FloatArray], FloatArray], prior_s: float, prior_hz: float) -> None:
        self._predicted_hz = predicted_hz
        self._prior = np.array([prior_s, prior_hz])
        self._times_s: list[float] = []
        self._measured_hz: list[float] = []

    def add(self, offset_s: float, measured_hz: float) -> None:
        """One measurement of the carrier's offset, Doppler included, at a time of the pass."""
        self._times_s.append(offset_s)
        self._measured_hz.append(measured_hz)

    def estimate(self) -> TimeOffset:
        """From all measurements so far; without any, the prior."""
        unknowns, noise_hz = np.zeros(2), 50.0
        covariance = np.diag(self._prior**2)
        times_s, measured_hz = np.array(self._times_s), np.array(self._measured_hz)
        is_good = np.ones(len(times_s), dtype=bool)
        for _ in range(_ROUNDS if len(times_s) >= 3 else 0):
            moved_s = times_s + unknowns[0]
            rate = self._predicted_hz(moved_s + _RATE_STEP_S) - self._predicted_hz(moved_s - _RATE_STEP_S)
            residual_hz = measured_hz - self._predicted_hz(moved_s) - unknowns[1]
            spread_hz = 1.4826 * float(np.median(np.abs(residual_hz - np.median(residual_hz))))
            is_good = np.abs(residual_hz - np.median(residual_hz)) <= _OUTLIER * max(spread_hz, _MIN_NOISE_HZ)
            noise_hz = max(spread_hz, _MIN_NOISE_HZ)
            rows = np.stack([rate / (2.0 * _RATE_STEP_S), np.ones_like(rate)], axis=1)[is_good] / noise_hz
            normal = rows.T @ rows + np.diag(self._prior**-2.0)
            right = rows.T @ (residual_hz[is_good] / noise_hz) - unknowns / self._prior**2
            covariance = np.linalg.inv(normal)
            unknowns = unknowns + covariance @ right
        return TimeOffset(float(unknowns[0]), float(np.sqrt(covariance[0, 0])), float(unknowns[1]))


# Where the beam is led beside the satellite, in turn: to both sides along each axis, and back the other way round, so
# that a level that rises or falls in time does not look like a direction.
_PATTERN = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [-1, 0], [1, 0], [0, -1], [0, 1]], dtype=np.float64)


class StepTrack:
    """Finds a constant misalignment of the axes from Es/N0, by looking a little beside the satellite.

    A Gaussian beam loses 12 |q - d|^2 / beamwidth^2 dB when it is led by d and should be led by q. Of that only the
    product of q and d is unknown, so level, drift and q come from linear least squares, old data counting less. The
    price is 12 amplitude^2 dB, amplitude in beamwidths: 0.12 dB for a tenth.
    """

    def __init__(
        self,
        beamwidth_deg: float,
        amplitude: float = 0.1,
        dwell_s: float = 3.0,
        settle_s: float = 1.0,
        memory_s: float = 90.0,
        prior_deg: float = 0.3,
        noise_db: float = 0.3,
    ) -> None:
        self._gain = _GAUSS_DB / beamwidth_deg**2
        self._step_deg = amplitude * beamwidth_deg
        self._dwell_s, self._settle_s, self._memory_s = dwell_s, settle_s, memory_s
        self._prior_deg, self._noise_db = prior_deg, noise_db
        self._rows: list[tuple[float, float, float, float]] = []
        self.correction_deg = np.zeros(2)
        self.sigma_deg = np.full(2, prior_deg)

    def lead_deg(self, offset_s: float, second_deg: float) -> FloatArray:
        """By how much both axes are to be led away from the track now: the correction found, and the step beside it."""
        step = _PATTERN[int(offset_s / self._dwell_s) % len(_PATTERN)] * self._step_deg
        result: FloatArray = self.correction_deg + step / np.array([_widening(second_deg), 1.0])
        return result

    def add(self, offset_s: float, es_n0_above_predicted_db: float, lead_deg: FloatArray, second_deg: float) -> None:
        """One measurement, less what the link budget predicts (its drift matters, its level does not), with what the
        axes were led by then. Those taken while the dish moves to the next place do not count."""
        if offset_s % self._dwell_s < self._settle_s:
            return
        on_sky = lead_deg * np.array([_widening(second_deg), 1.0])
        level = es_n0_above_predicted_db + self._gain * float(on_sky @ on_sky)
        factors = 2.0 * self._gain * on_sky * np.array([_widening(second_deg), 1.0])
        self._rows.append((offset_s, level, float(factors[0]), float(factors[1])))
        self._solve()

    def _solve(self) -> None:
        time_s, level, first, second = np.array(self._rows).T
        age_s = time_s[-1] - time_s
        weight = np.exp(-age_s / self._memory_s) / self._noise_db
        rows = np.stack([np.ones_like(age_s), age_s / 60.0, first, second], axis=1) * weight[:, None]
        # Level and drift are free within reason; the misalignment has its prior.
        prior = np.diag([20.0**-2, 3.0**-2, self._prior_deg**-2, self._prior_deg**-2])
        normal = rows.T @ rows + prior
        unknowns = np.linalg.solve(normal, rows.T @ (level * weight))
        self.correction_deg = unknowns[2:]
        self.sigma_deg = np.sqrt(np.diag(np.linalg.inv(normal))[2:])


def _widening(second_deg: float) -> float:
    """Degrees on the sky that a degree of the first axis is; not nothing at the pole, where no lead would be enough."""
    return max(abs(float(np.cos(np.radians(second_deg)))), 0.05)


def measured_latency_s(times_s: FloatArray, commanded_deg: FloatArray, actual_deg: FloatArray) -> float | None:
    """By how much an axis is behind its commands: least squares of the lag on the rate; None if it hardly moved."""
    if len(times_s) < 3:
        return None
    rate = np.gradient(commanded_deg, times_s)
    power = float(rate @ rate)
    if power * float(np.median(np.diff(times_s))) < 0.1:  # a tenth of a degree a second for ten seconds
        return None
    return float((commanded_deg - actual_deg) @ rate / power)
