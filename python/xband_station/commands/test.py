# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband test``: everything the continuous integration checks, in one command."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from xband_station.checkout import NoCheckoutError, checkout_dir
from xband_station.test_parts import PARTS

if TYPE_CHECKING:
    from xband_station.cli import Subparsers

NAMES = [part.name for part in PARTS]

DESCRIPTION = """\
Runs every test and check of gr-xband and ends with one line: 'N passed, N failed, N skipped'.
A part that cannot run counts as failed. Parts, in order:

""" + "\n".join(f"  {part.name:8} {part.title}" for part in PARTS)

EPILOG = """\
examples:
  xband test                                everything; what .ci/run calls
  xband test --only lint --only types       two parts
  xband test --skip asan --skip scalar      all but the builds beside build/
  xband test --only python -- tests/arch -k layers    arguments after -- go to pytest

exit codes: 0 nothing failed, 1 something failed, 2 wrong use
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "test",
        help="run every test and check",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", choices=NAMES, metavar="PART", help="run this part; may be repeated")
    parser.add_argument(
        "--skip", action="append", choices=NAMES, metavar="PART", default=[], help="leave this part out"
    )
    parser.add_argument("pytest_arguments", nargs="*", metavar="ARG", help="for pytest, after --")


def run(args: argparse.Namespace) -> int:
    top = checkout_dir()
    if top is None:
        raise NoCheckoutError("test")
    chosen = [part for part in PARTS if part.name in (args.only or NAMES) and part.name not in args.skip]
    rows = []
    outcomes = []
    for part in chosen:
        print(f"\n=== {part.name}: {part.title}", flush=True)
        start_s = time.monotonic()
        outcome = part.run(top, args.pytest_arguments)
        outcomes.append(outcome)
        verdict = "FAILED" if outcome.failed else "ok"
        rows.append(
            f"{part.name:8} {verdict:7} {outcome.passed:5} passed {outcome.failed:4} failed "
            f"{outcome.skipped:4} skipped {time.monotonic() - start_s:7.1f} s"
        )
    print("\n=== summary")
    print("\n".join(rows))
    for outcome in outcomes:
        for failure in outcome.failures:
            print(f"failed: {failure}")
    passed, failed, skipped = (sum(getattr(one, key) for one in outcomes) for key in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    if not chosen:
        print("xband: no part left to run", file=sys.stderr)
        return 2
    return 1 if failed else 0
