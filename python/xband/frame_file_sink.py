# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames, packets and their descriptions as files: what `xband decode` writes, from a flowgraph."""

from __future__ import annotations

from xband_core.framing import FrameBatch
from xband_core.writers import PassWriter

from .frame_sink import FrameSink


class frame_file_sink(FrameSink):
    """Writes frames.bin, frames.jsonl, frames_bad.*, packets/APID.bin and summary.json (xband_core.writers).

    A full disk ends the flowgraph's process; the files then agree with each other up to the last batch.
    Args: out_dir: directory, made if missing; an earlier run's products in it are replaced; cadus: write cadus.bin too;
    others: see FrameSink.
    Raises: OutputError: out_dir cannot be written. MissionError: wrong mission.
    """

    def __init__(
        self,
        mission: str,
        out_dir: str,
        sample_rate_hz: float,
        start_time_ns: int = -1,
        clock_quality: str = "unknown",
        pass_id: str = "",
        cadus: bool = False,
    ) -> None:
        FrameSink.__init__(self, "frame_file_sink", mission, sample_rate_hz, start_time_ns, clock_quality, pass_id)
        self._writer = PassWriter(out_dir, self.processor, cadus)
        self._pass_id = pass_id

    def take(self, batch: FrameBatch) -> None:
        """Appends a batch to the files."""
        self._writer.write(batch)

    def stop(self) -> bool:
        """Called by the scheduler after the last batch: writes the summary."""
        self._writer.finish({"pass_id": self._pass_id})
        return True
