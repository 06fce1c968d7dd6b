# SPDX-License-Identifier: GPL-3.0-or-later
"""The products of a pass or a recording as files. See :class:`PassWriter` for what is in each."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._core import apply_randomizer
from .errors import OutputError
from .frame_lines import frame_lines
from .framing import FrameBatch, FrameProcessor
from .mission import Mission
from .output_files import AppendFile, append_together, replace_file
from .packets import IDLE_APID, PacketBatch, PacketExtractor
from .pass_summary import PassSummary


class PassWriter:
    """Writes the frames of one pass into a directory.

    ===================== ==========================================================================================
    ``frames.bin``        transfer frames without marker and check symbols, derandomised, in order of reception
    ``frames.jsonl``      line n describes frame n
    ``frames_bad.bin``    frames beyond repair, as received; ``frames_bad.jsonl`` describes them
    ``cadus.bin``         on request: frame n of frames.bin as it was sent, marker and randomised code block
    ``packets/APID.bin``  whole space packets by APID, idle ones left out
    ``summary.json``      the account of it all; written last, so a directory without it is of an interrupted run
    ===================== ==========================================================================================

    All but the summary only grow, by whole frames; a disk that fills up ends the run with an OutputError and leaves
    files that agree with each other; only a process killed between two writes may leave frames.bin a batch ahead of
    frames.jsonl. An earlier run's products in the directory are replaced.

    Args: processor: makes the batches, and its counters go into the summary; cadus: whether to write cadus.bin.
    Raises: OutputError: the directory cannot be made or written.
    """

    def __init__(self, out_dir: Path | str, processor: FrameProcessor, cadus: bool = False) -> None:
        self._dir = Path(out_dir)
        self._processor = processor
        self._mission = processor.mission
        self._extractor = PacketExtractor()
        self._apids: dict[int, tuple[int, int]] = {}
        self._packet_files: dict[int, AppendFile] = {}
        self.summary = PassSummary(processor.mission)
        self._clear()
        self._frames = AppendFile(self._dir / "frames.bin")
        self._lines = AppendFile(self._dir / "frames.jsonl")
        self._bad_frames = AppendFile(self._dir / "frames_bad.bin")
        self._bad_lines = AppendFile(self._dir / "frames_bad.jsonl")
        self._cadus = AppendFile(self._dir / "cadus.bin") if cadus else None
        self._marker_and_pn = _marker_and_pn(processor.mission)

    def write(self, batch: FrameBatch) -> None:
        """Appends one batch to all files. Raises: OutputError: then none of this batch's frames are in any of them."""
        good, bad = np.flatnonzero(batch.is_trusted), np.flatnonzero(~batch.is_trusted)
        packets, _ = self._extractor.process(batch)
        pieces: list[tuple[AppendFile, bytes | memoryview]] = [
            (self._frames, batch.frames[good].tobytes()),
            (self._lines, frame_lines(batch, good)),
            (self._bad_frames, batch.frames[bad].tobytes()),
            (self._bad_lines, frame_lines(batch, bad)),
        ]
        if self._cadus is not None:
            pieces.append((self._cadus, self._as_transmitted(batch.code_blocks[good])))
        pieces += [(self._packet_file(apid), octets) for apid, octets in self._by_apid(packets).items()]
        append_together((file, octets) for file, octets in pieces if octets)
        self.summary.add(batch)

    def finish(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Writes summary.json, with ``facts`` of the caller in front, and returns it. No write() after this."""
        self._extractor.flush()
        figures = self.summary.as_json(self._processor.statistics, self._extractor.statistics, self._apids)
        content = {**facts, **figures}
        replace_file(self._dir / "summary.json", json.dumps(content, indent=1, allow_nan=False) + "\n")
        return content

    def _clear(self) -> None:
        """Makes the directories and removes what an earlier run left, its summary first."""
        try:
            (self._dir / "packets").mkdir(parents=True, exist_ok=True)
            for name in ("summary.json", "cadus.bin"):
                (self._dir / name).unlink(missing_ok=True)
            for file in (self._dir / "packets").glob("*.bin"):
                if file.stem.isdecimal():
                    file.unlink()
        except OSError as error:
            raise OutputError(error.filename or self._dir, error.strerror or str(error)) from error

    def _by_apid(self, packets: list[PacketBatch]) -> dict[int, bytes]:
        """Octets to append per APID; counts them."""
        pieces: dict[int, list[bytes]] = defaultdict(list)
        for group in packets:
            for apid, octets in zip(group.apid.tolist(), group, strict=True):
                if apid != IDLE_APID:
                    pieces[apid].append(octets)
        joined = {apid: b"".join(parts) for apid, parts in pieces.items()}
        for apid, octets in joined.items():
            count, total = self._apids.get(apid, (0, 0))
            self._apids[apid] = (count + len(pieces[apid]), total + len(octets))
        return joined

    def _packet_file(self, apid: int) -> AppendFile:
        if apid not in self._packet_files:
            self._packet_files[apid] = AppendFile(self._dir / "packets" / f"{apid}.bin")
        return self._packet_files[apid]

    def _as_transmitted(self, code_blocks: npt.NDArray[np.uint8]) -> bytes:
        """Sync marker and code block, randomised again if the mission is."""
        cadus = np.zeros((len(code_blocks), self._mission.cadu_len_bytes), np.uint8)
        cadus[:, 4:] = code_blocks
        return (cadus ^ self._marker_and_pn).tobytes()


def _marker_and_pn(mission: Mission) -> npt.NDArray[np.uint8]:
    """What turns four zero octets and a plain code block into a CADU."""
    sequence = np.zeros(mission.code_block_len_bytes, np.uint8)
    if mission.coding.randomizer == "ccsds":
        sequence = apply_randomizer(sequence)
    marker = np.frombuffer(mission.coding.sync_marker.to_bytes(4, "big"), np.uint8)
    return np.concatenate([marker, sequence])
