# SPDX-License-Identifier: GPL-3.0-or-later
"""Signal quality over a pass: what summary.json says of records whose figures are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from make_records import blocks_of_cadus, make_records

from xband_core.framing import FrameProcessor
from xband_core.mission import load_mission
from xband_core.quality_summary import QualitySummary
from xband_core.records import FRAME_RECORD_HEADER, HEADER_LEN_BYTES


@pytest.fixture
def summary(cadu_dir: Path) -> QualitySummary:
    """65 frames in batches of 20: margins 0, 1, 2 ... 15 and again; frames 7 and 8 beyond repair."""
    mission = load_mission("suomi-npp")
    blocks = blocks_of_cadus((cadu_dir / "snpp_synchronized_cadus.dat").read_bytes())
    integrity = np.zeros(len(blocks), np.uint8)
    integrity[[7, 8]] = 2
    records = make_records(mission, blocks, integrity=integrity)
    headers = records[:, :HEADER_LEN_BYTES].copy().view(FRAME_RECORD_HEADER)[:, 0]
    headers["rs_margin"] = np.where(integrity == 2, -1, np.arange(len(blocks)) % 16)
    headers["phase_slips"][[3, 30]] = [1, 2]
    headers["bit_slip"][11] = -3
    headers["channel_bit_errors"][5] = 0xFFFF  # not known: its bits do not count
    headers["evm_percent"][6] = np.nan
    records[:, :HEADER_LEN_BYTES] = headers.view(np.uint8).reshape(len(blocks), HEADER_LEN_BYTES)
    processor = FrameProcessor(mission, 33e6, None, "unknown", "p")
    result = QualitySummary()
    for first in range(0, len(records), 20):
        result.add(processor.process(records[first : first + 20]))
    return result


def test_figures_add_up(summary: QualitySummary) -> None:
    figures = summary.as_json()
    assert figures["channel_bits"] == 64 * 16384
    assert figures["channel_bit_errors"] == 64 * 3
    assert figures["channel_ber"] == pytest.approx(3 / 16384, rel=1e-3)
    assert figures["evm_percent"] == 33.5
    assert (figures["phase_slips"], figures["bit_slips"]) == (3, 1)


def test_margins_leave_out_what_is_beyond_repair(summary: QualitySummary) -> None:
    figures = summary.as_json()
    assert figures["frames_by_rs_margin"]["-1"] == 2
    assert figures["frames_by_rs_margin"]["0"] == 5
    assert sum(figures["frames_by_rs_margin"].values()) == 65
    assert figures["rs_margin"] == {"least": 0, "percentile_1": 0, "percentile_10": 1, "median": 7}


def test_nothing_received_is_nothing_known() -> None:
    figures = QualitySummary().as_json()
    assert figures["channel_ber"] is None
    assert figures["es_n0_db"] is None
    assert figures["rs_margin"]["median"] is None
