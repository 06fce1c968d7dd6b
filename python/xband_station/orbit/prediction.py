# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes of a satellite for which there are several sets of orbit data, each predicted from the set to be used then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from xband_station.orbit.catalogue import Catalogue, Choice
from xband_station.orbit.geometry import Site
from xband_station.orbit.horizon import OPEN_HORIZON, HorizonMask
from xband_station.orbit.passes import Pass, find_passes
from xband_station.orbit.refraction import Atmosphere

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class PredictedPass:
    """A pass, and which orbit data say so and why."""

    geometry: Pass
    choice: Choice


def predict_passes(
    catalogue: Catalogue,
    satellite_id: str,
    site: Site,
    start: datetime,
    end: datetime,
    min_elevation_deg: float = 5.0,
    mask: HorizonMask = OPEN_HORIZON,
    atmosphere: Atmosphere | None = None,
) -> list[PredictedPass]:
    """All passes that have a part within ``start`` to ``end``, as find_passes gives them, in order of time.

    A set counts for a pass if it is the one to choose at the pass's highest point. Raises UnknownSatelliteError: the
    catalogue does not have the satellite, or at no time of the window a set that holds.
    """
    predicted = []
    for choice in _choices(catalogue, satellite_id, start, end):
        for one in find_passes(choice.trajectory, site, start, end, min_elevation_deg, mask, atmosphere):
            at_top = catalogue.choose_or_none(satellite_id, one.tca)
            if at_top and at_top.trajectory is choice.trajectory:
                predicted.append(PredictedPass(one, at_top))
    return sorted(predicted, key=lambda one: one.geometry.aos or start)


def _choices(catalogue: Catalogue, satellite_id: str, start: datetime, end: datetime) -> list[Choice]:
    """Every set that is chosen at some time of the window (and a pass's length around it), once."""
    times = {start, end}
    for orbit in catalogue.orbits(satellite_id):
        data = orbit.trajectory
        changes = [data.epoch_utc, data.valid_from, data.valid_until]
        if orbit.source.max_age:
            changes += [data.epoch_utc - orbit.source.max_age, data.epoch_utc + orbit.source.max_age]
        # Just before and just after whatever may change the choice.
        times |= {time + side * _MOMENT for time in changes if time for side in (-1, 0, 1)}
    margin = timedelta(days=1)
    found = [
        choice
        for time in sorted(times)
        if start - margin <= time <= end + margin and (choice := catalogue.choose_or_none(satellite_id, time))
    ]
    if not found:
        catalogue.choose(satellite_id, start)  # raises, and says why none holds
    distinct: list[Choice] = []
    for choice in found:
        if not any(choice.trajectory is known.trajectory for known in distinct):
            distinct.append(choice)
    return distinct
