# SPDX-License-Identifier: GPL-3.0-or-later
"""Short simulations for the tests."""

from __future__ import annotations

from typing import Any

from xband_core.mission import load_mission
from xband_core.simulate import SimulationSettings, Simulator, make_simulator

SAMPLE_RATE_HZ = 33e6


def simulator(mission_name: str = "suomi-npp", **settings: Any) -> Simulator:
    """A simulator at 33 Msample/s, 5 ms long unless told otherwise."""
    chosen = {"sample_rate_hz": SAMPLE_RATE_HZ, "seconds": 0.005} | settings
    return make_simulator(load_mission(mission_name), SimulationSettings(**chosen))
