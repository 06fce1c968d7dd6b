# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors a user can cause and mend. Each carries its facts as fields; ``str(error)`` is the sentence to show.

Programs catch :class:`XbandError` once, print it and exit 2; anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class XbandError(Exception):
    """Root of the errors that come from input, configuration or the disk, not from a bug."""


class MissionError(XbandError):
    """A mission description is unknown or wrong.

    Args: message: what is wrong; file, line: where (line counts from 1); field: dotted name such as
    ``modulation.rolloff``; value: what stands there; allowed: what may stand there.
    """

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        field: str | None = None,
        value: str | None = None,
        allowed: str | None = None,
    ) -> None:
        self.message = message
        self.file = None if file is None else str(file)
        self.line = line
        self.field = field
        self.value = value
        self.allowed = allowed
        place = "" if file is None else f"{file}:{line}: " if line is not None else f"{file}: "
        what = message if field is None else f"{field}: {message}"
        shown = "" if value is None else f", found {value}"
        limits = "" if allowed is None else f"; allowed: {allowed}"
        super().__init__(f"{place}{what}{shown}{limits}")


class RecordingError(XbandError):
    """An IQ recording cannot be read as what it is said to be."""

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class WireError(XbandError):
    """A ZeroMQ message is not one of ours (docs/wire-format.md)."""


class OutputError(XbandError):
    """Results cannot be written: no such directory, no permission, disk full."""

    def __init__(self, path: Path | str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"cannot write {path}: {reason}")
