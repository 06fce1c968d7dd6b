# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband doctor``: what is missing or wrong on this machine, and how to mend it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from xband_station.health_checks import run_checks

if TYPE_CHECKING:
    from xband_station.cli import Subparsers

DESCRIPTION = """\
Looks at the interpreter, GNU Radio, our blocks and kernels, GNU Radio Companion, disk, clock and processor.
Changes nothing. A warning means that it works, with a limit; an error that some commands will not run.

exit codes: 0 no error, 1 at least one error
"""

MARKS = {"ok": "ok", "warning": "WARN", "error": "ERROR"}


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="what is missing on this machine and how to mend it",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object: {ok, checks: [{name, status, found, remedy}]}"
    )


def run(args: argparse.Namespace) -> int:
    checks = run_checks()
    ok = all(check.status != "error" for check in checks)
    if args.json:
        print(json.dumps({"ok": ok, "checks": [check.as_dict() for check in checks]}, indent=2))
        return 0 if ok else 1
    for check in checks:
        print(f"{MARKS[check.status]:6} {check.name:11} {check.found}")
        if check.remedy:
            print(f"{'':18} -> {check.remedy}")
    return 0 if ok else 1
