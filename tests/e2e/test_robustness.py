# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware and neighbours cost a signal no more than a cold start; quick parts of `xband bench robustness`."""

from __future__ import annotations

import pytest

from xband_station.bench import robustness

FRAMES = 60
DROP_OUTS = [f"{n} samples {how}" for n in (1, 1_000, 100_000) for how in ("deleted", "zero")]
LASTING = [
    "8 bits at -30 dBFS",
    "4 bits, rms 1 of full scale",
    "DC, -10 dBc",
    "carrier at C/I 10 dB, +0.13 Rs",
    "carrier at C/I 10 dB, +0.37 Rs",
    "notch of 30 dB at -0.5 Rs",
    "I/Q imbalance 1 dB, 5 degrees",
]
COLD_START_FRAMES = 2  # what `xband bench robustness` measures


@pytest.mark.parametrize("mission", robustness.MISSIONS)
@pytest.mark.parametrize("what", [*DROP_OUTS, "gain steps of 40 dB, cs16"])
def test_events_cost_no_more_than_a_cold_start(mission: str, what: str) -> None:
    row = robustness.measure(mission, what, seed=1, limit=COLD_START_FRAMES, frames=FRAMES)
    assert row.events > 0
    assert row.touched < FRAMES
    assert row.passes, row


@pytest.mark.parametrize("mission", robustness.MISSIONS)
@pytest.mark.parametrize("what", LASTING)
def test_what_lasts_costs_no_more_than_a_cold_start(mission: str, what: str) -> None:
    row = robustness.measure(mission, what, seed=1, limit=COLD_START_FRAMES, frames=FRAMES)
    assert row.passes, row
