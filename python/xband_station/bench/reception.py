# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver as it ships, fed with samples, and what became of each frame that was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xband_core import _core
from xband_core.mission import Mission
from xband_core.records import FRAME_RECORD_HEADER, HEADER_LEN_BYTES, Integrity
from xband_core.simulate import Simulator

Bytes = npt.NDArray[np.uint8]
CHUNK_SAMPLES = 1 << 18


@dataclass(frozen=True)
class Score:
    """arrived: for each frame sent, whether it came out right; wrong: frames out that were never sent."""

    arrived: npt.NDArray[np.bool_]
    wrong: int

    @property
    def share(self) -> float:
        """Of all frames sent, first and last included."""
        return float(np.mean(self.arrived))

    @property
    def lost(self) -> int:
        return int(np.sum(~self.arrived))


def score(sent: Bytes, records: Iterable[Bytes]) -> Score:
    """Holds the records against the frames sent (n, frame_len_bytes), each of which is unique by its counter.

    A record counts if the receiver vouches for it (good or corrected): that is what a user would take.
    """
    place = {frame.tobytes(): index for index, frame in enumerate(sent)}
    if len(place) != len(sent):
        raise ValueError(f"{len(sent) - len(place)} of {len(sent)} frames were sent twice")
    arrived = np.zeros(len(sent), np.bool_)
    wrong = 0
    for batch in records:
        headers = np.ascontiguousarray(batch[:, :HEADER_LEN_BYTES]).view(FRAME_RECORD_HEADER)[:, 0]
        for record in batch[headers["integrity"] < Integrity.UNCORRECTABLE]:
            index = place.get(record[HEADER_LEN_BYTES : HEADER_LEN_BYTES + sent.shape[1]].tobytes())
            if index is None:
                wrong += 1
            else:
                arrived[index] = True
    return Score(arrived, wrong)


class Receiver:
    """Demodulator and decoder with the settings that every user gets; nothing is told to it but the mission.

    equaliser: off to see what it is good for."""

    def __init__(self, mission: Mission, sample_rate_hz: float, iq_format: str, equaliser: str = "auto") -> None:
        config = mission.demodulator_config(sample_rate_hz, iq_format)
        self.demodulator = _core.PskDemodulator(**(config | {"equaliser": equaliser}))
        self._decoder = _core.FrameDecoder(**mission.decoder_config())

    def push(self, samples: Bytes) -> Bytes:
        """Frame records that are complete after these samples (raw bytes)."""
        self.demodulator.push(samples)
        return self._pull()

    def flush(self) -> Bytes:
        self.demodulator.flush()
        early = self._pull()
        self._decoder.flush()
        return np.concatenate([early, self._decoder.pull()])

    def _pull(self) -> Bytes:
        self._decoder.mark(self.demodulator.pull_marks())
        self._decoder.push(self.demodulator.pull())
        records: Bytes = self._decoder.pull()
        return records


def receive(
    mission: Mission, sample_rate_hz: float, iq_format: str, chunks: Iterable[Bytes], equaliser: str = "auto"
) -> Iterator[Bytes]:
    """Frame records of a whole recording, portion by portion."""
    receiver = Receiver(mission, sample_rate_hz, iq_format, equaliser)
    for samples in chunks:
        yield receiver.push(samples)
    yield receiver.flush()


def chunks_of(simulator: Simulator) -> Iterator[Bytes]:
    """All samples of a simulator that has an end."""
    while len(samples := simulator.read(CHUNK_SAMPLES)):
        yield samples
