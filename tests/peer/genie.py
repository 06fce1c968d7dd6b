# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver that knows everything but the noise: the bound that real ones are held against."""

from __future__ import annotations

import numpy as np
from modulator import root_raised_cosine


def genie_symbols(samples, n_symbols, samples_per_symbol, *, clock_ppm=0.0, delay=0.0, rolloff=0.5, guard=16):
    """Matched filter at the known symbol instants, by direct summation."""
    period = samples_per_symbol / (1 + clock_ppm * 1e-6)
    reach = int(16 * period)
    out = np.empty(n_symbols, complex)
    padded = np.concatenate([np.zeros(reach), samples, np.zeros(reach + 2)])
    for begin in range(0, n_symbols, 4096):
        centre = (np.arange(begin, min(begin + 4096, n_symbols)) + guard + delay) * period
        first = np.floor(centre).astype(int)
        index = first[:, None] + np.arange(2 * reach + 1)[None, :]
        t_symbols = (index - reach - centre[:, None]) / period
        out[begin : begin + len(centre)] = (padded[index] * root_raised_cosine(t_symbols, rolloff)).sum(1) / period
    return out
