# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband bench``: the figures of the docs, measured here and now."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from xband_core import _core
from xband_station.tables import format_table

if TYPE_CHECKING:
    from xband_station.bench.sensitivity import Point
    from xband_station.cli import Subparsers

DESCRIPTION = """\
Measures this build on this machine. `speed`: our parts beside GNU Radio's blocks, in CPU time, as ratios of one run.
`sensitivity`: frames that come out over Eb/N0 beside a receiver with perfect synchronisation."""

EPILOG = """\
examples:
  xband bench speed
  xband bench sensitivity --eb-n0-db 1.4 1.6 1.8 2.0 --frames 2000 --plot sensitivity.png
  xband bench sensitivity --mission noaa-21 --eb-n0-db 2 3 --frames 500 --json
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "bench",
        help="measure speed and sensitivity, beside peers",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["speed", "sensitivity"], help="what to measure")
    parser.add_argument(
        "--mission", default="suomi-npp", metavar="NAME|FILE", help="for sensitivity (default %(default)s)"
    )
    parser.add_argument(
        "--eb-n0-db", type=float, nargs="+", default=[1.4, 1.5, 1.6, 1.7, 1.8, 2.0, 2.5], metavar="DB", help="points"
    )
    parser.add_argument("--frames", type=int, default=1000, help="per point (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of data and noise (default %(default)s)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the curves as a picture")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")


def run(args: argparse.Namespace) -> int:
    return _speed(args) if args.what == "speed" else _sensitivity(args)


def _speed(args: argparse.Namespace) -> int:
    from xband_station.bench import speed

    results = speed.run()
    if args.json:
        print(json.dumps({"simd_target": _core.active_simd_target(), "rows": [r.as_dict() for r in results]}, indent=1))
        return 0
    rows = [
        (
            r.what,
            f"{r.ours:.1f} {r.unit}",
            f"{r.peer:.1f}" if r.peer is not None else "-",
            f"{r.ratio:.1f}" if r.ratio is not None else "-",
            r.peer_name,
            r.conditions,
        )
        for r in results
    ]
    print(format_table(("per CPU-second of one core", "ours", "peer", "ratio", "which peer", "conditions"), rows))
    print(f"SIMD target: {_core.active_simd_target()}")
    return 0


def _sensitivity(args: argparse.Namespace) -> int:
    from xband_core.mission import load_mission
    from xband_station.bench import sensitivity

    mission = load_mission(args.mission)
    points = []
    for eb_n0_db in sorted(args.eb_n0_db):
        points.append(sensitivity.measure(mission, eb_n0_db, args.frames, args.seed))
        if not args.json:
            p = points[-1]
            print(
                f"{p.eb_n0_db:5.2f} dB: ours {100 * p.ours:6.2f} %, genie {100 * p.genie:6.2f} % of {p.frames} frames",
                flush=True,
            )
    ours, genie = (sensitivity.threshold_db(points, curve) for curve in ("ours", "genie"))
    if args.plot:
        _plot(args.plot, mission.title, points)
    if args.json:
        rows = [p.as_dict() for p in points]
        print(json.dumps({"mission": mission.name, "points": rows, "ours_99_db": ours, "genie_99_db": genie}, indent=1))
    elif ours is not None and genie is not None:
        print(f"99 % of frames: ours {ours:.2f} dB, genie {genie:.2f} dB, loss {ours - genie:.2f} dB")
    return 0


def _plot(path: Path, title: str, points: list[Point]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), constrained_layout=True)
    for curve, label, style in (("genie", "perfect synchronisation", "o--"), ("ours", "gr-xband", "s-")):
        losses = [max(1 - getattr(p, curve), 0.3 / p.frames) for p in points]
        axes.semilogy([p.eb_n0_db for p in points], losses, style, label=label)
    axes.axhline(0.01, color="grey", linewidth=0.8)
    axes.set_xlabel("Eb/N0 (dB)")
    axes.set_ylabel("share of frames lost")
    axes.set_title(title)
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
