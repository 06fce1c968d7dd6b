# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from xband_core.errors import OutputError


def write_whole(path: Path, text: str) -> None:
    """Writes beside the file and renames; line ends stay as they are. Raises OutputError; an old file then stays."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(path, error.strerror or str(error)) from error
