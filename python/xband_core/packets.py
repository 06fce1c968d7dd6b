# SPDX-License-Identifier: GPL-3.0-or-later
"""Space packets out of transfer frames, per virtual channel, and an account of every octet that was no whole packet.

M_PDU: CCSDS 732.0-B-4, 4.1.4.2. Packets in TM frames: 132.0-B-3, 4.1.4. Space packets: 133.0-B-2, 4.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from .frame_headers import POINTER_ABSENT, POINTER_IDLE, POINTER_NO_START
from .framing import FrameBatch, channels_of

PRIMARY_HEADER_LEN_BYTES = 6
IDLE_APID = 0x7FF  # 133.0-B-2, 4.1.3.3.4.4


class CutReason(Enum):
    """Why octets of a packet zone belong to no whole packet."""

    NO_START = "no packet start in the frame after the loss of sync"
    TAIL = "end of a packet whose start was not received"
    GAP = "frame missing: packet cut"
    END = "input ends inside the packet"
    POINTER = "first header pointer disagrees with the packet lengths"
    NOT_A_PACKET = "no space packet: version number is not 0"


@dataclass(frozen=True)
class PacketCut:
    """Octets that are lost. frame: ``sequence`` of the frame where they begin; header: the first octets of the packet,
    empty if its start was not received."""

    reason: CutReason
    scid: int
    vcid: int
    frame: int
    octets: int
    header: bytes


@dataclass(frozen=True)
class PacketBatch:
    """Whole packets of one virtual channel in order, idle packets included.

    data: octets that contain the packets; begin, end: each packet's place in ``data``; first_frame, last_frame:
    ``sequence`` of the frames where it starts and ends.
    """

    scid: int
    vcid: int
    data: bytes
    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    apid: npt.NDArray[np.int64]
    first_frame: npt.NDArray[np.int64]
    last_frame: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.begin)

    def __iter__(self) -> Iterator[bytes]:
        """Every packet's octets, headers included."""
        for begin, end in zip(self.begin.tolist(), self.end.tolist(), strict=True):
            yield self.data[begin:end]


@dataclass
class PacketStatistics:
    """Counts of one virtual channel. packets, octets: whole packets, idle ones included; cuts: see CutReason."""

    packets: int = 0
    octets: int = 0
    idle_packets: int = 0
    cuts: Counter[CutReason] = field(default_factory=Counter)


@dataclass
class _Channel:
    """What a virtual channel keeps between batches.

    pending: the packet in progress from its first octet on; pending_frame: where that began; is_synced: the next packet
    begins where this one ends (if False, only a first header pointer tells).
    """

    scid: int
    vcid: int
    pending: bytes = b""
    pending_frame: int = 0
    is_synced: bool = False
    statistics: PacketStatistics = field(default_factory=PacketStatistics)


class PacketExtractor:
    """Space packets of all virtual channels of a pass. Call :meth:`process` for each batch, :meth:`flush` at the end.

    A packet is whole only if no frame of its channel is missing inside it and every first header pointer agrees.
    """

    def __init__(self) -> None:
        self._channels: dict[tuple[int, int], _Channel] = {}

    @property
    def statistics(self) -> dict[tuple[int, int], PacketStatistics]:
        """Counts by (SCID, VCID) since the start of the pass."""
        return {key: channel.statistics for key, channel in self._channels.items()}

    def process(self, batch: FrameBatch) -> tuple[list[PacketBatch], list[PacketCut]]:
        """Whole packets that end in this batch, and what was cut."""
        packets: list[PacketBatch] = []
        cuts: list[PacketCut] = []
        is_chosen = batch.is_trusted & (batch.headers.first_header_pointer != POINTER_ABSENT)
        for key, rows in channels_of(batch.headers, is_chosen):
            channel = self._channels.setdefault(key, _Channel(*key))
            starts = np.flatnonzero(batch.gap_before[rows] != 0)
            for run in np.split(rows, starts[starts > 0]):
                if batch.gap_before[run[0]] != 0:
                    cuts += _drop_pending(channel, CutReason.GAP)
                walk = _Walk(batch, run, channel)
                walk.run()
                packets.append(walk.packets())
                cuts += walk.cuts
        return [found for found in packets if len(found)], cuts

    def flush(self) -> list[PacketCut]:
        """End of the pass: what is still in progress is cut."""
        return [cut for channel in self._channels.values() for cut in _drop_pending(channel, CutReason.END)]


def _drop_pending(channel: _Channel, reason: CutReason) -> list[PacketCut]:
    held, frame = channel.pending, channel.pending_frame
    channel.pending, channel.is_synced = b"", False
    if not held:
        return []
    channel.statistics.cuts[reason] += 1
    return [PacketCut(reason, channel.scid, channel.vcid, frame, len(held), held[:PRIMARY_HEADER_LEN_BYTES])]


class _Walk:
    """Finds the packets in one run of frames of a channel without a gap.

    ``data`` is the packet in progress followed by the packet zones; zone k is data[zone_begin[k]:zone_end[k]].
    ``position`` is where the next packet, or the one in progress, begins.
    """

    def __init__(self, batch: FrameBatch, rows: npt.NDArray[np.intp], channel: _Channel) -> None:
        headers = batch.headers
        begin, end = headers.zone_begin[rows], headers.zone_end[rows]
        if np.all(begin == begin[0]) and np.all(end == end[0]):
            zones = batch.frames[rows, begin[0] : end[0]].tobytes()
        else:  # TM frames with and without secondary header or OCF
            slices = zip(rows.tolist(), begin.tolist(), end.tolist(), strict=True)
            zones = b"".join(batch.frames[row, first:last].tobytes() for row, first, last in slices)
        self._channel = channel
        self._head = len(channel.pending)
        self._pending_frame = channel.pending_frame
        self._data = channel.pending + zones
        self._zone_end = self._head + np.cumsum(np.maximum(end - begin, 0))
        self._pointers = headers.first_header_pointer[rows].tolist()
        self._frames = batch.records["sequence"][rows].astype(np.int64)
        self._begin: list[int] = []
        self._end: list[int] = []
        self._position = 0
        self.cuts: list[PacketCut] = []

    def run(self) -> None:
        """Walks all zones and leaves the packet in progress in the channel."""
        channel = self._channel
        zone_begin = self._head
        for frame, (zone_end, pointer) in enumerate(zip(self._zone_end.tolist(), self._pointers, strict=True)):
            if channel.is_synced and not self._continues(zone_begin, zone_end, pointer):
                channel.is_synced = False
            if not channel.is_synced:
                self._synchronise(zone_begin, zone_end, pointer, frame)
            if channel.is_synced:
                self._walk_zone(zone_end, frame)
            zone_begin = zone_end
        channel.pending = self._data[self._position :] if channel.is_synced else b""
        if channel.pending:
            channel.pending_frame = int(self._frame_of(np.array([self._position]))[0])

    def packets(self) -> PacketBatch:
        """The whole packets of the run; counts them."""
        octets = np.frombuffer(self._data, np.uint8)
        begin, end = np.array(self._begin, np.int64), np.array(self._end, np.int64)
        apid = (octets[begin].astype(np.int64) & 7) << 8 | octets[begin + 1]
        statistics = self._channel.statistics
        statistics.packets += len(begin)
        statistics.octets += int((end - begin).sum())
        statistics.idle_packets += int(np.count_nonzero(apid == IDLE_APID))
        return PacketBatch(
            scid=self._channel.scid,
            vcid=self._channel.vcid,
            data=self._data,
            begin=begin,
            end=end,
            apid=apid,
            first_frame=self._frame_of(begin),
            last_frame=self._frame_of(end - 1),
        )

    def _continues(self, zone_begin: int, zone_end: int, pointer: int) -> bool:
        """Whether the zone's pointer agrees with the packet lengths so far; cuts the packet in progress if not."""
        start = self._position
        next_start = start
        if start < zone_begin:  # a packet goes on into this zone
            if start + PRIMARY_HEADER_LEN_BYTES > zone_end:
                next_start = zone_end  # even its header is not complete
            else:
                next_start = start + self._length_at(start)
        if pointer == POINTER_IDLE:
            agrees = next_start == zone_begin
            self._position = zone_end if agrees else start
        elif next_start >= zone_end:
            agrees = pointer == POINTER_NO_START
        else:
            agrees = pointer == next_start - zone_begin
        if not agrees and start < zone_begin:
            first = int(self._frame_of(np.array([start]))[0])
            header = self._data[start : min(start + PRIMARY_HEADER_LEN_BYTES, zone_begin)]
            self._cut(CutReason.POINTER, first, zone_begin - start, header)
        return agrees

    def _synchronise(self, zone_begin: int, zone_end: int, pointer: int, frame: int) -> None:
        """Finds the first packet of a zone by its pointer."""
        zone_len = zone_end - zone_begin
        number = int(self._frames[frame])
        if pointer == POINTER_IDLE:
            return
        if pointer == POINTER_NO_START:
            self._cut(CutReason.NO_START, number, zone_len)
        elif pointer >= zone_len:
            self._cut(CutReason.POINTER, number, zone_len)
        else:
            if pointer > 0:
                self._cut(CutReason.TAIL, number, pointer)
            self._position = zone_begin + pointer
            self._channel.is_synced = True

    def _walk_zone(self, zone_end: int, frame: int) -> None:
        """Collects the packets that end in this zone."""
        data, position = self._data, self._position
        while position < zone_end:
            if data[position] & 0xE0:
                self._cut(CutReason.NOT_A_PACKET, int(self._frames[frame]), zone_end - position)
                self._channel.is_synced = False
                break
            if position + PRIMARY_HEADER_LEN_BYTES > zone_end:
                break
            end = position + self._length_at(position)
            if end > zone_end:
                break
            self._begin.append(position)
            self._end.append(end)
            position = end
        self._position = position

    def _length_at(self, position: int) -> int:
        """Length of the packet that begins there (133.0-B-2, 4.1.3.5: the field is one less than the data field)."""
        return (self._data[position + 4] << 8 | self._data[position + 5]) + PRIMARY_HEADER_LEN_BYTES + 1

    def _frame_of(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """``sequence`` of the frame that holds each position."""
        zone = np.searchsorted(self._zone_end, positions, side="right")
        frames = self._frames[np.minimum(zone, len(self._frames) - 1)]
        result: npt.NDArray[np.int64] = np.where(positions < self._head, self._pending_frame, frames)
        return result

    def _cut(self, reason: CutReason, frame: int, octets: int, header: bytes = b"") -> None:
        channel = self._channel
        channel.statistics.cuts[reason] += 1
        self.cuts.append(PacketCut(reason, channel.scid, channel.vcid, frame, octets, header))
