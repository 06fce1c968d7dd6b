# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page: everything inside, no script, no other file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from xband_station.corrections import describe
from xband_station.signal_plots import constellation_plot, spectrum_plot
from xband_station.svg import Series, plot

_MEASURED, _PREDICTED = "#c2410c", "#1d4ed8"
_OUTCOME_COLOUR = {"complete": "#15803d", "degraded": "#b45309", "failed": "#b91c1c"}

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1180px; margin: 1.5em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: 0.2em; } h2 { font-size: 1.1em; margin: 1.4em 0 0.4em; }
.outcome { color: #fff; border-radius: 4px; padding: 0.1em 0.6em; font-size: 0.8em; }
.plots { display: flex; flex-wrap: wrap; gap: 12px 20px; } figure { margin: 0; }
figcaption { color: #555; font-size: 0.9em; } table { border-collapse: collapse; }
td, th { padding: 0.15em 0.9em 0.15em 0; text-align: left; vertical-align: top; } th { font-weight: 600; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { font: 11px system-ui, sans-serif; } svg .grid { stroke: #e5e5e5; } svg .frame { fill: none; stroke: #888; }
"""


def render_page(report: Mapping[str, Any]) -> str:
    """The whole page. ``report`` is what report.make_report gives."""
    title = f"{report['satellite']}, {report['aos'][:16].replace('T', ' ')} UTC"
    colour = _OUTCOME_COLOUR[report["outcome"]]
    body = [
        f'<h1>{escape(title)} <span class="outcome" style="background:{colour}">{report["outcome"]}</span></h1>',
        f"<p>{escape(report['station'])}, {escape(report['pass_id'])}, {escape(report['software'])}</p>",
        _problems(report["problems"]),
        f'<div class="plots">{_plots(report)}</div>',
        "<h2>Account</h2>",
        _facts(_account(report)),
        "<h2>Frames by topic</h2>",
        _table(["topic", "frames", "virtual channel"], _topics(report), "no frames"),
        "<h2>Gaps in reception</h2>",
        _table(
            ["from", "to", "lost s", "reason"],
            [[gap["start"], gap["stop"], gap["lost_s"], gap["reason"]] for gap in report["gaps"]],
            "none: the receiver ran for the whole pass",
        ),
        "<h2>Receivers</h2>",
        _table(
            ["instance", "started", "end", "output"],
            [[r["instance"], r["started"], r["end"] or "", r["log"]] for r in report["receivers"]],
            "no receiver was started",
        ),
        "<h2>Course</h2>",
        _facts([(entry["state"], entry["time"]) for entry in report["states"]]),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{"".join(body)}\n</body></html>\n'


def _account(report: Mapping[str, Any]) -> list[tuple[str, object]]:
    decoded, published = report["frames_decoded"], report["frames_published"]
    return [
        ("AOS, TCA, LOS", f"{report['aos']}, {report['tca']}, {report['los']}"),
        ("highest elevation", f"{report['max_elevation_deg']:.1f} degrees"),
        ("age of the elements", f"{report['element_age_days']:.1f} days"),
        ("orbit data", f"{report['orbit_data']['reason']} ({report['orbit_data']['age_level']})"),
        ("frames decoded", f"{decoded['good']} good, {decoded['corrected']} corrected"),
        ("frames beyond repair", decoded["uncorrectable"]),
        ("frames published", published["good_and_corrected"]),
        ("channel bit error rate", _ber_text(report)),
        ("slips", f"{report['phase_slips']} of the carrier phase, {report['bit_slips']} of bits"),
        ("Reed-Solomon margin", _margin_text(report["frames_by_rs_margin"])),
        ("mended in the samples", describe(report["corrections"])),
        ("receiver restarts", report["restarts"]),
        ("time without receiver", f"{report['lost_s']:.1f} s"),
        ("clock of the samples", report["clock_quality"]),
        ("antenna", _antenna_text(report["antenna"])),
        ("archive", report["archive_error"] or "complete"),
    ]


def _antenna_text(antenna: Mapping[str, Any] | None) -> str:
    if antenna is None:
        return "not moved by this station"
    if antenna["max_error_deg"] is None:
        return f"no readings; {antenna['predicted_lost_s']:.1f} s predicted to be lost in the keyhole"
    error = f"error {antenna['mean_error_deg']:.3f} degrees, at most {antenna['max_error_deg']:.3f}"
    lost = f"{antenna['lost_s']:.1f} s lost, {antenna['predicted_lost_s']:.1f} s predicted"
    return f"{error} by the encoders, {lost}, {antenna['faults']} faults"


def _ber_text(report: Mapping[str, Any]) -> str:
    bits, errors = report["channel_bits"], report["channel_bit_errors"]
    return f"{errors / bits:.2g} ({errors} of {bits} bits)" if bits else "unknown"


def _margin_text(frames_by_margin: Mapping[str, int]) -> str:
    """What the worst codeword of a frame could still have mended: median, and the least one of all right frames."""
    right = sorted((int(margin), count) for margin, count in frames_by_margin.items() if int(margin) >= 0)
    total = sum(count for _, count in right)
    seen = 0
    for margin, count in right:
        seen += count
        if 2 * seen >= total:
            return f"median {margin}, worst frame {right[0][0]} symbols"
    return "unknown"


def _plots(report: Mapping[str, Any]) -> str:
    measured, predicted = report["measured"], report["predicted"]
    pictures = [
        ("Spectrum of the received band", spectrum_plot(report["spectrum_db"], report["spectrum_width_hz"] or 0.0)),
        ("Constellation after synchronisation", constellation_plot(report["constellation"])),
        ("Es/N0 over time", _es_n0(measured, predicted, "seconds", "seconds after AOS", (0.0, report["duration_s"]))),
        ("Es/N0 over elevation", _es_n0(measured, predicted, "elevation_deg", "elevation in degrees")),
        ("Error vector magnitude", _curve([m for m in measured if m["locked"]], "evm_percent", "EVM in %", _MEASURED)),
        ("Channel bit errors", _bit_errors(measured)),
        ("Elevation", _curve(predicted, "elevation_deg", "elevation in degrees", _PREDICTED)),
        (
            "Carrier offset",
            _curve([m for m in measured if m["locked"]], "carrier_offset_hz", "offset in kHz", _MEASURED, 1e-3),
        ),
    ]
    return "".join(f"<figure>{svg}<figcaption>{caption}</figcaption></figure>" for caption, svg in pictures)


def _es_n0(
    measured: Sequence[Mapping[str, Any]],
    predicted: Sequence[Mapping[str, Any]],
    x: str,
    label: str,
    x_range: tuple[float, float] | None = None,
) -> str:
    low, high = x_range or (-math.inf, math.inf)
    shown = [row for row in predicted if low <= row[x] <= high]
    series = [
        Series("link budget", _es_n0_points(shown, x), _PREDICTED),
        Series(
            "measured",
            _es_n0_points([row for row in measured if row["locked"]], x),
            _MEASURED,
            is_line=False,
            dot_px=2.4,
        ),
    ]
    return plot(series, label, "Es/N0 in dB", x_range)


def _bit_errors(measured: Sequence[Mapping[str, Any]]) -> str:
    """On a logarithmic scale; no error at all cannot be drawn on it."""
    points = [(row["seconds"], math.log10(row["channel_ber"])) for row in measured if row["channel_ber"]]
    series = [Series("", points, _MEASURED, is_line=False, dot_px=2.4)]
    return plot(series, "seconds after AOS", "bit error rate, power of 10")


def _es_n0_points(rows: Sequence[Mapping[str, Any]], x: str) -> list[tuple[float, float]]:
    return [(_number(row[x]), _number(row["es_n0_db"])) for row in rows]


def _topics(report: Mapping[str, Any]) -> list[list[object]]:
    """Topic, frames and the virtual channel's name, channels in order of their number."""

    def order(topic: str) -> tuple[str, int]:
        head, _, tail = topic.rpartition(".")
        return (head, int(tail)) if tail.isdigit() else (topic, -1)

    counts = report["frames_published"]["by_topic"]
    return [[topic, counts[topic], report["virtual_channels"].get(topic, "")] for topic in sorted(counts, key=order)]


def _curve(rows: Sequence[Mapping[str, Any]], key: str, label: str, colour: str, scale: float = 1.0) -> str:
    points = [(_number(row["seconds"]), _number(row[key]) * scale) for row in rows]
    return plot([Series("", points, colour)], "seconds after AOS", label)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _problems(problems: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in problems) + "</ul>" if problems else ""


def _facts(rows: Sequence[tuple[str, object]]) -> str:
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> str:
    if not rows:
        return f"<p>{escape(empty)}</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    is_number = isinstance(value, (int, float))
    return f"<td{' class=n' if is_number else ''}>{escape(str(value))}</td>"
