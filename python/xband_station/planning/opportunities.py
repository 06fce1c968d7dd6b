# SPDX-License-Identifier: GPL-3.0-or-later
"""From a station and its orbit data to the planner's problem: who can be received when, with what, and who never."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from xband_station.antenna.config import AntennaConfig
from xband_station.antenna.mount import Pose
from xband_station.antenna.track import Track
from xband_station.orbit.catalogue import Catalogue, UnknownSatelliteError
from xband_station.orbit.horizon import OPEN_HORIZON, HorizonMask
from xband_station.orbit.interference import Beam, find_interference
from xband_station.orbit.prediction import PredictedPass, predict_passes
from xband_station.planning.admission import Prospect, demands, fitting_feed, look_ahead, no_feed
from xband_station.planning.model import Cause, Opportunity, Problem, Rejected, Wishes
from xband_station.planning.planned_pass import PlannedPass
from xband_station.station_config import MissionChoice, StationConfig

logger = logging.getLogger(__name__)

Hole = tuple[datetime, datetime]
# The parts into which the skyline cuts one pass.
Rise = list[PredictedPass]


@dataclass(frozen=True)
class Outlook:
    """The problem, and for each (pass_id, antenna) the pass and what the antenna will see of it."""

    problem: Problem
    passes: dict[tuple[str, str], PlannedPass]
    prospects: dict[tuple[str, str], Prospect]


def survey(station: StationConfig, catalogue: Catalogue, start: datetime, end: datetime, wishes: Wishes) -> Outlook:
    """All passes of all missions between two times.

    A mission without orbit data is left out with a warning: it must not cost the others their passes. Raises
    UnknownSatelliteError: there are none for any mission.
    """
    found = _Survey(station, catalogue, start, end)
    missing: list[UnknownSatelliteError] = []
    for choice in station.missions:
        try:
            found.add_mission(choice)
        except UnknownSatelliteError as error:
            logger.warning("%s is not planned: %s", choice.mission.name, error)
            missing.append(error)
    if len(missing) == len(station.missions):
        raise missing[0]
    config = station.planning
    days = (end - start) / timedelta(days=1)
    problem = Problem(
        opportunities=tuple(found.opportunities),
        turnaround_s=config.turnaround_s,
        min_useful_s=config.min_useful_s,
        polarisation_switch_s=config.polarisation_switch_s,
        slew_s=found.slew_s,
        max_slew_s=max(_longest_slew_s(antenna) for antenna in station.antennas),
        resources=config.resources(days * 86400.0),
        quotas=tuple(partner.quota(days) for partner in config.partners),
        wishes=wishes,
        refused=tuple(found.refused),
    )
    return Outlook(problem, found.passes, found.prospects)


def _longest_slew_s(antenna: AntennaConfig) -> float:
    mount = antenna.mount
    low, high = (Pose.of(limits) for limits in (mount.low_deg, mount.high_deg))
    # An antenna that nobody drives needs no time to turn.
    return mount.slew_s(low, high) if antenna.driver.kind != "none" else 0.0


class _Survey:
    def __init__(self, station: StationConfig, catalogue: Catalogue, start: datetime, end: datetime) -> None:
        self._station = station
        self._catalogue = catalogue
        self._start = start
        self._end = end
        self._antennas = {antenna.name: antenna for antenna in station.antennas}
        self.opportunities: list[Opportunity] = []
        self.refused: list[Rejected] = []
        self.passes: dict[tuple[str, str], PlannedPass] = {}
        self.prospects: dict[tuple[str, str], Prospect] = {}

    def add_mission(self, choice: MissionChoice) -> None:
        floor_deg = self._station.min_elevation_deg
        rises = self._rises(choice, floor_deg, self._station.horizon)
        for rise in rises:
            self._add_rise(choice, rise)
        for low in self._rises(choice, min(0.0, floor_deg), OPEN_HORIZON):
            if not any(_overlap(low, rise) for rise in rises):
                top_deg = max(part.geometry.max_elevation_deg for part in low)
                reason = f"rises to {top_deg:.1f} deg, below the floor or the skyline"
                self._refuse(self._planned(choice, low), Cause.MASK, reason)

    def _rises(self, choice: MissionChoice, floor_deg: float, mask: HorizonMask) -> list[Rise]:
        """Passes, each with all the parts into which the skyline cuts it."""
        station = self._station
        rises: list[Rise] = []
        for one in predict_passes(
            self._catalogue,
            choice.mission.norad_cat_id,
            station.site,
            self._start,
            self._end,
            floor_deg,
            mask,
            station.atmosphere,
        ):
            if rises and one.geometry.parts > 1 and one.geometry.part == rises[-1][-1].geometry.part + 1:
                rises[-1].append(one)
            else:
                rises.append([one])
        return rises

    def _planned(self, choice: MissionChoice, rise: Rise) -> PlannedPass:
        """From the first part's rise to the last one's set, cut to the window if the satellite is always up."""
        highest = max(rise, key=lambda part: part.geometry.max_elevation_deg)
        first, last = rise[0].geometry, rise[-1].geometry
        geometry = replace(highest.geometry, aos=first.aos, los=last.los, aos_azimuth_deg=first.aos_azimuth_deg,
                           los_azimuth_deg=last.los_azimuth_deg, part=1, parts=1)  # fmt: skip
        aos, los = first.aos or self._start, last.los or self._end
        orbit = highest.choice
        return PlannedPass(geometry, orbit.trajectory, choice, aos, los, orbit_reason=orbit.reason)

    def _add_rise(self, choice: MissionChoice, rise: Rise) -> None:
        planned = self._planned(choice, rise)
        parts = pairwise(part.geometry for part in rise)
        ridges = [(one.los, two.aos) for one, two in parts if one.los and two.aos]
        reasons = [self._add_opportunity(replace(planned, antenna=name), ridges) for name in self._antennas]
        if all(reasons):
            causes = [reason for reason in reasons if reason]
            self._refuse(planned, causes[0][0], "; ".join(dict.fromkeys(reason for _, reason in causes)))

    def _add_opportunity(self, planned: PlannedPass, ridges: list[Hole]) -> tuple[Cause, str] | None:
        """Offers the pass to an antenna; if it can make nothing of it, the reason."""
        antenna = self._antennas[planned.antenna]
        mission = planned.choice.mission
        feed = fitting_feed(antenna, mission)
        if feed is None:
            return Cause.FEED, no_feed(antenna, mission)
        prospect = look_ahead(self._station, antenna, planned)
        useless = self._below_margin(planned, prospect)
        if useless == [(planned.aos, planned.los)]:
            best_db = float(np.nanmax(prospect.margin_db))
            return Cause.LINK, f"link margin on {antenna.name} {best_db:.1f} dB at best"
        blinded = self._blinded(planned, antenna, prospect)
        aos, los, holes = _without(planned.aos, planned.los, sorted([*ridges, *useless, *blinded]))
        aos, los = max(aos, self._start), min(los, self._end)
        if aos >= los:
            return (Cause.INTERFERENCE, "the Sun or the Moon stands behind it") if blinded else (
                Cause.LINK, f"link margin on {antenna.name} too low")  # fmt: skip
        key = planned.pass_id, antenna.name
        self.passes[key], self.prospects[key] = planned, prospect
        self.opportunities.append(
            Opportunity(
                satellite=planned.geometry.satellite,
                antenna=antenna.name,
                pass_id=planned.pass_id,
                aos=aos,
                los=los,
                # The order of priorities decides; a pass of priority 0 is worth its minutes.
                value_per_s=(1.0 + planned.choice.priority) / 60.0,
                partner=self._station.planning.partner_of(mission.name),
                polarisation=feed.polarisation,
                demands=demands(self._station, mission),
                max_elevation_deg=planned.geometry.max_elevation_deg,
                holes=tuple((max(a, aos), min(b, los)) for a, b in holes if a < los and b > aos),
            )
        )
        return None

    def _below_margin(self, planned: PlannedPass, prospect: Prospect) -> list[Hole]:
        """Stretches without link margin; an unknown margin is taken to be enough."""
        low = prospect.margin_db < self._station.planning.min_margin_db
        edges = np.flatnonzero(np.diff(np.concatenate([[False], low, [False]]).astype(int)))
        holes = []
        for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            begin_s = prospect.offsets_s[max(first - 1, 0)]
            finish_s = prospect.offsets_s[min(after, len(low) - 1)]
            holes.append((_shift(planned.aos, begin_s), _shift(planned.aos, finish_s)))
        if low.all():
            return [(planned.aos, planned.los)]
        return holes

    def _blinded(self, planned: PlannedPass, antenna: AntennaConfig, prospect: Prospect) -> list[Hole]:
        """Where the noise of Sun or Moon takes more than the margin that is left."""
        frequency_hz = planned.choice.mission.centre_frequency_hz
        link = antenna.link
        temperature_db = 10.0 * np.log10(link.system_temperature_k)
        gain_dbi = link.gain_over_temperature_db_k(frequency_hz) + temperature_db
        beam = Beam(antenna.beamwidth_deg(frequency_hz), gain_dbi, link.system_temperature_k, frequency_hz)
        holes = []
        for one in find_interference(planned.elements, self._station.site, planned.aos, planned.los, beam):
            at_s = (one.nearest - planned.aos).total_seconds()
            margin_db = float(np.interp(at_s, prospect.offsets_s, prospect.margin_db))
            if margin_db - one.g_t_loss_db < self._station.planning.min_margin_db:
                holes.append((one.start, one.stop))
        return holes

    def _refuse(self, planned: PlannedPass, cause: Cause, reason: str) -> None:
        mission = planned.choice.mission
        aos, los = max(planned.aos, self._start), min(planned.los, self._end)
        antenna = next(iter(self._antennas))
        value_per_s = (1.0 + planned.choice.priority) / 60.0
        refused = Opportunity(planned.geometry.satellite, antenna, planned.pass_id, aos, los, value_per_s,
                              self._station.planning.partner_of(mission.name),
                              max_elevation_deg=planned.geometry.max_elevation_deg)  # fmt: skip
        self.refused.append(Rejected(refused, cause, reason))

    def slew_s(self, first: Opportunity, end: datetime, second: Opportunity, start: datetime) -> float:
        """From where the antenna is at the end of one contact to where the next begins, by the shorter way round."""
        antenna = self._antennas[first.antenna]
        if antenna.driver.kind == "none":
            return 0.0
        here, there = self._pose(first, end), self._pose(second, start)
        turns = (replace(there, first_deg=there.first_deg + turn_deg) for turn_deg in (0.0, -360.0, 360.0))
        return min(antenna.mount.slew_s(here, pose) for pose in turns if antenna.mount.reaches(pose))

    def _pose(self, one: Opportunity, at: datetime) -> Pose:
        key = one.pass_id, one.antenna
        track: Track = self.prospects[key].track
        seconds = (at - self.passes[key].aos).total_seconds()
        return Pose(*(float(np.interp(seconds, track.offsets_s, track.axes_deg[:, axis])) for axis in (0, 1)))


def _overlap(one: Rise, other: Rise) -> bool:
    """Whether two rises share any time; an open end reaches to whatever the other has."""
    first_los, second_los = one[-1].geometry.los, other[-1].geometry.los
    first_aos, second_aos = one[0].geometry.aos, other[0].geometry.aos
    is_after = first_los is not None and second_aos is not None and first_los <= second_aos
    is_before = second_los is not None and first_aos is not None and second_los <= first_aos
    return not (is_after or is_before)


def _without(aos: datetime, los: datetime, holes: list[Hole]) -> tuple[datetime, datetime, list[Hole]]:
    """Joins holes that touch, and cuts those at the ends off."""
    joined: list[Hole] = []
    for begin, finish in holes:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(finish, joined[-1][1]))
        else:
            joined.append((begin, finish))
    if joined and joined[0][0] <= aos:
        aos = max(aos, joined.pop(0)[1])
    if joined and joined[-1][1] >= los:
        los = min(los, joined.pop()[0])
    return aos, los, joined


def _shift(time: datetime, seconds: float) -> datetime:
    return time + timedelta(seconds=float(seconds))
