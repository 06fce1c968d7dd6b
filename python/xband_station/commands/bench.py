# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband bench``: the figures of the docs, measured here and now."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from xband_core import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from xband_station.bench.speed import Result
    from xband_station.cli import Subparsers

DESCRIPTION = """\
Measures this build on this machine. `speed`: our parts beside GNU Radio, libfec, VOLK and liquid-dsp, in CPU time, as
ratios of one run. `realtime`: the symbol rates of fast links beside what two cores can take, and the memory it needs.
`cycles`: how many of them each stage of the receiver takes.
`sensitivity`: Eb/N0 for 99 % of all frames of each link, beside a receiver with perfect synchronisation.
`acquisition`: short signals out of the blue, drop-outs and phase slips, counted in frames; errors of clock and carrier.
`equaliser`: Eb/N0 for 99 % of frames behind echoes and filters, without equaliser, with it, and the bound.
`robustness`: gain steps, clipping, interference and missing samples, held against a cold start.
`quality`: Es/N0 and error vector magnitude as told, beside what was sent.
`antenna`: what the keyhole costs each mount, predicted and simulated; what a pass corrects; random commands against the
safety envelope.
`orbits`: how far elements of a given age miss their satellite, from catalogues of many days.
`planning`: the optimal plan of real orbits, its time, what simple rules get of it; with --plans random problems too."""

EPILOG = """\
examples:
  xband bench speed
  xband bench realtime --json
  xband bench sensitivity --plot sensitivity.png
  xband bench acquisition --trials 200
  xband bench equaliser --frames 1000
  xband bench robustness --json
  xband bench quality
  xband bench orbits --plot age.png
  xband bench planning --plans 10000
  xband bench antenna --tracks 1000000
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
    parser.add_argument(
        "what",
        choices=[
            "speed",
            "realtime",
            "cycles",
            "sensitivity",
            "acquisition",
            "equaliser",
            "robustness",
            "quality",
            "antenna",
            "orbits",
            "planning",
        ],
        help="what to measure",
    )
    parser.add_argument(
        "--mission", metavar="NAME|FILE", help="sensitivity: links of this mission only (default: the whole table)"
    )
    parser.add_argument(
        "--eb-n0-db",
        type=_eb_n0_db,
        nargs="+",
        metavar="DB",
        help="sensitivity: points (default: around 99 %% of frames)",
    )
    parser.add_argument(
        "--frames", type=_positive, default=2000, metavar="N", help="sensitivity: per point (default %(default)s)"
    )
    parser.add_argument(
        "--trials", type=_positive, default=120, metavar="N", help="acquisition: short signals (default %(default)s)"
    )
    parser.add_argument(
        "--tracks", type=_positive, default=20_000, metavar="N", help="antenna: random tracks (default %(default)s)"
    )
    parser.add_argument("--seed", type=_seed, default=1, metavar="N", help="of data and noise (default %(default)s)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="orbits: catalogues of several days (default: beside the checkout)"
    )
    parser.add_argument(
        "--plans", type=_positive, metavar="N", help="planning: random plans to validate and compare (default: none)"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the curves as a picture")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")


def _eb_n0_db(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not -5.0 <= value <= 30.0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of dB within -5 to 30")
    return value


def _positive(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 0 < value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number within 1 to 1000000")
    return value


def _seed(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value < 1 << 64:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number within 0 to 2^64 - 1")
    return value


def run(args: argparse.Namespace) -> int:
    measure = {
        "speed": _speed,
        "sensitivity": _sensitivity,
        "acquisition": _acquisition,
        "equaliser": _equaliser,
        "robustness": _robustness,
        "quality": _quality,
        "antenna": _antenna,
        "realtime": _realtime,
        "cycles": _cycles,
        "orbits": _orbits,
        "planning": _planning,
    }
    return measure[args.what](args)


def _speed(args: argparse.Namespace) -> int:
    from xband_station.bench import speed

    return _report_speed(args, speed.run)


def _realtime(args: argparse.Namespace) -> int:
    from xband_station.bench import realtime

    return _report_speed(args, realtime.run)


def _cycles(args: argparse.Namespace) -> int:
    from xband_station.bench import cycles

    bars = cycles.run()
    if args.plot:
        cycles.plot(args.plot, bars)
    print(json.dumps([bar.as_dict() for bar in bars], indent=1) if args.json else cycles.table(bars))
    return 0


def _report_speed(args: argparse.Namespace, measure: Callable[[Callable[[str], None]], list[Result]]) -> int:
    from xband_station.bench import speed

    began_s = time.monotonic()
    missing: list[str] = []
    results = measure(missing.append)
    elapsed_s = time.monotonic() - began_s
    if args.json:
        report = {"elapsed_s": round(elapsed_s, 1), "simd_target": _core.active_simd_target(), "missing": missing}
        print(json.dumps(report | {"rows": [result.as_dict() for result in results]}, indent=1))
    else:
        print("\n".join([speed.table(results), *missing, f"{elapsed_s:.0f} s"]))
    return 0


def _sensitivity(args: argparse.Namespace) -> int:
    from xband_station.bench import sensitivity, sensitivity_report

    if args.mission is None:
        links, absent = sensitivity.table_links()
    else:
        links, absent = sensitivity.mission_links(args.mission), []
    began_s = time.monotonic()
    tell = (lambda _: None) if args.json else (lambda curve: print(sensitivity_report.describe(curve), flush=True))
    rows = sensitivity.run(links, args.frames, args.seed, args.eb_n0_db, tell)
    elapsed_s = time.monotonic() - began_s
    if args.plot:
        sensitivity_report.plot(args.plot, rows)
    if args.json:
        conditions = {"frames_per_point": args.frames, "seed": args.seed, **sensitivity.CONDITIONS}
        report = {"conditions": conditions, "elapsed_s": round(elapsed_s, 1), "absent": [link.title for link in absent]}
        print(json.dumps({**report, "rows": [sensitivity_report.as_dict(row) for row in rows]}, indent=1))
        return 0
    print(f"\n{sensitivity_report.table(rows)}\n\n{sensitivity_report.NOTES}")
    for link in absent:
        print(f"left out: {link.title}: this build has no mission {link.mission}")
    print(f"{args.frames} frames a point, {elapsed_s:.0f} s")
    return 0


def _acquisition(args: argparse.Namespace) -> int:
    from xband_station.bench import acquisition

    began_s = time.monotonic()
    report = acquisition.run(args.trials, args.seed)
    elapsed_s = time.monotonic() - began_s
    if args.json:
        print(json.dumps({"elapsed_s": round(elapsed_s, 1), "seed": args.seed, **report.as_dict()}, indent=1))
    else:
        print(f"{acquisition.tables(report)}\n{elapsed_s:.0f} s")
    return 0


def _equaliser(args: argparse.Namespace) -> int:
    from xband_station.bench import equaliser, equaliser_speed

    began_s = time.monotonic()
    rows = equaliser.run(args.mission or "suomi-npp", args.frames, args.seed)
    speeds = equaliser_speed.run(args.seed)
    elapsed_s = time.monotonic() - began_s
    if args.json:
        report = {"elapsed_s": round(elapsed_s, 1), "seed": args.seed, "frames_per_point": args.frames}
        parts = {"rows": [asdict(row) for row in rows], "speed": [row.as_dict() for row in speeds]}
        print(json.dumps(report | parts, indent=1))
    else:
        print(f"{equaliser.table(rows)}\n{equaliser.NOTES}\n{args.frames} frames a point, {elapsed_s:.0f} s")
        print(equaliser_speed.table(speeds))
    return 0


def _robustness(args: argparse.Namespace) -> int:
    from xband_station.bench import robustness

    began_s = time.monotonic()
    cold, rows = robustness.run(args.seed)
    elapsed_s = time.monotonic() - began_s
    if args.json:
        report = {"elapsed_s": round(elapsed_s, 1), "seed": args.seed, "cold_start": [asdict(start) for start in cold]}
        print(json.dumps(report | {"rows": [row.as_dict() for row in rows]}, indent=1))
    else:
        print(f"{robustness.tables(cold, rows)}\n{elapsed_s:.0f} s")
    return 0


def _quality(args: argparse.Namespace) -> int:
    from xband_station.bench import quality

    points = quality.run(args.seed)
    if args.json:
        print(json.dumps({"conditions": quality.CONDITIONS, "rows": [point.as_dict() for point in points]}, indent=1))
    else:
        print(quality.table(points))
    return 0


def _planning(args: argparse.Namespace) -> int:
    from xband_station.bench import planning

    began_s = time.monotonic()
    tell = (lambda _: None) if args.json else (lambda text: print(text, flush=True))
    rows = planning.run((args.data or _orbit_data()) / "xband-2026.tle", args.seed, tell)
    trial = planning.try_random(args.plans, args.seed, tell) if args.plans else None
    elapsed_s = time.monotonic() - began_s
    if args.json:
        report: dict[str, object] = {"elapsed_s": round(elapsed_s, 1), "conditions": planning.CONDITIONS}
        report["rows"] = [row.as_dict() for row in rows]
        if trial:
            report["random"] = asdict(trial)
        print(json.dumps(report, indent=1))
    else:
        print(f"\n{planning.table(rows)}")
        if trial:
            print(planning.describe(trial))
        print(f"{elapsed_s:.0f} s")
    return 1 if trial and trial.faults else 0


def _orbits(args: argparse.Namespace) -> int:
    from xband_station.bench import orbits

    rows = orbits.run(args.data or _orbit_data())
    if args.plot:
        orbits.plot(args.plot, rows)
    print(
        json.dumps([asdict(row) for row in rows], indent=1)
        if args.json
        else f"{orbits.table(rows)}\n\n{orbits.limits_table()}"
    )
    return 0


def _orbit_data() -> Path:
    """Real catalogues, which are no part of the repository. Raises XbandError in an installation."""
    from xband_station.checkout import NoCheckoutError, checkout_dir

    top = checkout_dir()
    if top is None:
        raise NoCheckoutError("bench orbits without --data")
    return top.parent / "shared" / "data" / "orbits"


def _antenna(args: argparse.Namespace) -> int:
    from xband_station.bench import antenna_rows

    keyhole, corrections, envelope, elapsed_s = antenna_rows.run(args.tracks, args.seed)
    if args.json:
        report = {"elapsed_s": round(elapsed_s, 1), "seed": args.seed, "beamwidth_deg": antenna_rows.BEAM_DEG}
        parts = {
            "keyhole": [asdict(row) for row in keyhole],
            "corrections": [asdict(row) for row in corrections],
            "envelope": [asdict(row) for row in envelope],
        }
        print(json.dumps(report | parts, indent=1))
    else:
        print(f"{antenna_rows.tables(keyhole, corrections, envelope)}\n{elapsed_s:.0f} s")
    return 0
