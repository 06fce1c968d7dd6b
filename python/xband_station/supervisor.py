# SPDX-License-Identifier: GPL-3.0-or-later
"""The station's main loop: plans, waits, receives, reports, and goes on whatever happens to one pass."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import tempfile
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from xband_core.errors import OutputError, XbandError
from xband_core.plan import PassPlan, PlanSource
from xband_core.wire_types import Alarm, PassEnd, PassStart
from xband_station.antenna.follower import AntennaFollower
from xband_station.archive import FrameArchive
from xband_station.clock import Clock
from xband_station.flowgraph import find_flowgraph
from xband_station.orbit.age import assess
from xband_station.orbit.catalogue import UnknownSatelliteError
from xband_station.orbit.doppler import doppler_plan
from xband_station.orbit.geometry import Tracker, Trajectory
from xband_station.orbit.identifiers import catalogue_number
from xband_station.orbit.service import OrbitService
from xband_station.pass_antenna import start_follower, start_lead_s
from xband_station.pass_record import PassRecord, PassState
from xband_station.pass_runner import PassRunner
from xband_station.planning.admission import check_pass, format_findings
from xband_station.planning.planned_pass import PlannedPass
from xband_station.planning.schedule import make_schedule_anyway
from xband_station.publisher import Publisher
from xband_station.report import write_report
from xband_station.station_config import StationConfig
from xband_station.times import format_time, to_ns
from xband_station.worker_process import WORKER_COMMAND

logger = logging.getLogger(__name__)

# The next pass is looked for this far ahead; a polar orbit passes several times a day.
_HORIZON_HOURS = 24.0
# Time enough to free a disk or to start another computer.
_CHECK_AHEAD = timedelta(minutes=10)
# A failing disk or network must not make the station spin.
_ERROR_PAUSE_S = 10.0
_MAX_FOLDER_TRIES = 100


@dataclasses.dataclass(frozen=True)
class SignalBounds:
    """A source with a beginning and an end: a recording or the simulator. stop_sample: its length in samples."""

    first_sample_time: datetime
    stop_sample: int


class Supervisor:
    """One station at work. Use as a context manager: it holds the publisher.

    command: starts a receiver when the plan's path is appended (tests give their own).
    Raises XbandError: orbit files, output folder or publishing endpoint cannot be used.
    """

    def __init__(self, station: StationConfig, clock: Clock, command: Sequence[str] = WORKER_COMMAND) -> None:
        self._station = station
        self._clock = clock
        self._command = command
        self._stop = threading.Event()
        self._follower: AntennaFollower | None = None
        self._orbits = OrbitService(station.orbit_feeds, station.orbit_cache)
        try:
            station.output_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(station.output_dir, error.strerror or str(error)) from error
        # Paths of ipc sockets are limited to some 100 characters, so they cannot live in the output folder.
        self._socket_dir = Path(tempfile.mkdtemp(prefix="xband-"))
        try:
            self.publisher = Publisher(station.name, station.publish, self._frames_endpoint)
        except XbandError:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            raise

    def __enter__(self) -> Supervisor:
        self._orbits.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop_antenna()
        self._orbits.__exit__(*exception)
        self.publisher.close()
        shutil.rmtree(self._socket_dir, ignore_errors=True)

    @property
    def _frames_endpoint(self) -> str:
        return f"ipc://{self._socket_dir}/frames"

    def stop(self) -> None:
        """Ends the current pass and the main loop, from any thread or a signal handler."""
        self._stop.set()

    def next_pass(self) -> PlannedPass | None:
        """The next pass to take that has not ended; None if there is none within a day. Raises XbandError."""
        now = self._clock.now()
        schedule = make_schedule_anyway(self._station, self._orbits.catalogue, now, _HORIZON_HOURS)
        for rejected in schedule.plan.rejected:
            logger.info("not taken: %s (%s)", rejected.opportunity.pass_id, rejected.reason)
        own = self._station.main_antenna.name
        return next((one for one in schedule.accepted if one.antenna == own and one.los > now), None)

    def check(self, planned: PlannedPass) -> None:
        """Tells the operator what a pass will lack, while there is time to mend it."""
        try:
            findings = check_pass(self._station, planned)
        except (XbandError, OSError, ArithmeticError, ValueError) as error:
            logger.warning("%s: could not be checked: %s", planned.pass_id, error)
            return
        level = logging.WARNING if findings else logging.INFO
        logger.log(level, "%s", format_findings(planned.pass_id, findings, self._clock.now()))

    def _next_pass_when_known(self, once: bool) -> PlannedPass | None:
        """The same; where feeds may still bring the missing orbit data, None instead of UnknownSatelliteError."""
        try:
            return self.next_pass()
        except UnknownSatelliteError as error:
            if once or not self._orbits.has_feeds:
                raise
            logger.error("%s", error)
            return None

    def run(self, once: bool = False) -> PassRecord | None:
        """Takes pass after pass until stopped, or one. Returns the last one's record.

        An error in one pass is logged and reported; the loop goes on with the next.
        """
        record: PassRecord | None = None
        while not self._stop.is_set():
            planned = self._next_pass_when_known(once)
            if planned is None:
                logger.warning("no pass within %g hours", _HORIZON_HOURS)
                if once or not self._clock.sleep_until(self._clock.now() + timedelta(hours=1), self._stop):
                    break
                continue
            logger.info("next pass: %s, AOS %s", planned.pass_id, format_time(planned.aos))
            if not self._clock.sleep_until(planned.aos - _CHECK_AHEAD, self._stop):
                break
            self.check(planned)
            lead_s = max(self._station.lead_time_s, start_lead_s(self._station.main_antenna))
            if not self._clock.sleep_until(planned.aos - timedelta(seconds=lead_s), self._stop):
                break
            try:
                record = self.receive(planned)
            except Exception:
                # The station outlives whatever one pass brings; the traceback goes to the log in full.
                logger.exception("%s: the station itself failed", planned.pass_id)
                self._stop.wait(_ERROR_PAUSE_S)
            if once or not self._clock.sleep_until(planned.los, self._stop):
                break
        return record

    def receive(self, planned: PlannedPass, bounds: SignalBounds | None = None) -> PassRecord:
        """Runs one pass from preparation to report; call it a lead time before AOS.

        Raises XbandError or OSError only if not even the folder can be made or the publisher has ended.
        """
        record = PassRecord(
            planned=planned,
            station=self._station.name,
            folder=str(self._make_folder(planned.pass_id)),
            clock_quality=self._station.receiver.clock_quality,
            sample_rate_hz=self._station.receiver.sample_rate_hz,
        )
        record.enter(PassState.PLANNED, self._clock.now())
        self._tell_age(planned)
        tracker = Tracker(self._with_range(planned), self._station.site, self._station.atmosphere)
        record.enter(PassState.PREPARING, self._clock.now())
        self.publisher.begin_pass(self._start_event(planned), self._open_archive(record))
        self._start_antenna(planned, tracker, record)
        try:
            plan = self._make_plan(planned, tracker, bounds)
            record.enter(PassState.RUNNING, self._clock.now())
            watch = self._station.watch
            PassRunner(plan, record, self._clock, self.publisher, watch, self._command, self._stop).run()
        except (XbandError, OSError) as error:
            logger.exception("%s: receiving failed", planned.pass_id)
            record.problems.append(f"the station could not receive: {error}")
            record.has_given_up = True
        record.enter(PassState.ENDING, self._clock.now())
        if self._follower:
            record.antenna = self._follower.finish()
            record.problems += record.antenna.problems
        record.totals = self.publisher.drain()
        self.publisher.end_pass(self._end_event(record))
        record.enter(PassState.REPORTED, self._clock.now())
        page = write_report(record, tracker, self._station.main_antenna.link)
        logger.info("%s: %s, report %s", planned.pass_id, record.outcome, page)
        return record

    def _start_antenna(self, planned: PlannedPass, tracker: Tracker, record: PassRecord) -> None:
        """Starts to follow the satellite, and waits until the receiver's own lead time."""

        def alarm(reason: str) -> None:
            now_ns, mission = to_ns(self._clock.now()), planned.choice.mission.name
            self.publisher.alarm(Alarm(self._station.name, now_ns, mission, planned.pass_id, "antenna", reason))

        self._stop_antenna()
        self._follower = start_follower(self._station, planned, tracker, record, self._clock, alarm)
        if self._follower:
            self._clock.sleep_until(planned.aos - timedelta(seconds=self._station.lead_time_s), self._stop)

    def _stop_antenna(self) -> None:
        if self._follower:
            self._follower.close()
        self._follower = None

    def _with_range(self, planned: PlannedPass) -> Trajectory:
        """The pass's orbit data, or where these are angles alone, the next best that tell Doppler and range too."""
        if not planned.elements.has_range:
            try:
                identifier, top = planned.elements.norad_cat_id, planned.geometry.tca
                return self._orbits.catalogue.choose(identifier, top, needs_range=True).trajectory
            except UnknownSatelliteError as error:
                logger.error("%s: %s", planned.pass_id, error)
        return planned.elements

    def _tell_age(self, planned: PlannedPass) -> None:
        """States before the pass what old orbit data are expected to cost."""
        antenna = self._station.main_antenna
        beamwidth_deg = antenna.beamwidth_deg(planned.choice.mission.centre_frequency_hz)
        age = assess(planned.elements, planned.geometry.tca, beamwidth_deg)
        if age.is_alarming:
            logger.warning("%s: %s", planned.pass_id, age.text)

    def _make_folder(self, pass_id: str) -> Path:
        """A new folder; a pass that is taken up again after a restart of the station gets a second one."""
        for number in range(1, _MAX_FOLDER_TRIES):
            folder = self._station.output_dir / (pass_id if number == 1 else f"{pass_id}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise OutputError(folder, error.strerror or str(error)) from error
            return folder
        raise OutputError(self._station.output_dir / pass_id, f"{_MAX_FOLDER_TRIES} folders of this pass already exist")

    def _open_archive(self, record: PassRecord) -> FrameArchive | None:
        try:
            return FrameArchive(Path(record.folder))
        except OutputError as error:
            # Publishing is worth it without the archive.
            logger.error("%s: %s", record.planned.pass_id, error)
            record.problems.append(f"no archive: {error}")
            return None

    def _make_plan(self, planned: PlannedPass, tracker: Tracker, bounds: SignalBounds | None) -> PassPlan:
        receiver = self._station.receiver
        mission = planned.choice.mission
        first = bounds.first_sample_time if bounds else planned.aos - timedelta(seconds=self._station.lead_time_s)
        duration_s = (planned.los - first).total_seconds()
        doppler = doppler_plan(tracker, first, duration_s, receiver.sample_rate_hz, mission.centre_frequency_hz)
        return PassPlan(
            pass_id=planned.pass_id,
            station=self._station.name,
            mission=planned.choice.reference,
            satellite=planned.geometry.satellite,
            flowgraph=find_flowgraph(mission),
            parameters={},
            source=PlanSource(receiver.source, receiver.format, receiver.sample_rate_hz),
            start_time_ns=to_ns(first),
            stop_time_ns=to_ns(planned.los),
            stop_sample=bounds.stop_sample if bounds else None,
            first_sample_time_ns=to_ns(first) if bounds else None,
            clock_quality=receiver.clock_quality,
            doppler=doppler,
            frames_endpoint=self._frames_endpoint,
            events_endpoint=f"ipc://{self._socket_dir}/events",
        )

    def _start_event(self, planned: PlannedPass) -> PassStart:
        return PassStart(
            self._station.name,
            to_ns(self._clock.now()),
            mission=planned.choice.mission.name,
            pass_id=planned.pass_id,
            satellite=planned.geometry.satellite,
            norad_cat_id=catalogue_number(planned.geometry.norad_cat_id),
            start_time_ns=to_ns(planned.aos),
            stop_time_ns=to_ns(planned.los),
            max_elevation_deg=round(planned.geometry.max_elevation_deg, 3),
        )

    def _end_event(self, record: PassRecord) -> PassEnd:
        return PassEnd(
            self._station.name,
            to_ns(self._clock.now()),
            mission=record.planned.choice.mission.name,
            pass_id=record.planned.pass_id,
            outcome=record.outcome,
            frames_good=record.decoded("frames_good"),
            frames_corrected=record.decoded("frames_corrected"),
            frames_uncorrectable=record.decoded("frames_uncorrectable"),
            lost_s=round(record.lost_s, 3),
        )
