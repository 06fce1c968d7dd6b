# SPDX-License-Identifier: GPL-3.0-or-later
"""Small plots as SVG text: no library, no external file, so a report is one page that opens anywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Points = Sequence[tuple[float, float]]

_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 14.0, 12.0, 42.0
_TICKS = 6


@dataclass(frozen=True)
class Series:
    """Points of one kind. is_line: joined by a line (a NaN breaks it), else dots."""

    label: str
    points: Points
    colour: str
    is_line: bool = True
    dot_px: float = 1.6


def plot(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    width_px: float = 560.0,
    height_px: float = 300.0,
) -> str:
    """An <svg> element with axes, ticks and the series. Without any finite point: a frame that says so."""
    finite = [(x, y) for one in series for x, y in one.points if math.isfinite(x) and math.isfinite(y)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px:g} {height_px:g}" '
        f'width="{width_px:g}" height="{height_px:g}" role="img" aria-label="{escape(y_label)}">'
    )
    if not finite:
        middle = f'<text x="{width_px / 2:g}" y="{height_px / 2:g}" text-anchor="middle">no measurements</text>'
        return f"{head}{middle}</svg>"
    axes = _Axes(
        x_range or _padded([x for x, _ in finite]), y_range or _padded([y for _, y in finite]), width_px, height_px
    )
    parts = [head, axes.draw(x_label, y_label)]
    for one in series:
        parts.append(_line(one, axes) if one.is_line else _dots(one, axes))
    parts += _legend(series)
    return "".join([*parts, "</svg>"])


def plain_number(value: float) -> str:
    """A length in pixels, to a tenth."""
    return f"{value:.1f}"


class _Axes:
    """Maps values to pixels."""

    def __init__(
        self, x_range: tuple[float, float], y_range: tuple[float, float], width_px: float, height_px: float
    ) -> None:
        self._x0, self._x1 = x_range
        self._y0, self._y1 = y_range
        self._width_px = width_px
        self._height_px = height_px

    def x(self, value: float) -> float:
        return _LEFT + (value - self._x0) / (self._x1 - self._x0) * (self._width_px - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return (
            self._height_px - _BOTTOM - (value - self._y0) / (self._y1 - self._y0) * (self._height_px - _TOP - _BOTTOM)
        )

    def contains(self, x: float, y: float) -> bool:
        return self._x0 <= x <= self._x1 and self._y0 <= y <= self._y1

    def draw(self, x_label: str, y_label: str) -> str:
        bottom, right = self._height_px - _BOTTOM, self._width_px - _RIGHT
        parts = []
        for value in _ticks(self._x0, self._x1):
            x = self.x(value)
            parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom:g}" class="grid"/>')
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16:g}" text-anchor="middle">{value:g}</text>')
        for value in _ticks(self._y0, self._y1):
            y = self.y(value)
            parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right:g}" y2="{y:.1f}" class="grid"/>')
            parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        frame = f'<rect x="{_LEFT}" y="{_TOP}" width="{right - _LEFT:g}" height="{bottom - _TOP:g}" class="frame"/>'
        middle_x, middle_y = (_LEFT + right) / 2, (_TOP + bottom) / 2
        x_text = f'<text x="{middle_x:g}" y="{self._height_px - 8:g}" text-anchor="middle">{escape(x_label)}</text>'
        turn = f"rotate(-90 14 {middle_y:g})"
        y_text = f'<text x="14" y="{middle_y:g}" text-anchor="middle" transform="{turn}">{escape(y_label)}</text>'
        return "".join([*parts, frame, x_text, y_text])


def _line(one: Series, axes: _Axes) -> str:
    pieces: list[str] = []
    is_pen_down = False
    for x, y in one.points:
        is_drawable = math.isfinite(x) and math.isfinite(y) and axes.contains(x, y)
        if is_drawable:
            pieces.append(f"{'L' if is_pen_down else 'M'}{axes.x(x):.1f} {axes.y(y):.1f}")
        is_pen_down = is_drawable
    return f'<path d="{"".join(pieces)}" fill="none" stroke="{one.colour}" stroke-width="1.4"/>'


def _dots(one: Series, axes: _Axes) -> str:
    dots = [
        f'<circle cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="{one.dot_px:g}"/>'
        for x, y in one.points
        if math.isfinite(x) and math.isfinite(y) and axes.contains(x, y)
    ]
    return f'<g fill="{one.colour}" fill-opacity="0.6">{"".join(dots)}</g>'


def _legend(series: Sequence[Series]) -> list[str]:
    labels = [one for one in series if one.label]
    if len(labels) < 2:
        return []
    return [
        f'<text x="{_LEFT + 8:g}" y="{_TOP + 16 + 15 * row:g}" fill="{one.colour}">{escape(one.label)}</text>'
        for row, one in enumerate(labels)
    ]


def _padded(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = (high - low) * 0.05 or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    """At most about six round values within the range."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough)
    first = math.ceil(low / step)
    return [round(index * step, 12) for index in range(first, math.floor(high / step) + 1)]
