# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with orbit data."""

from __future__ import annotations

from xband_core.errors import XbandError


class OrbitError(XbandError):
    """Orbit data that cannot be used: file, line or entry, field, value and limit are in the text."""

    def __init__(self, where: str, field: str, problem: str) -> None:
        super().__init__(f"{where}: {field}: {problem}" if field else f"{where}: {problem}")
        self.where = where
        self.field = field
        self.problem = problem
