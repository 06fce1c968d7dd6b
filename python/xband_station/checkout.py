# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the sources lie, for the commands that work on a checkout."""

from __future__ import annotations

from pathlib import Path

from xband_core.errors import XbandError


class NoCheckoutError(XbandError):
    """A command that needs the sources was called from an installation."""

    def __init__(self, command: str) -> None:
        super().__init__(f"`xband {command}` needs a checkout of gr-xband; this is an installation")


def checkout_dir() -> Path | None:
    """Top of the checkout this package runs from, or None in an installation.

    The build stages the packages as links to the sources, so a file's real path leads to the checkout.
    """
    top = Path(__file__).resolve().parents[2]
    return top if (top / "CMakeLists.txt").is_file() and (top / "apps" / "xband").is_file() else None
