# SPDX-License-Identifier: GPL-3.0-or-later
"""The plots that the report of a pass and the page of `xband decode --plots` share."""

from __future__ import annotations

from collections.abc import Sequence

from xband_station.svg import Series, plot

_INK = "#333333"


def spectrum_plot(values_db: Sequence[float], width_hz: float) -> str:
    """values_db: evenly over the width, lowest frequency first."""
    width_mhz = width_hz / 1e6
    points = [((index / max(len(values_db), 1) - 0.5) * width_mhz, value) for index, value in enumerate(values_db)]
    return plot([Series("", points, _INK)], "offset from centre in MHz", "power in dB")


def constellation_plot(points: Sequence[Sequence[float]]) -> str:
    """points: I and Q of symbols."""
    pairs = [(point[0], point[1]) for point in points]
    limit = 1.1 * max((abs(value) for pair in pairs for value in pair), default=1.0) or 1.0
    span = (-limit, limit)
    return plot([Series("", pairs, _INK, is_line=False)], "I", "Q", span, span, width_px=330, height_px=300)
