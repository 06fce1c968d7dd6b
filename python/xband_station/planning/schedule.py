# SPDX-License-Identifier: GPL-3.0-or-later
"""The station's schedule: its passes, planned, with the reasons of those that are not taken."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xband_station.orbit.catalogue import Catalogue
from xband_station.planning.model import Contact, Plan, Wishes
from xband_station.planning.opportunities import Outlook, survey
from xband_station.planning.planned_pass import PlannedPass
from xband_station.planning.planner import make_plan
from xband_station.planning.rules import plan_by_priority
from xband_station.planning.solver import PlanningError
from xband_station.station_config import StationConfig

logger = logging.getLogger(__name__)

NO_WISHES = Wishes()


@dataclass(frozen=True)
class Schedule:
    """The plan between two times, and what it was made from."""

    start: datetime
    end: datetime
    plan: Plan
    outlook: Outlook

    def planned(self, contact: Contact) -> PlannedPass:
        """The pass of a contact, cut to it."""
        one = contact.opportunity
        whole = self.outlook.passes[one.pass_id, one.antenna]
        # A pass that is on already keeps its rise: the recording belongs to that pass.
        has_begun = contact.start == one.aos and whole.aos <= self.start
        has_open_end = contact.end == one.los and whole.los >= self.end
        aos = whole.aos if has_begun else contact.start
        return replace(whole, aos=aos, los=whole.los if has_open_end else contact.end)

    @property
    def accepted(self) -> tuple[PlannedPass, ...]:
        """In order of time, those of all antennas."""
        return tuple(self.planned(contact) for contact in self.plan.contacts)


def make_schedule(
    station: StationConfig,
    catalogue: Catalogue,
    start: datetime,
    hours: float,
    wishes: Wishes = NO_WISHES,
    time_limit_s: float = 60.0,
    costs_within_s: float = 0.0,
) -> Schedule:
    """Plans all missions of the station from ``start`` on.

    Raises UnknownSatelliteError: no orbit data for any mission; PlanningError: what is pinned excludes itself.
    """
    end = start + timedelta(hours=hours)
    outlook = survey(station, catalogue, start, end, wishes)
    return Schedule(start, end, make_plan(outlook.problem, time_limit_s, costs_within_s), outlook)


def make_schedule_anyway(station: StationConfig, catalogue: Catalogue, start: datetime, hours: float) -> Schedule:
    """For a station at work: if the planner fails, the passes in order of priority, and a warning.

    Raises UnknownSatelliteError: no orbit data for any mission.
    """
    end = start + timedelta(hours=hours)
    outlook = survey(station, catalogue, start, end, NO_WISHES)
    try:
        plan = make_plan(outlook.problem)
    except (PlanningError, ArithmeticError, ValueError, MemoryError, ImportError) as error:
        logger.warning("the planner failed (%s); passes are taken in order of priority", error)
        plan = plan_by_priority(outlook.problem)
    return Schedule(start, end, plan, outlook)
