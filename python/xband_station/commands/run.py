# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband run``: the station at work."""

from __future__ import annotations

import argparse
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xband_station.cli import Subparsers

DESCRIPTION = """\
Takes one pass after the other: predicts it, starts the receiver before it begins, watches the receiver and replaces it
when it breaks, publishes the frames, and writes a report. Ends with Ctrl-C; a pass that is going on then gets its
report too."""

EPILOG = """\
examples:
  xband run --station my-station.yml
  xband run --station my-station.yml --once     one pass, then exit

The station file is explained in the shipped example (xband run --print-example > my-station.yml).
Each pass gets a folder in output_dir: plan.json (what the receiver was told), frames.bin and frames.meta,
worker-N.log (what receiver N said), report.json and report.html.
exit codes: 0 stopped or pass complete, 1 the one pass failed, 2 a mistake in the station file.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "run",
        help="receive pass after pass",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--station", type=Path, metavar="FILE", help="the station file (YAML)")
    what.add_argument("--print-example", action="store_true", help="print a commented station file and exit")
    parser.add_argument("--once", action="store_true", help="end after one pass")


def run(args: argparse.Namespace) -> int:
    from xband_station.clock import SystemClock
    from xband_station.station_config import DEFAULT_STATION_FILE, load_station
    from xband_station.supervisor import Supervisor

    if args.print_example:
        print(DEFAULT_STATION_FILE.read_text(encoding="utf-8"), end="")
        return 0
    logging.getLogger("xband_station").setLevel(logging.INFO)
    station = load_station(args.station)
    with Supervisor(station, SystemClock()) as supervisor:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: supervisor.stop())
        print(f"{station.name}: publishing at {supervisor.publisher.endpoint}", flush=True)
        record = supervisor.run(once=args.once)
    return 1 if args.once and record is not None and record.outcome == "failed" else 0
