# SPDX-License-Identifier: GPL-3.0-or-later
"""The sensitivity rows as a table, as JSON and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xband_core.mission import load_mission
from xband_station.bench import sensitivity, theory
from xband_station.bench.sensitivity import Curve, Row
from xband_station.tables import format_table

FAR_OFF_LINEWIDTH_HZ = 1e4  # costs decibels; would squeeze the other curves of a panel

NOTES = """\
Eb/N0 in dB, of the bits that enter the inner encoder (channel bits where there is none), at which 99 % of all frames
sent come out right, first and last included. Genie: perfect synchronisation, the same decoder. Hard: closed form for
hard decisions and Reed-Solomon. Any code: no code of this length and rate does better (normal approximation of
Polyanskiy, Poor, Verdu 2010). SatDump: quoted from the study that set the goals, not measured here."""


def table(rows: list[Row]) -> str:
    header = ("link", "goal", "ours", "met", "genie", "loss", "hard", "any code", "wrong frames", "SatDump (quoted)")
    return format_table(header, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    ours, genie = row.ours.threshold_db, row.genie.threshold_db
    loss = None if ours is None or genie is None else ours - genie
    met = {None: "-", True: "yes", False: "NO"}[row.meets_goal]
    hard, any_code = theory_thresholds_db(row)
    figures = [_db(value) for value in (genie, loss, hard, any_code)]
    return (row.link.title, _db(row.link.goal_db), _db(ours), met, *figures, str(row.ours.wrong), row.link.peer)


def _db(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def theory_thresholds_db(row: Row) -> tuple[float | None, float | None]:
    """Eb/N0 for 99 % of frames by hard decisions, and by the best code there can be."""
    mission = load_mission(row.link.mission)
    shape = theory.CodeShape.of(mission)
    has_closed_form = theory.hard_decision_loss(mission, 0.0) is not None
    hard = theory.threshold_db(lambda db: theory.hard_decision_loss(mission, db) or 0.0) if has_closed_form else None
    return hard, theory.threshold_db(lambda db: theory.best_code_loss(shape, db))


def as_dict(row: Row) -> dict[str, Any]:
    hard, any_code = theory_thresholds_db(row)
    return {
        "link": row.link.title,
        "mission": row.link.mission,
        "linewidth_hz": row.link.linewidth_hz,
        "goal_db": row.link.goal_db,
        "meets_goal": row.meets_goal,
        "wrong_frames": row.ours.wrong,
        "ours": row.ours.as_dict(),
        "genie": row.genie.as_dict(),
        "hard_decisions_db": hard,
        "any_code_db": any_code,
        "satdump_quoted": row.link.peer,
    }


def describe(curve: Curve) -> str:
    """One line while the measuring goes on."""
    points = "  ".join(f"{p.eb_n0_db:g} dB {100 * p.share:.2f} %" for p in curve.points)
    name = curve.link.mission if curve.receiver == "genie" else curve.link.title
    return f"{curve.receiver:5s}  {name}: {points}"


def plot(path: Path, rows: list[Row]) -> None:
    """Share of frames lost over Eb/N0: a panel for each mission, and one for each carrier that is hard to follow."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    groups: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        is_far_off = row.link.linewidth_hz >= FAR_OFF_LINEWIDTH_HZ
        groups.setdefault((row.link.mission, row.link.linewidth_hz if is_far_off else 0.0), []).append(row)
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    figure, panels = pyplot.subplots(
        lines, columns, figsize=(6.5 * columns, 4.2 * lines), squeeze=False, constrained_layout=True
    )
    for axes, group in zip(panels.flat, groups.values(), strict=False):
        _draw(axes, group)
    for axes in panels.flat[len(groups) :]:
        axes.set_axis_off()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _draw(axes: Any, rows: list[Row]) -> None:
    mission = load_mission(rows[0].link.mission)
    if rows[0].link.linewidth_hz < FAR_OFF_LINEWIDTH_HZ:
        _draw_curve(axes, rows[0].genie, "perfect synchronisation", "o--")
    for row in rows:
        _draw_curve(axes, row.ours, f"gr-xband, {row.link.linewidth_hz:g} Hz linewidth", "s-")
    hard_db, any_code_db = theory_thresholds_db(rows[0])
    if hard_db is not None:
        x_db = np.linspace(axes.get_xlim()[0], axes.get_xlim()[1], 100)
        loss = [theory.hard_decision_loss(mission, float(db)) for db in x_db]
        axes.semilogy(x_db, loss, ":", label="theory: hard decisions and RS")
    axes.axhline(1 - sensitivity.SHARE, color="grey", linewidth=0.8)
    axes.set_ylim(1e-4, 1.2)
    axes.set_xlabel(f"Eb/N0 (dB); 99 % with any code of this length and rate: at least {_db(any_code_db)} dB")
    axes.set_ylabel("share of frames lost")
    axes.set_title(mission.title)
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()


def _draw_curve(axes: Any, curve: Curve, label: str, style: str) -> None:
    losses = [max(1 - p.share, 0.3 / p.frames) for p in curve.points]  # none lost: below the least that could be seen
    axes.semilogy([p.eb_n0_db for p in curve.points], losses, style, label=label, markersize=4)
