# SPDX-License-Identifier: GPL-3.0-or-later
"""Commanded against actual, ten times a second: ``antenna.csv`` in the folder of the pass."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from xband_station.antenna.dish import DishState
from xband_station.antenna.mount import Pose
from xband_station.times import format_time

logger = logging.getLogger(__name__)

FILE_NAME = "antenna.csv"
HEADING = (
    "time,state,commanded_first_deg,commanded_second_deg,actual_first_deg,actual_second_deg,error_deg,"
    "time_offset_s,lead_first_deg,lead_second_deg,connected\n"
)


@dataclass(frozen=True)
class Sample:
    """One tick. actual, error_deg: None if not known."""

    time: datetime
    state: DishState
    commanded: Pose
    actual: Pose | None
    error_deg: float | None
    time_offset_s: float
    lead_deg: tuple[float, float]
    is_connected: bool

    def as_row(self) -> str:
        actual = f"{self.actual.first_deg:.4f},{self.actual.second_deg:.4f}" if self.actual else ","
        error = "" if self.error_deg is None else f"{self.error_deg:.4f}"
        return (
            f"{format_time(self.time)},{self.state.value},{self.commanded.first_deg:.4f},"
            f"{self.commanded.second_deg:.4f},{actual},{error},{self.time_offset_s:.4f},"
            f"{self.lead_deg[0]:.4f},{self.lead_deg[1]:.4f},{int(self.is_connected)}\n"
        )


class Recorder:
    """Writes samples; a disk that fails ends the writing and nothing else. problem: why, in that case."""

    def __init__(self, folder: Path | None) -> None:
        self.problem: str | None = None
        self._file: TextIO | None = None
        if folder is None:
            return
        try:
            self._file = (folder / FILE_NAME).open("w", encoding="utf-8", buffering=1)
            self._file.write(HEADING)
        except OSError as error:
            self._fail(error)

    def add(self, sample: Sample) -> None:
        if self._file is None:
            return
        try:
            self._file.write(sample.as_row())
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        if self._file:
            try:
                self._file.close()
            except OSError as error:
                self._fail(error)
        self._file = None

    def _fail(self, error: OSError) -> None:
        self.problem = f"{FILE_NAME} is not complete: {error.strerror or error}"
        logger.error("%s", self.problem)
        self._file = None
