# SPDX-License-Identifier: GPL-3.0-or-later
"""Power spectrum of received samples, for the plots of reports."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

SPECTRUM_BINS = 512


def spectrum_db(samples: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Power density over the sampled band, SPECTRUM_BINS values from -rate/2 up, dB; mean of windowed stretches.

    Args: samples: complex, at least SPECTRUM_BINS of them; fewer give an empty result.
    """
    n_stretches = len(samples) // SPECTRUM_BINS
    if n_stretches == 0:
        return np.empty(0)
    stretches = samples[: n_stretches * SPECTRUM_BINS].reshape(n_stretches, SPECTRUM_BINS)
    window = np.hanning(SPECTRUM_BINS)
    power = np.abs(np.fft.fft(stretches * window, axis=1)) ** 2 / np.sum(window**2)
    level_db: npt.NDArray[np.float64] = 10 * np.log10(np.fft.fftshift(power.mean(axis=0)) + 1e-12)
    return level_db
