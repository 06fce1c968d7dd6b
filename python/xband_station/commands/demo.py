# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband demo``: one pass from orbit to consumer, without a radio."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xband_station.cli import Subparsers
    from xband_station.demo import Account, Demo

DESCRIPTION = """\
Shows the whole station at work without radio, antenna or network. The clock is simulated: it jumps to the next pass of
Suomi NPP over Almaty. A simulator plays the satellite's true 15 Msymbol/s waveform with that pass's Doppler shift and
signal strength and one null of the satellite's antenna. The supervisor starts the receiver (GNU Radio, in a process of
its own), the publisher sends the frames out over ZeroMQ, and a separate consumer counts them."""

EPILOG = """\
At the end a table accounts for every frame, and the pass's report is a web page in the output folder.
exit codes: 0 the account adds up, 1 it does not or something did not run.
"""

_REFRESH_S = 0.5
_BAR_WIDTH = 40


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "demo",
        help="one whole pass, no radio and no network needed",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("xband-demo"), metavar="DIR", help="default: xband-demo")
    parser.add_argument("--seconds", type=float, default=12.0, metavar="S", help="signal to play; default: 12")


def run(args: argparse.Namespace) -> int:
    from xband_station.demo import Demo
    from xband_station.times import format_time

    demo = Demo(args.out, args.seconds)
    geometry = demo.planned.geometry
    print(f"next pass of {geometry.satellite} over Almaty: AOS {format_time(demo.planned.aos)}, ", end="")
    print(f"highest {geometry.max_elevation_deg:.0f} degrees; playing its first {args.seconds:g} s", flush=True)
    with _Progress(demo):
        result = demo.run()
    for problem in result.record.problems:
        print(f"problem: {problem}")
    print(_table(result.account))
    print(f"\nreport: {result.report}")
    if result.account.adds_up:
        print("the account adds up: sent = decoded + lost on RF; decoded = published = archived = consumed")
        return 0
    print("THE ACCOUNT DOES NOT ADD UP", file=sys.stderr)
    return 1


def _table(account: Account) -> str:
    from xband_station.tables import format_table

    rows: list[tuple[str, int]] = [
        ("sent by the simulator", account.sent),
        ("decoded by the receiver", account.decoded),
        ("lost on RF (missing counters)", account.lost),
        ("published", account.published),
        ("archived", account.archived),
        ("consumed by the listener", account.consumed),
        ("messages missed by the listener", account.consumer_missed),
    ]
    return format_table(["", "frames"], [[name, str(count)] for name, count in rows])


class _Progress:
    """Draws how much of the signal has been received, on a terminal only."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    def _draw(self) -> None:
        while not self._done.wait(_REFRESH_S):
            share = self._demo.progress()
            bar = "#" * round(_BAR_WIDTH * share)
            sys.stderr.write(f"\rreceiving [{bar:.<{_BAR_WIDTH}}] {share:4.0%}")
            sys.stderr.flush()
        sys.stderr.write("\r\x1b[K")
