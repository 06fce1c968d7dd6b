# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the published frames of a pass on disk."""

from __future__ import annotations

from pathlib import Path

from xband_core.output_files import AppendFile, append_together
from xband_core.wire_types import FramesMessage


class FrameArchive:
    """Writes ``frames.bin`` (transfer frames as published) and ``frames.meta`` (80 octets for each, the metadata
    rows of docs/wire-format.md); uncorrectable frames go to ``frames_bad.*``. The rows' ``sequence`` gives the order of
    reception, which the virtual channels of one batch share.

    Raises OutputError: the files cannot be made or written (disk full). They then hold whole frames only.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {
            name: (AppendFile(folder / f"{name}.bin"), AppendFile(folder / f"{name}.meta"))
            for name in ("frames", "frames_bad")
        }

    def write(self, message: FramesMessage) -> None:
        """Appends the frames of one message, all or none."""
        frames, metadata = self._files["frames" if message.vcid is not None else "frames_bad"]
        append_together([(frames, message.frames.tobytes()), (metadata, message.metadata.tobytes())])
