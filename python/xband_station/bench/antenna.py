# SPDX-License-Identifier: GPL-3.0-or-later
"""The antenna's figures: keyhole losses, pointing errors of a simulated dish, what a pass corrects, and the envelope
under random commands. Everything runs on simulated time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from xband_station.antenna.corrections import StepTrack, TimeOffsetEstimator
from xband_station.antenna.dish import Dish
from xband_station.antenna.follower import FollowSummary, Observation, PassFollower
from xband_station.antenna.mount import (
    Axis,
    FloatArray,
    Mount,
    MountKind,
    Pose,
    beamwidth_deg,
    pointing_loss_db,
    separation_deg,
    vector_direction,
)
from xband_station.antenna.pointing import PERFECT, Pointing, PointingModel
from xband_station.antenna.recorder import Recorder
from xband_station.antenna.safety import TICK_S, SafetyEnvelope
from xband_station.antenna.simulator import SimulatedDish, SimulatedLink
from xband_station.antenna.track import Track, plan_track
from xband_station.orbit.horizon import HorizonMask

FREQUENCY_HZ = 8.2e9
DIAMETER_M = 3.7
LATENCY_S = 0.1
_LOOP_RATE = 8.0
_EARTH_KM = 6371.0
_MU_KM3_S2 = 398600.4
_LIGHT_KM_S = 299792.458
_FLOOR_DEG = 5.0
_BASE = datetime(2026, 1, 1, tzinfo=UTC)

_ZENITH = Pose(0.0, 90.0)
_ELEVATION = Axis(0.0, 90.0, 3.0, 2.0)
_CROSS = Axis(-90.0, 90.0, 3.0, 2.0)
MOUNTS = {
    "az-el, one turn": Mount(MountKind.AZ_EL, Axis(0.0, 360.0, 6.0, 3.0), _ELEVATION, _ZENITH, _ZENITH),
    "az-el, overwind": Mount(MountKind.AZ_EL, Axis(-180.0, 540.0, 6.0, 3.0), _ELEVATION, _ZENITH, _ZENITH),
    "az-el, fast": Mount(MountKind.AZ_EL, Axis(-180.0, 540.0, 15.0, 10.0), _ELEVATION, _ZENITH, _ZENITH),
    "az-el, over the top": Mount(
        MountKind.AZ_EL, Axis(-180.0, 540.0, 6.0, 3.0), Axis(0.0, 180.0, 3.0, 2.0), _ZENITH, _ZENITH
    ),
    "x-y": Mount(MountKind.X_Y, _CROSS, _CROSS, Pose(0.0, 0.0), Pose(0.0, 0.0)),
}


class Overhead:
    """A circular orbit past the zenith of an Earth at rest: any highest elevation and direction, exact and quick."""

    def __init__(self, max_elevation_deg: float, altitude_km: float = 824.0, heading_deg: float = 190.0) -> None:
        self._radius_km = _EARTH_KM + altitude_km
        elevation = math.radians(max_elevation_deg)
        # Geocentric angle between station and ground track: law of sines in the triangle station, satellite, centre.
        self._aside = math.pi / 2.0 - elevation - math.asin(_EARTH_KM * math.cos(elevation) / self._radius_km)
        self._motion = math.sqrt(_MU_KM3_S2 / self._radius_km**3)
        self._heading = math.radians(heading_deg)
        self._half_s = 0.0
        time_s = np.arange(0.0, 1800.0)
        self._half_s = float(time_s[self.look(time_s)[1] > _FLOOR_DEG][-1])
        self.duration_s = 2.0 * self._half_s

    def look(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Azimuth and elevation, seconds after AOS."""
        return vector_direction(self._vector_km(time_s))

    def doppler_hz(self, time_s: FloatArray) -> FloatArray:
        """Shift of the carrier."""
        step_s = 0.01
        before, after = (np.linalg.norm(self._vector_km(time_s + d), axis=-1) for d in (-step_s, step_s))
        result: FloatArray = -(after - before) / (2.0 * step_s) / _LIGHT_KM_S * FREQUENCY_HZ
        return result

    def _vector_km(self, time_s: FloatArray) -> FloatArray:
        angle = self._motion * (time_s - self._half_s)
        right = np.full_like(angle, self._radius_km * math.sin(self._aside))
        ahead = self._radius_km * math.cos(self._aside) * np.sin(angle)
        up = self._radius_km * math.cos(self._aside) * np.cos(angle) - _EARTH_KM
        cos, sin = math.cos(self._heading), math.sin(self._heading)
        return np.stack([right * cos + ahead * sin, ahead * cos - right * sin, up], axis=-1)


@dataclass(frozen=True)
class Trouble:
    """What the station does not know. time_offset_s: satellite ahead of its prediction; misaligned: the mount's true
    errors; carrier_noise_hz, es_n0_noise_db: of each measurement, one a second; oscillator_hz: constant."""

    time_offset_s: float = 0.0
    misaligned: PointingModel = PERFECT
    carrier_noise_hz: float = 3.0
    es_n0_noise_db: float = 0.2
    oscillator_hz: float = 200.0


@dataclass(frozen=True)
class Simulation:
    """times_s (n,): ticks after AOS; error_deg (n,): true angle between beam and satellite."""

    times_s: FloatArray
    error_deg: FloatArray
    track: Track
    summary: FollowSummary
    plan_cpu_s: float


def simulate(
    orbit: Overhead,
    mount: Mount,
    trouble: Trouble = Trouble(),
    corrects_time: bool = False,
    corrects_peak: bool = False,
    seed: int = 1,
    act: Callable[[float, SimulatedDish], None] = lambda _, __: None,
    stop_s: float | None = None,
    told: Callable[[float, str], None] = lambda _, __: None,
) -> Simulation:
    """One pass; the dish leaves its park position so early that it is in place 30 s before AOS. act:
    called each tick with the time, to break things; stop_s: ends it early, seconds after AOS; told: gets
    the complaints with their time."""
    beam_deg = beamwidth_deg(DIAMETER_M, FREQUENCY_HZ)
    grid_s = np.arange(0.0, orbit.duration_s + 5.0)  # as a station does, some seconds more than the pass
    began_s = time.process_time()
    track = plan_track(grid_s, *orbit.look(grid_s), mount, beam_deg, initial=mount.park)
    plan_cpu_s = time.process_time() - began_s
    envelope = SafetyEnvelope(mount, HorizonMask.flat(_FLOOR_DEG - 1.0))
    machine = SimulatedDish(mount, envelope.mount.park, LATENCY_S, _LOOP_RATE)
    link = SimulatedLink(machine)
    follower = PassFollower(
        _BASE,
        track,
        Dish(envelope),
        link,
        Recorder(None),
        latency_s=LATENCY_S + 1.0 / _LOOP_RATE,
        los_s=orbit.duration_s,
        time_offset=TimeOffsetEstimator(orbit.doppler_hz, 2.0, 1000.0) if corrects_time else None,
        step_track=StepTrack(beam_deg) if corrects_peak else None,
        complain=lambda text: told(time_s, text),
    )
    crooked = Pointing(mount, trouble.misaligned)
    random = np.random.default_rng(seed)
    times_s, errors_deg = [], []
    time_s = start_s = -30.0 - mount.slew_s(mount.park, track.start)
    for tick in range(round(((orbit.duration_s if stop_s is None else stop_s) - start_s) / TICK_S)):
        time_s = start_s + tick * TICK_S
        act(time_s, machine)
        now = _BASE + timedelta(seconds=time_s)
        follower.tick(now)
        # The dish has been simulated up to the newest command, a tick from now.
        real_s = np.array([time_s + TICK_S + trouble.time_offset_s])
        target = crooked.aim(*orbit.look(real_s))
        error_deg = float(separation_deg(crooked.to_vector(machine.position_deg[None]), target)[0])
        times_s.append(time_s + TICK_S)
        errors_deg.append(error_deg)
        if time_s >= 0.0 and tick % 10 == 0:
            loss_db = float(pointing_loss_db(np.array(error_deg), beam_deg))
            carrier_hz = float(orbit.doppler_hz(real_s)[0]) + trouble.oscillator_hz
            follower.observe(
                Observation(
                    now + timedelta(seconds=TICK_S),
                    carrier_hz + random.normal(0.0, trouble.carrier_noise_hz),
                    -loss_db + random.normal(0.0, trouble.es_n0_noise_db) if loss_db < 15.0 else None,
                )
            )
    return Simulation(np.array(times_s), np.array(errors_deg), track, follower.summary(), plan_cpu_s)
