# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a whole pass or recording, gathered batch by batch. Memory does not grow with its length."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .frame_headers import AOS_IDLE_VCID
from .framing import TIME_UNKNOWN_NS, ChannelGap, FrameBatch, FrameStatistics
from .mission import Mission, VirtualChannel
from .packets import CutReason, PacketStatistics
from .quality_summary import QualitySummary
from .records import Integrity, Recovery, SyncState
from .utc import format_utc_ns

MAX_LISTED_GAPS = 1000


class PassSummary:
    """Counts and means over frames; those of signal quality are over frames that can be trusted."""

    def __init__(self, mission: Mission) -> None:
        self._mission = mission
        self._by_integrity = dict.fromkeys(Integrity, 0)
        self._by_sync = dict.fromkeys(SyncState, 0)
        self._by_recovery = dict.fromkeys(Recovery, 0)
        self._corrected_symbols = 0
        self._quality = QualitySummary()
        self._first_lock_s: float | None = None
        self._gaps: list[ChannelGap] = []
        self._n_gaps = 0

    @property
    def frames_delivered(self) -> int:
        """Frames that are not known to be broken: those in frames.bin."""
        return sum(count for kind, count in self._by_integrity.items() if kind != Integrity.UNCORRECTABLE)

    def add(self, batch: FrameBatch) -> None:
        """Counts one batch."""
        for kind, count in zip(Integrity, np.bincount(batch.integrity, minlength=len(Integrity)), strict=True):
            self._by_integrity[kind] += int(count)
        for state, count in zip(SyncState, np.bincount(batch.records["sync"], minlength=len(SyncState)), strict=True):
            self._by_sync[state] += int(count)
        ways = np.bincount(batch.records["recovery"][batch.is_trusted], minlength=len(Recovery))
        for way, count in zip(Recovery, ways, strict=True):
            self._by_recovery[way] += int(count)
        self._corrected_symbols += int(batch.corrected_symbols().sum())
        self._quality.add(batch)
        trusted = batch.records[batch.is_trusted]
        if self._first_lock_s is None and len(trusted):
            first_s = float(trusted["first_sample"][0]) / batch.sample_rate_hz
            self._first_lock_s = round(first_s, 6) if math.isfinite(first_s) else None
        self._n_gaps += len(batch.gaps)
        self._gaps += batch.gaps[: MAX_LISTED_GAPS - len(self._gaps)]

    def as_json(
        self,
        frames: FrameStatistics,
        packets: dict[tuple[int, int], PacketStatistics],
        apids: dict[int, tuple[int, int]],
    ) -> dict[str, Any]:
        """The figures as they stand in summary.json. apids: APID -> (packets, octets) as written."""
        return {
            "mission": self._mission.name,
            "frame_len_bytes": self._mission.framing.frame_len_bytes,
            "frames_good": self._by_integrity[Integrity.GOOD],
            "frames_corrected": self._by_integrity[Integrity.CORRECTED],
            "frames_uncorrectable": self._by_integrity[Integrity.UNCORRECTABLE],
            "frames_not_checked": self._by_integrity[Integrity.NOT_CHECKED],
            "frames_flywheel": self._by_sync[SyncState.FLYWHEEL],
            "frames_backfilled": self._by_sync[SyncState.BACKFILLED],
            "frames_rescued": {
                way.name.lower(): self._by_recovery[way] for way in Recovery if way is not Recovery.NONE
            },
            "corrected_symbols": self._corrected_symbols,
            "first_lock_s": self._first_lock_s,
            **self._quality.as_json(),
            "virtual_channels": [
                self._channel_as_json(scid, vcid, frames, packets) for scid, vcid in sorted(frames.channels)
            ],
            "gaps": [_gap_as_json(gap) for gap in self._gaps],
            "gaps_not_listed": self._n_gaps - len(self._gaps),
            "packets": {
                str(apid): {"packets": count, "octets": octets} for apid, (count, octets) in sorted(apids.items())
            },
        }

    def _channel_as_json(
        self, scid: int, vcid: int, frames: FrameStatistics, packets: dict[tuple[int, int], PacketStatistics]
    ) -> dict[str, Any]:
        channel = frames.channels[scid, vcid]
        framing = self._mission.framing
        known = framing.virtual_channels.get(vcid)
        if known is None and framing.kind == "aos" and vcid == AOS_IDLE_VCID:
            known = VirtualChannel("Idle", packets=False)
        result: dict[str, Any] = {
            "scid": scid,
            "vcid": vcid,
            "name": None if known is None else known.name,
            "frames": channel.frames,
            "first_vc_count": channel.first_vc_count,
            "last_vc_count": channel.last_vc_count,
            "gaps": channel.gaps,
            "missing_frames": channel.missing_frames,
            "discontinuities": channel.discontinuities,
        }
        if (scid, vcid) in packets:
            found = packets[scid, vcid]
            result["packets"] = found.packets
            result["packet_octets"] = found.octets
            result["idle_packets"] = found.idle_packets
            result["cuts"] = {reason.name.lower(): found.cuts[reason] for reason in CutReason if found.cuts[reason]}
        return result


def _gap_as_json(gap: ChannelGap) -> dict[str, Any]:
    return {
        "scid": gap.scid,
        "vcid": gap.vcid,
        "after_vc_count": gap.after_vc_count,
        "before_vc_count": gap.before_vc_count,
        "missing_frames": gap.missing_frames,
        "time_utc": None if gap.time_ns == TIME_UNKNOWN_NS else format_utc_ns(gap.time_ns),
    }
