# SPDX-License-Identifier: GPL-3.0-or-later
"""From frame records to frames with all that is known about them: headers, time, counters, gaps. In whole batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .frame_headers import FrameHeaders, read_headers
from .mission import Mission
from .records import Bytes2D, Integrity, frame_record_stride, parse_records

TIME_UNKNOWN_NS = -(1 << 63)
GAP_UNKNOWN = 0xFFFFFFFF  # first frame of its channel: nothing to compare with
GAP_DISCONTINUITY = 0xFFFFFFFE  # the counter repeated or went back: no number of missing frames


@dataclass(frozen=True)
class ChannelGap:
    """Frames of one virtual channel that did not come: those between two counters.

    missing_frames: None when the counter repeated or went back (restart or replay on board, or a looped recording).
    time_ns: of the frame after the gap; TIME_UNKNOWN_NS if unknown.
    """

    scid: int
    vcid: int
    after_vc_count: int
    before_vc_count: int
    missing_frames: int | None
    time_ns: int


@dataclass(frozen=True)
class FrameBatch:
    """n frames in the order of reception, one column per fact.

    records: headers as the decoder wrote them (FRAME_RECORD_HEADER); headers: what the frames say of themselves;
    time_ns: UTC of the first symbol of the sync marker, TIME_UNKNOWN_NS if unknown; gap_before: frames of the same
    virtual channel missing before this one, or GAP_*; is_trusted: not uncorrectable, so its header counts;
    frames: uint8 (n, frame_len_bytes); code_blocks: the same with check symbols.
    """

    mission: Mission
    pass_id: str
    clock_quality: str
    sample_rate_hz: float
    records: npt.NDArray[np.void]
    headers: FrameHeaders
    time_ns: npt.NDArray[np.int64]
    gap_before: npt.NDArray[np.uint32]
    is_trusted: npt.NDArray[np.bool_]
    frames: Bytes2D
    code_blocks: Bytes2D
    gaps: list[ChannelGap]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def integrity(self) -> npt.NDArray[np.uint8]:
        """Integrity of each frame."""
        column: npt.NDArray[np.uint8] = self.records["integrity"]
        return column

    def corrected_symbols(self) -> npt.NDArray[np.int64]:
        """Mended symbols of each frame; codewords beyond repair count nothing."""
        per_codeword = self.records["corrected_symbols"].astype(np.int64)
        total: npt.NDArray[np.int64] = np.where(per_codeword == 255, 0, per_codeword).sum(axis=1)
        return total


@dataclass
class ChannelStatistics:
    """Counts of one virtual channel. discontinuities: times the counter repeated or went back."""

    frames: int = 0
    first_vc_count: int = 0
    last_vc_count: int = 0
    gaps: int = 0
    missing_frames: int = 0
    discontinuities: int = 0


@dataclass
class FrameStatistics:
    """Counts since the start of the pass, by integrity and by (SCID, VCID)."""

    by_integrity: dict[Integrity, int] = field(default_factory=lambda: dict.fromkeys(Integrity, 0))
    corrected_symbols: int = 0
    channels: dict[tuple[int, int], ChannelStatistics] = field(default_factory=dict)


class FrameProcessor:
    """Reads headers, keeps the counters of each virtual channel and dates each frame. State lasts from batch to batch.

    Args: sample_rate_hz: of the stream that ``first_sample`` of the records counts; start_time_ns: UTC of sample 0, or
    None if unknown; clock_quality: see docs/wire-format.md; pass_id: name of the pass.
    """

    def __init__(
        self,
        mission: Mission,
        sample_rate_hz: float,
        start_time_ns: int | None,
        clock_quality: str,
        pass_id: str,
    ) -> None:
        self.mission = mission
        self.stride = frame_record_stride(mission.code_block_len_bytes)
        self.statistics = FrameStatistics()
        self._sample_rate_hz = sample_rate_hz
        self._start_time_ns = start_time_ns
        self._clock_quality = clock_quality
        self._pass_id = pass_id

    def process(self, records: bytes | bytearray | memoryview | npt.NDArray[np.uint8]) -> FrameBatch:
        """A batch of records to a batch of frames.

        Args: records: any number of whole records of ``stride`` octets; the batch refers to them without copying.
        Raises: ValueError: not records, or records of another mission's lengths.
        """
        record_headers, blocks = parse_records(records, self.stride)
        framing = self.mission.framing
        if np.any(record_headers["frame_len_bytes"] != framing.frame_len_bytes):
            found = int(record_headers["frame_len_bytes"][0])
            raise ValueError(f"records of {found}-octet frames, mission has {framing.frame_len_bytes}")
        frames = blocks[:, : framing.frame_len_bytes]
        headers = read_headers(framing, frames)
        time_ns = self._date(record_headers["first_sample"])
        is_trusted = record_headers["integrity"] != Integrity.UNCORRECTABLE
        gap_before, gaps = self._follow_counters(headers, is_trusted, time_ns)
        batch = FrameBatch(
            mission=self.mission,
            pass_id=self._pass_id,
            clock_quality=self._clock_quality,
            sample_rate_hz=self._sample_rate_hz,
            records=record_headers,
            headers=headers,
            time_ns=time_ns,
            gap_before=gap_before,
            is_trusted=is_trusted,
            frames=frames,
            code_blocks=blocks[:, : self.mission.code_block_len_bytes],
            gaps=gaps,
        )
        self._count(batch)
        return batch

    def _date(self, first_sample: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """UTC from the sample count. Double precision holds a pass of 10^12 ns to better than 1 ns."""
        if self._start_time_ns is None:
            return np.full(len(first_sample), TIME_UNKNOWN_NS, np.int64)
        is_known = np.isfinite(first_sample)
        elapsed_ns = np.rint(np.where(is_known, first_sample, 0.0) * (1e9 / self._sample_rate_hz)).astype(np.int64)
        return np.where(is_known, elapsed_ns + self._start_time_ns, TIME_UNKNOWN_NS)

    def _follow_counters(
        self, headers: FrameHeaders, is_trusted: npt.NDArray[np.bool_], time_ns: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.uint32], list[ChannelGap]]:
        gap_before = np.full(len(is_trusted), GAP_UNKNOWN, np.uint32)
        gaps: list[ChannelGap] = []
        if self.mission.framing.kind == "raw":
            return gap_before, gaps
        for (scid, vcid), rows in channels_of(headers, is_trusted):
            count = headers.vc_count[rows].astype(np.int64)
            channel = self.statistics.channels.get((scid, vcid))
            if channel is None:
                channel = ChannelStatistics(first_vc_count=int(count[0]), last_vc_count=int(count[0]))
                self.statistics.channels[scid, vcid] = channel
            previous = np.concatenate(([channel.last_vc_count], count[:-1]))
            gap = missing_between(previous, count, headers.counter_bits[rows])
            if channel.frames == 0:
                gap[0] = GAP_UNKNOWN
            gap_before[rows] = gap
            for index in np.flatnonzero((gap != 0) & (gap != GAP_UNKNOWN)):
                missing = None if gap[index] == GAP_DISCONTINUITY else int(gap[index])
                channel.gaps += missing is not None
                channel.discontinuities += missing is None
                channel.missing_frames += missing or 0
                gaps.append(
                    ChannelGap(scid, vcid, int(previous[index]), int(count[index]), missing, int(time_ns[rows[index]]))
                )
            channel.frames += len(rows)
            channel.last_vc_count = int(count[-1])
        return gap_before, gaps

    def _count(self, batch: FrameBatch) -> None:
        by_integrity = np.bincount(batch.integrity, minlength=len(Integrity))
        for kind in Integrity:
            self.statistics.by_integrity[kind] += int(by_integrity[kind])
        self.statistics.corrected_symbols += int(batch.corrected_symbols().sum())


def missing_between(
    previous: npt.NDArray[np.int64], count: npt.NDArray[np.int64], counter_bits: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int64]:
    """Frames missing between consecutive counters of a virtual channel, or GAP_DISCONTINUITY.

    A step back looks like a step forward of almost the whole range, so with 24 or 28 bits (an hour of frames and more)
    half the range is taken as a step back. The 8 bits of TM leave no room for that: there only a repeat is told.
    """
    span = np.int64(1) << counter_bits.astype(np.int64)
    missing = (count - previous - 1) % span
    limit = np.where(counter_bits > 8, span // 2, span - 1)
    result: npt.NDArray[np.int64] = np.where(missing >= limit, GAP_DISCONTINUITY, missing)
    return result


def channels_of(
    headers: FrameHeaders, is_chosen: npt.NDArray[np.bool_]
) -> Iterator[tuple[tuple[int, int], npt.NDArray[np.intp]]]:
    """(SCID, VCID) and the rows of each channel among the chosen frames, in order of reception."""
    rows = np.flatnonzero(is_chosen)
    key = headers.scid[rows].astype(np.int64) << 6 | headers.vcid[rows]
    for value in np.unique(key):
        yield (int(value) >> 6, int(value) & 0x3F), rows[key == value]
