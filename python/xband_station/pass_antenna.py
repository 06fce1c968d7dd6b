# SPDX-License-Identifier: GPL-3.0-or-later
"""The antenna of a pass: plans the track, starts the follower beside the reception, and tells its problems."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np

from xband_core.errors import XbandError
from xband_station.antenna.config import AntennaConfig
from xband_station.antenna.corrections import StepTrack, TimeOffsetEstimator
from xband_station.antenna.dish import Dish
from xband_station.antenna.drivers import make_driver
from xband_station.antenna.follower import AntennaFollower, Observation, PassFollower
from xband_station.antenna.link import DriverLink, Link
from xband_station.antenna.mount import FloatArray
from xband_station.antenna.recorder import Recorder
from xband_station.antenna.safety import SafetyEnvelope
from xband_station.antenna.simulator import SimulatedDish, SimulatedLink
from xband_station.antenna.track import Track, plan_track
from xband_station.clock import Clock
from xband_station.link import es_n0_db
from xband_station.orbit.doppler import doppler_hz
from xband_station.orbit.geometry import Tracker
from xband_station.pass_record import PassRecord
from xband_station.planning.planned_pass import PlannedPass
from xband_station.station_config import StationConfig

logger = logging.getLogger(__name__)

# The dish is on the spot where the satellite rises so long before it does.
IN_PLACE_BEFORE_S = 30.0
# The track begins before AOS and goes on after LOS, so that the dish is already and still in motion then.
_BEYOND_S = 5.0
# Along-track error of elements: 0.1 s at once and 0.4 s more each day (3 km a day at 7.5 km/s).
_FRESH_SIGMA_S, _SIGMA_S_PER_DAY = 0.1, 0.4
# Satellite oscillator and converter: 3 ppm of 8 GHz.
_FREQUENCY_SIGMA_HZ = 25e3


def time_sigma_s(element_age_s: float) -> float:
    """How far off in time a satellite may be, from the age of its elements: one standard deviation."""
    return _FRESH_SIGMA_S + _SIGMA_S_PER_DAY * abs(element_age_s) / 86400.0


def plan_pass_track(
    antenna: AntennaConfig, tracker: Tracker, aos: datetime, los: datetime, frequency_hz: float
) -> Track:
    """The track of a pass, seconds after AOS."""
    offsets_s = np.arange(-_BEYOND_S, (los - aos).total_seconds() + _BEYOND_S, 1.0)
    look = tracker.look(aos, offsets_s)
    known = np.isfinite(look.elevation_deg)
    return plan_track(
        offsets_s[known],
        look.azimuth_deg[known],
        look.elevation_deg[known],
        antenna.mount,
        antenna.beamwidth_deg(frequency_hz),
        initial=antenna.mount.park,
        model=antenna.pointing,
    )


def start_lead_s(antenna: AntennaConfig) -> float:
    """How long before AOS the antenna is started: the longest way, and the time to be in place before."""
    if not antenna.is_steered:
        return 0.0
    first, second = antenna.mount.first, antenna.mount.second
    way_s = max(first.move_s(first.high_deg - first.low_deg), second.move_s(second.high_deg - second.low_deg))
    return IN_PLACE_BEFORE_S + way_s


def start_follower(
    station: StationConfig,
    planned: PlannedPass,
    tracker: Tracker,
    record: PassRecord,
    clock: Clock,
    alarm: Callable[[str], None],
) -> AntennaFollower | None:
    """Starts to follow; None if the station does not move its antenna, or cannot (which is noted as a problem)."""
    antenna = station.main_antenna
    if not antenna.is_steered:
        return None
    try:
        return _start(station, antenna, planned, tracker, record, clock, alarm)
    except (XbandError, ArithmeticError, ValueError) as error:
        logger.exception("%s: the antenna is not followed", planned.pass_id)
        record.problems.append(f"the antenna is not followed: {error}")
        return None


def _start(
    station: StationConfig,
    antenna: AntennaConfig,
    planned: PlannedPass,
    tracker: Tracker,
    record: PassRecord,
    clock: Clock,
    alarm: Callable[[str], None],
) -> AntennaFollower:
    frequency_hz = planned.choice.mission.centre_frequency_hz
    # A table of angles points the dish, even where other orbit data tell the Doppler shift.
    pointer = Tracker(planned.elements, station.site, station.atmosphere)
    track = plan_pass_track(antenna, pointer, planned.aos, planned.los, frequency_hz)
    recorder = Recorder(Path(record.folder))
    link = _make_link(antenna, clock)

    def predicted_hz(offsets_s: FloatArray) -> FloatArray:
        return doppler_hz(tracker.look(planned.aos, offsets_s).range_rate_km_s, frequency_hz)

    sigma_s = time_sigma_s(planned.geometry.element_age_s)
    driver = antenna.driver
    uses_doppler = driver.time_offset and tracker.trajectory.has_range
    follower = PassFollower(
        planned.aos,
        track,
        Dish(SafetyEnvelope(antenna.mount, station.horizon)),
        link,
        recorder,
        latency_s=driver.latency_s,
        los_s=(planned.los - planned.aos).total_seconds(),
        time_offset=TimeOffsetEstimator(predicted_hz, sigma_s, _FREQUENCY_SIGMA_HZ) if uses_doppler else None,
        step_track=StepTrack(antenna.beamwidth_deg(frequency_hz)) if driver.step_track else None,
        complain=alarm,
    )
    observe = _observer(antenna, planned, tracker, record)
    stow_file = driver.stow_file
    running = AntennaFollower(
        follower, link, recorder, clock.now, observe, lambda: stow_file is not None and stow_file.exists()
    )
    running.start()
    return running


def _make_link(antenna: AntennaConfig, clock: Clock) -> Link:
    if antenna.driver.kind == "simulator":
        return SimulatedLink(SimulatedDish(antenna.mount, antenna.mount.park, antenna.driver.latency_s))
    return DriverLink(make_driver(antenna.driver), clock.now)


def _observer(
    antenna: AntennaConfig, planned: PlannedPass, tracker: Tracker, record: PassRecord
) -> Callable[[], Observation | None]:
    """Gives the newest measurement of the receiver, Es/N0 beside what the link budget predicts."""
    mission = planned.choice.mission

    def newest() -> Observation | None:
        if not record.measurements:
            return None
        last = record.measurements[-1]
        if not last.is_locked:
            return Observation(last.time, None, None)
        above_db = last.es_n0_db
        if above_db is not None and mission.link is not None:
            look = tracker.look(planned.aos, [(last.time - planned.aos).total_seconds()])
            above_db -= float(es_n0_db(mission, antenna.link, look.elevation_deg, look.range_km)[0])
        return Observation(last.time, last.carrier_offset_hz, above_db)

    return newest
