# SPDX-License-Identifier: GPL-3.0-or-later
"""``quality.html`` of ``xband decode --plots``: spectrum, constellation, and each frame's figures over time."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from xband_core.output_files import replace_file
from xband_core.spectrum import spectrum_db
from xband_station.signal_plots import constellation_plot, spectrum_plot
from xband_station.svg import Series, plot

_COLOUR = "#c2410c"
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1180px; margin: 1.5em auto; padding: 0 1em; }
.plots { display: flex; flex-wrap: wrap; gap: 12px 20px; } figure { margin: 0; } figcaption { color: #555; }
svg { font: 11px system-ui, sans-serif; } svg .grid { stroke: #e5e5e5; } svg .frame { fill: none; stroke: #888; }
"""
_MAX_POINTS = 2000
_FIGURES = (
    ("es_n0_db", "Es/N0 in dB", 1.0),
    ("evm_percent", "EVM in %", 1.0),
    ("rs_margin", "Reed-Solomon margin", 1.0),
    ("carrier_offset_hz", "carrier offset in kHz", 1e-3),
)


@dataclass(frozen=True)
class SignalLook:
    """The signal at one moment. samples: as they came in, complex; symbols: after synchronisation, unit amplitude."""

    samples: Sequence[complex]
    symbols: Sequence[complex]
    spectrum_width_hz: float


def write_quality_page(out_dir: Path, title: str, signal: SignalLook | None) -> Path:
    """Reads frames.jsonl in ``out_dir`` and writes quality.html beside it. Raises OutputError.

    Of a long recording every n-th frame is drawn. signal: None if there was none.
    """
    with (out_dir / "frames.jsonl").open(encoding="utf-8") as lines:
        n_frames = sum(1 for _ in lines)
        lines.seek(0)
        step = math.ceil(n_frames / _MAX_POINTS) or 1
        rows = [json.loads(line) for index, line in enumerate(lines) if index % step == 0]
    courses = [_course(rows, key, label, scale) for key, label, scale in _FIGURES]
    pictures = [*_looks(signal), *courses, _bit_errors(rows)]
    figures = "".join(f"<figure>{picture}</figure>" for picture in pictures)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    page = out_dir / "quality.html"
    body = f'<h1>{escape(title)}</h1><div class="plots">{figures}</div>'
    replace_file(page, f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n')
    return page


def _looks(signal: SignalLook | None) -> list[str]:
    if signal is None:
        return []
    points = [(symbol.real, symbol.imag) for symbol in signal.symbols]
    spectrum = spectrum_plot(spectrum_db(np.asarray(signal.samples)).tolist(), signal.spectrum_width_hz)
    return [spectrum, constellation_plot(points)]


def _course(rows: Sequence[dict[str, Any]], key: str, label: str, scale: float) -> str:
    points = [(_number(row["elapsed_s"]), scale * _number(row[key])) for row in rows]
    return plot([Series("", points, _COLOUR, is_line=False)], "seconds", label)


def _bit_errors(rows: Sequence[dict[str, Any]]) -> str:
    shown = [row for row in rows if row["channel_bit_errors"] and row["channel_bits"]]
    points = [(_number(row["elapsed_s"]), math.log10(row["channel_bit_errors"] / row["channel_bits"])) for row in shown]
    return plot([Series("", points, _COLOUR, is_line=False)], "seconds", "channel bit error rate, power of 10")


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
