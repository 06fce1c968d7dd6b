# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of whole records: what cannot be written whole is taken back, so that a full disk leaves no half record."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from .errors import OutputError


class AppendFile:
    """A file that grows by whole pieces. It is open only while it grows, so there may be thousands of them.

    Made anew, an old one of the name is emptied. Raises: OutputError: it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = 0
        try:
            path.write_bytes(b"")
        except OSError as error:
            raise OutputError(path, error.strerror or str(error)) from error

    def append(self, data: bytes | memoryview) -> None:
        """Writes all of it. Raises OSError with part of it written; :func:`append_together` takes that back."""
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
        finally:
            os.close(file)
        self.size_bytes += len(data)

    def roll_back(self, size_bytes: int) -> None:
        """Forgets everything behind ``size_bytes``; needs no space. Raises: OutputError: the disk itself fails."""
        try:
            os.truncate(self.path, size_bytes)
        except OSError as error:
            raise OutputError(self.path, f"half a record stays in it: {error.strerror}") from error
        self.size_bytes = size_bytes


def append_together(pieces: Iterable[tuple[AppendFile, bytes | memoryview]]) -> None:
    """Appends to several files, to all or to none: line n of one stays record n of the other.

    Raises: OutputError: disk full, quota, input-output error. The files are then as they were before.
    """
    before: list[tuple[AppendFile, int]] = []
    for file, data in pieces:
        before.append((file, file.size_bytes))
        try:
            file.append(data)
        except OSError as error:
            for touched, size_bytes in reversed(before):
                touched.roll_back(size_bytes)
            raise OutputError(file.path, error.strerror or str(error)) from error


def replace_file(path: Path, content: str) -> None:
    """Writes a text file so that a reader sees the old one, or all of the new one. Raises OutputError."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(path, error.strerror or str(error)) from error
