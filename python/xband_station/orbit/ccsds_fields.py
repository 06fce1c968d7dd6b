# SPDX-License-Identifier: GPL-3.0-or-later
"""Keywords of CCSDS messages, with the place each came from."""

from __future__ import annotations

import re

from xband_station.orbit.errors import OrbitError

# KEYWORD = value [unit]
KVN_LINE = re.compile(r"([A-Z0-9_]+)\s*=\s*(.*?)\s*(?:\[[^\]]*\])?")


class MessageFields:
    """Keywords of one message with the place each came from."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._values: dict[str, tuple[str, str]] = {}

    def add(self, key: str, value: str, where: str) -> None:
        if key in self._values:
            raise OrbitError(where, key, "stands twice in this message")
        self._values[key] = (value, where)

    def text(self, key: str, default: str | None = None) -> str:
        if key in self._values:
            return self._values[key][0]
        if default is None:
            raise OrbitError(self.where, key, "is missing")
        return default

    def place(self, key: str) -> str:
        return self._values[key][1] if key in self._values else self.where

    def number(self, key: str, default: str | None = None) -> float:
        raw = self.text(key, default)
        try:
            return float(raw)
        except ValueError:
            raise OrbitError(self.place(key), key, f"{raw!r} is not a number") from None
