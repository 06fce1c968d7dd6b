# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband grc``: GNU Radio Companion with our blocks in its list."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from xband_core.errors import XbandError
from xband_station.checkout import checkout_dir

if TYPE_CHECKING:
    from xband_station.cli import Subparsers

DESCRIPTION = """\
Opens GNU Radio Companion with the blocks of gr-xband in its list (category [X-band]) and on its Python path.
The flowgraphs that the station launches are the files in flowgraphs/: open one, change it, save it, and the next
pass runs what you saved.
"""


class CompanionError(XbandError):
    """GNU Radio Companion cannot be started here."""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "grc",
        help="GNU Radio Companion with our blocks",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="flowgraphs (.grc) to open")


def companion_environment() -> dict[str, str]:
    """The environment with our packages and block descriptions first, whatever started us."""
    packages = Path(__file__).parents[
        2
    ]  # not resolved: in a checkout the staged packages, which hold the compiled modules
    top = checkout_dir()
    # An installation: PREFIX/lib/python3.X/dist-packages beside PREFIX/share.
    blocks = top / "grc" if top else packages.parents[2] / "share" / "gnuradio" / "grc" / "blocks"
    environment = dict(os.environ)
    for name, entry in (("PYTHONPATH", packages), ("GRC_BLOCKS_PATH", blocks)):
        others = [path for path in environment.get(name, "").split(os.pathsep) if path and path != str(entry)]
        environment[name] = os.pathsep.join([str(entry), *others])
    return environment


def run(args: argparse.Namespace) -> int:
    program = shutil.which("gnuradio-companion")
    if program is None:
        raise CompanionError("gnuradio-companion is not installed; apt-get install gnuradio gir1.2-gtk-3.0")
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise CompanionError("no display: DISPLAY and WAYLAND_DISPLAY are empty; over ssh use `ssh -X`")
    for file in args.files:
        if not file.is_file():
            raise CompanionError(f"{file}: no such file")
    os.execve(program, [program, *map(str, args.files)], companion_environment())
