# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that come out over Eb/N0, beside a receiver with perfect synchronisation (genie).

Ours gets samples with everything a pass has: Doppler ramp, clock error, phase noise. The genie gets the same frames as
upright symbols in the same noise: it needs no acquisition, timing or carrier, and shares the decoder behind them. What
lies between the two curves is the demodulator's loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from xband_core import _core
from xband_core.mission import Mission
from xband_core.records import FRAME_RECORD_HEADER, HEADER_LEN_BYTES
from xband_core.simulate import SimulationSettings, Simulator, make_simulator
from xband_core.simulated_frames import SyntheticFrames

SAMPLES_PER_SYMBOL = 2.2
OFFSET_HZ, RAMP_HZ_S, CLOCK_PPM, LINEWIDTH_HZ = 75e3, 1.6e3, 20.0, 100.0
SOFT_RMS = 40.0
UNCORRECTABLE = 2
BATCH_FRAMES = 64
CHUNK_SAMPLES = 1 << 18


@dataclass(frozen=True)
class Point:
    """One point of both curves: shares of all frames sent, first and last included."""

    eb_n0_db: float
    frames: int
    ours: float
    genie: float
    wrong: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def bits_per_symbol(mission: Mission) -> float:
    """Bits that enter the inner coder (channel bits where there is none) per symbol."""
    return mission.information_bit_rate_hz / mission.modulation.symbol_rate_hz


def measure(mission: Mission, eb_n0_db: float, frames: int, seed: int) -> Point:
    """Both receivers at one Eb/N0."""
    es_n0_db = eb_n0_db + 10 * np.log10(bits_per_symbol(mission))
    simulator = _simulator(mission, es_n0_db, frames, seed)
    ours = list(_receive(mission, simulator))
    sent = SyntheticFrames(mission, seed).take(simulator.frames_sent())
    genie = list(_receive_genie(mission, sent, es_n0_db, seed))
    good_ours, wrong = _count(sent, ours)
    good_genie, _ = _count(sent, genie)
    return Point(eb_n0_db, len(sent), good_ours / len(sent), good_genie / len(sent), wrong)


def threshold_db(points: list[Point], curve: str, share: float = 0.99) -> float | None:
    """Eb/N0 at which a curve crosses a share, between the last point below and the first above (log of the loss)."""
    ordered = sorted(points, key=lambda point: point.eb_n0_db)
    for low, high in pairwise(ordered):
        below, above = getattr(low, curve), getattr(high, curve)
        if below < share <= above:
            floor = 0.1 / high.frames  # no loss at all in so many frames
            losses = [np.log(max(1 - value, floor)) for value in (below, share, above)]
            fraction = (losses[0] - losses[1]) / (losses[0] - losses[2])
            return float(low.eb_n0_db + fraction * (high.eb_n0_db - low.eb_n0_db))
    return None


def _count(sent: npt.NDArray[np.uint8], records: list[npt.NDArray[np.uint8]]) -> tuple[int, int]:
    wanted = {frame.tobytes() for frame in sent}
    good: set[bytes] = set()
    wrong = 0
    for batch in records:
        headers = np.ascontiguousarray(batch[:, :HEADER_LEN_BYTES]).view(FRAME_RECORD_HEADER)[:, 0]
        states = headers["integrity"]
        for record in batch[states < UNCORRECTABLE]:
            frame = record[HEADER_LEN_BYTES : HEADER_LEN_BYTES + sent.shape[1]].tobytes()
            if frame in wanted:
                good.add(frame)
            else:
                wrong += 1
    return len(good), wrong


def _simulator(mission: Mission, es_n0_db: float, frames: int, seed: int) -> Simulator:
    frame_s = 8 * mission.cadu_len_bytes / mission.information_bit_rate_hz
    settings = SimulationSettings(
        sample_rate_hz=SAMPLES_PER_SYMBOL * mission.modulation.symbol_rate_hz,
        seconds=(frames + 0.5) * frame_s,
        es_n0_db=((0.0, es_n0_db),),
        frequency_offset_hz=OFFSET_HZ,
        frequency_ramp_hz_s=RAMP_HZ_S,
        clock_error_ppm=CLOCK_PPM,
        linewidth_hz=LINEWIDTH_HZ,
        seed=seed,
    )
    return make_simulator(mission, settings, None)


def _receive(mission: Mission, simulator: Simulator) -> Iterator[npt.NDArray[np.uint8]]:
    settings = simulator.settings
    demodulator = _core.PskDemodulator(**mission.demodulator_config(settings.sample_rate_hz, settings.iq_format))
    decoder = _core.FrameDecoder(**mission.decoder_config())
    is_last = False
    while not is_last:
        samples = simulator.read(CHUNK_SAMPLES)
        is_last = len(samples) == 0
        demodulator.flush() if is_last else demodulator.push(samples)
        for mark in demodulator.pull_marks():
            decoder.mark(*mark)
        decoder.push(demodulator.pull())
        if is_last:
            decoder.flush()
        yield decoder.pull()


def _receive_genie(
    mission: Mission, sent: npt.NDArray[np.uint8], es_n0_db: float, seed: int
) -> Iterator[npt.NDArray[np.uint8]]:
    rails = 1 if mission.modulation.kind == "bpsk" else 2
    noise_rms = np.sqrt(rails * 10 ** (-es_n0_db / 10) / 2)  # of a rail whose level is 1
    scale = SOFT_RMS / np.hypot(1.0, noise_rms)
    rng = np.random.default_rng(seed)
    encoder = _core.CaduEncoder(**mission.decoder_config())
    decoder = _core.FrameDecoder(**mission.decoder_config())
    for begin in range(0, len(sent), BATCH_FRAMES):
        bits = encoder.encode(np.ascontiguousarray(sent[begin : begin + BATCH_FRAMES]))
        level = 1.0 - 2.0 * bits + noise_rms * rng.standard_normal(len(bits))
        decoder.push(np.clip(np.rint(scale * level), -127, 127).astype(np.int8))
        yield decoder.pull()
    decoder.flush()
    yield decoder.pull()
