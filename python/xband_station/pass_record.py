# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is known of one pass while it runs; the report is made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from xband_station.antenna.follower import FollowSummary
from xband_station.corrections import Corrections, summarise
from xband_station.events import Heartbeat, Snapshot
from xband_station.planning.planned_pass import PlannedPass
from xband_station.publisher import PassTotals

# The plots need no more points than this, however long the pass.
_MAX_MEASUREMENTS = 4000


class PassState(Enum):
    """The states of a pass, in this order; a failed pass goes through ENDING and REPORTED as well."""

    PLANNED = "planned"
    PREPARING = "preparing"
    RUNNING = "running"
    ENDING = "ending"
    REPORTED = "reported"


@dataclass
class Instance:
    """One launch of the receiver. end: how it ended, in words; last: its last heartbeat; bad_events: not understood."""

    number: int
    pid: int
    started: datetime
    log: str
    end: str | None = None
    last: Heartbeat | None = None
    bad_events: int = 0


@dataclass(frozen=True)
class ReceptionGap:
    """Time without a working receiver. basis: "samples" (counted by the source) or "clock"."""

    reason: str
    start: datetime
    stop: datetime
    lost_s: float
    basis: str


@dataclass(frozen=True)
class Measurement:
    """What the receiver measured at one time of the signal. channel_ber: since the measurement before."""

    time: datetime
    is_locked: bool
    es_n0_db: float | None
    carrier_offset_hz: float | None
    evm_percent: float | None = None
    channel_ber: float | None = None
    corrections: Corrections = field(default_factory=Corrections)


@dataclass
class PassRecord:
    """problems: sentences for the operator, in order. totals: None until everything has been published.
    antenna: None where the station does not move it."""

    planned: PlannedPass
    station: str
    folder: str
    clock_quality: str
    sample_rate_hz: float
    states: list[tuple[PassState, datetime]] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    gaps: list[ReceptionGap] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    snapshot: Snapshot | None = None
    totals: PassTotals | None = None
    has_given_up: bool = False
    antenna: FollowSummary | None = None

    def enter(self, state: PassState, time: datetime) -> None:
        self.states.append((state, time))

    def measure(self, measurement: Measurement) -> None:
        """Keeps a measurement; of a very long pass, every second one of the older half."""
        self.measurements.append(measurement)
        if len(self.measurements) > _MAX_MEASUREMENTS:
            self.measurements[: _MAX_MEASUREMENTS // 2 : 2] = []

    @property
    def lost_s(self) -> float:
        """Seconds of the pass without a working receiver."""
        return sum(gap.lost_s for gap in self.gaps)

    @property
    def restarts(self) -> int:
        return max(len(self.instances) - 1, 0)

    @property
    def frames_usable(self) -> int:
        """Frames that the receivers say they have decoded: all but the uncorrectable ones."""
        return sum(self.decoded(f"frames_{kind}") for kind in ("good", "corrected", "not_checked"))

    def decoded(self, field_name: str) -> int:
        """Sum of a counter (``frames_good``, ...) over all instances, from their last heartbeats."""
        return sum(getattr(instance.last, field_name) for instance in self.instances if instance.last)

    def corrections(self) -> dict[str, float | None]:
        """What had to be mended while there was a signal."""
        counts = [(last.corrections.blanked_samples, last.samples) for one in self.instances if (last := one.last)]
        blanked, samples = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
        course = (measurement.corrections for measurement in self.measurements if measurement.is_locked)
        return summarise(course, blanked / samples if samples else 0.0)

    @property
    def outcome(self) -> str:
        """complete, degraded (restarts, losses, archive stopped) or failed (given up, or no good frame at all)."""
        if self.has_given_up or self.totals is None or not self.totals.frames():
            return "failed"
        is_damaged = self.gaps or self.problems or self.totals.archive_error or self.decoded("messages_dropped")
        return "degraded" if is_damaged else "complete"
