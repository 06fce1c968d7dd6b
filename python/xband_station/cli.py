# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``xband`` command: finds the sub-commands, maps errors to messages and exit codes."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from xband_core.errors import XbandError
from xband_station import __version__, commands

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 128 + signal.SIGINT

# An installation without the venv may lack them; see packages.txt and requirements.txt.
SET_UP_PACKAGES = {"matplotlib", "numpy", "scipy", "sgp4", "skyfield", "yaml", "zmq"}

DESCRIPTION = """\
X-band satellite ground station: predicts passes, receives them with GNU Radio, publishes the frames over ZeroMQ."""

EPILOG = """\
start here:
  xband demo                      one whole pass, no radio and no network needed
  xband passes --hours 24         when do satellites rise over the station
  xband decode REC.sigmf-meta --mission suomi-npp --out DIR
                                  frames and packets from a recording
  xband COMMAND --help            every command explains itself

exit codes: 0 done, 2 wrong use or input (the message says what and where), 3 no signal found,
1 anything else that failed, 130 interrupted.
"""


def load_commands() -> dict[str, ModuleType]:
    """The modules of ``xband_station.commands`` by name, in alphabetical order."""
    names = sorted(info.name for info in pkgutil.iter_modules(commands.__path__))
    return {name: importlib.import_module(f"{commands.__name__}.{name}") for name in names}


def build_parser() -> argparse.ArgumentParser:
    """The parser with every sub-command; ``args.run`` is the chosen command's function."""
    parser = argparse.ArgumentParser(
        prog="xband",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"xband {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what happens inside, on stderr")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in load_commands().items():
        module.add_parser(subparsers)
        subparsers.choices[name].set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line; the only place where errors become messages and exit codes."""
    args = build_parser().parse_args(argv)
    logging.basicConfig(
        level=logging.INFO if args.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s" if args.verbose else "xband: %(message)s",
    )
    try:
        return int(args.run(args))
    except XbandError as error:
        print(f"xband: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except ModuleNotFoundError as error:
        # Only packages that set-up brings; a module of ours that is missing is a bug.
        if error.name is None or error.name.split(".")[0] not in SET_UP_PACKAGES:
            raise
        print(f"xband: the Python package {error.name} is missing; `xband doctor` says how to mend it", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("xband: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our stdout has gone (``xband passes | head``); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
