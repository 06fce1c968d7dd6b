# SPDX-License-Identifier: GPL-3.0-or-later
"""One module per sub-command; adding a file here adds the command.

Each module has two functions::

    def add_parser(subparsers: Subparsers) -> None   # one subparsers.add_parser(..., help=..., description=...)
    def run(args: argparse.Namespace) -> int         # the exit code; raise XbandError for a user's mistake

All modules are imported to build ``xband --help``, so imports that take long (skyfield, zmq, numpy) belong
inside ``run``.
"""
