# SPDX-License-Identifier: GPL-3.0-or-later
"""Short signals out of the blue at 2 dB, the receiver told nothing; quick parts of `xband bench acquisition`."""

from __future__ import annotations

import pytest

from xband_station.bench import acquisition


@pytest.mark.parametrize("corner", range(8))
@pytest.mark.parametrize("mission", acquisition.MISSIONS)
def test_no_frame_is_lost_in_the_corners(mission: str, corner: int) -> None:
    """10 % of the symbol rate off, 500 ppm, 5 kHz/s, each with either sign, behind up to 3 ms of noise."""
    trial = acquisition.measure_trial(mission, 2.0, corner, seed=1)
    assert (trial.lost, trial.wrong) == (0, 0)
    assert trial.first_frame_ms < 3.0


@pytest.mark.parametrize("mission", acquisition.MISSIONS)
@pytest.mark.parametrize("measure", [acquisition.drop_outs, acquisition.phase_slips])
def test_what_happens_on_the_way_costs_touched_frames_only(measure, mission: str) -> None:
    row = measure(mission, seed=1)
    assert row.touched > 0
    assert (row.lost_beyond, row.wrong) == (0, 0)
