# SPDX-License-Identifier: GPL-3.0-or-later
"""Eb/N0 at which a link delivers 99 % of its frames, beside a receiver with perfect synchronisation (genie).

Ours gets samples with everything a pass has: Doppler ramp, clock error, phase noise. The genie gets the same frames as
upright symbols in white noise of the same Eb/N0: it needs no acquisition, timing or carrier, and shares the decoder
behind them. What lies between the two curves is the demodulator's loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from os import nice

import numpy as np
import numpy.typing as npt

from xband_core import _core
from xband_core.mission import Mission, load_mission, mission_names
from xband_core.simulate import SimulationSettings, Simulator, es_n0_from_eb_n0_db, make_simulator
from xband_core.simulated_frames import SyntheticFrames
from xband_station.bench import theory
from xband_station.bench.reception import Bytes, chunks_of, receive, score

SAMPLES_PER_SYMBOL = 2.2
OFFSET_HZ, RAMP_HZ_S, CLOCK_PPM, LINEWIDTH_HZ = 75e3, 1.6e3, 20.0, 100.0
CONDITIONS = {
    "iq_format": "cs8",
    "samples_per_symbol": SAMPLES_PER_SYMBOL,
    "frequency_offset_hz": OFFSET_HZ,
    "frequency_ramp_hz_s": RAMP_HZ_S,
    "clock_error_ppm": CLOCK_PPM,
}
USUAL_GAP_DB = 1.8  # between codes of this kind and the best there can be
SHARE = 0.99
LEVEL_RMS = 40.0  # of the genie's soft bits
BATCH_FRAMES = 64
PROCESSES = 2
NICENESS = 10
MOST_STEPS = 40  # away from where the search for 99 % starts


@dataclass(frozen=True)
class Link:
    """A row of the table. goal_db: for 99 % of frames; start_db, step_db: where points are measured first, and how far
    apart they are; peer: what SatDump 2.0.0-alpha (02e62def) reached in the study that set the goals. Quoted."""

    title: str
    mission: str
    linewidth_hz: float
    goal_db: float | None
    start_db: float
    step_db: float
    peer: str = "-"


LINKS = (
    Link("S-NPP, QPSK r=1/2 + RS", "suomi-npp", LINEWIDTH_HZ, 1.75, 1.6, 0.1, "3.4 dB"),
    Link("NOAA-21, OQPSK r=1/2 + RS", "noaa-21", LINEWIDTH_HZ, 1.80, 1.6, 0.1, "3.0 dB"),
    Link("Aqua, OQPSK, RS only", "aqua", LINEWIDTH_HZ, 5.50, 5.5, 0.1, "6.0 dB"),
    Link("MetOp AHRPT class, QPSK r=3/4 + RS", "metop-ahrpt-class", LINEWIDTH_HZ, 3.0, 2.6, 0.1, "3.4 dB"),
    Link("S-NPP, 1 kHz linewidth", "suomi-npp", 1e3, 3.0, 2.1, 0.2, "27 % at 5 dB"),
    Link("NOAA-21, 1 kHz linewidth", "noaa-21", 1e3, 3.0, 2.1, 0.2, "-"),
    Link("S-NPP, 10 kHz linewidth", "suomi-npp", 1e4, 8.0, 7.0, 0.5, "0 % at 5 dB"),
)


@dataclass(frozen=True)
class Point:
    """Share of all frames sent that came out right, first and last included; wrong: frames out that were never sent."""

    eb_n0_db: float
    frames: int
    share: float
    wrong: int


@dataclass(frozen=True)
class Curve:
    """What one receiver delivers over Eb/N0. receiver: ours or genie."""

    receiver: str
    link: Link
    points: tuple[Point, ...]

    @property
    def threshold_db(self) -> float | None:
        """Where the curve crosses 99 %, between the last point below and the first above (straight in log loss)."""
        for low, high in pairwise(self.points):
            if low.share < SHARE <= high.share:
                floor = 0.1 / high.frames  # no loss at all in so many frames
                losses = [np.log(max(1 - share, floor)) for share in (low.share, SHARE, high.share)]
                fraction = (losses[0] - losses[1]) / (losses[0] - losses[2])
                return float(low.eb_n0_db + fraction * (high.eb_n0_db - low.eb_n0_db))
        return None

    @property
    def wrong(self) -> int:
        return sum(point.wrong for point in self.points)

    def as_dict(self) -> dict[str, object]:
        return {"eb_n0_99_db": self.threshold_db, "points": [asdict(point) for point in self.points]}


@dataclass(frozen=True)
class Row:
    """Both receivers on one link."""

    link: Link
    ours: Curve
    genie: Curve

    @property
    def meets_goal(self) -> bool | None:
        """None: there is no goal."""
        if self.link.goal_db is None:
            return None
        reached = self.ours.threshold_db
        return reached is not None and reached <= self.link.goal_db and self.ours.wrong == 0


def table_links() -> tuple[tuple[Link, ...], list[Link]]:
    """The rows of the table, and those left out because this build does not have their mission."""
    names = mission_names()
    return tuple(link for link in LINKS if link.mission in names), [link for link in LINKS if link.mission not in names]


def mission_links(name_or_path: str) -> tuple[Link, ...]:
    """The table's rows of one mission; for a mission that is not in it one row without a goal.

    Raises: MissionError."""
    mission = load_mission(name_or_path)
    known = tuple(link for link in LINKS if link.mission == name_or_path)
    shape = theory.CodeShape.of(mission)
    start_db = math.ceil(10 * theory.threshold_db(lambda db: theory.best_code_loss(shape, db))) / 10 + USUAL_GAP_DB
    return known or (Link(mission.title, name_or_path, LINEWIDTH_HZ, None, round(start_db, 1), 0.1),)


def run(
    links: tuple[Link, ...],
    frames: int,
    seed: int,
    points_db: list[float] | None = None,
    on_curve: Callable[[Curve], None] = lambda _: None,
) -> list[Row]:
    """Both curves of every link, in two processes. points_db: measure there; None: find the 99 % point of each.

    The genie has no carrier: links that differ in the linewidth only share its curve.
    """
    first_of = {link.mission: link for link in reversed(links)}
    jobs = [("ours", link) for link in links] + [("genie", link) for link in first_of.values()]
    with ProcessPoolExecutor(PROCESSES, initializer=nice, initargs=(NICENESS,)) as pool:
        started = [pool.submit(measure_curve, receiver, link, frames, seed, points_db) for receiver, link in jobs]
        curves = []
        for curve in (future.result() for future in started):
            on_curve(curve)
            curves.append(curve)
    genies = {curve.link.mission: curve for curve in curves[len(links) :]}
    return [Row(curve.link, curve, genies[curve.link.mission]) for curve in curves[: len(links)]]


def measure_curve(receiver: str, link: Link, frames: int, seed: int, points_db: list[float] | None = None) -> Curve:
    """One curve: at the points asked for, or around its 99 % point."""
    mission = load_mission(link.mission)

    def point(eb_n0_db: float) -> Point:
        if receiver == "genie":
            return measure_genie(mission, eb_n0_db, frames, seed)
        return measure_ours(mission, eb_n0_db, link.linewidth_hz, frames, seed)

    if points_db is not None:
        return Curve(receiver, link, tuple(point(eb_n0_db) for eb_n0_db in sorted(points_db)))
    return Curve(receiver, link, around_threshold(point, link))


def around_threshold(point: Callable[[float], Point], link: Link) -> tuple[Point, ...]:
    """Points on the link's grid: from two below the 99 % point to one above it."""
    measured: dict[int, Point] = {}

    def share(step: int) -> float:
        if step not in measured:
            measured[step] = point(round(link.start_db + step * link.step_db, 6))
        return measured[step].share

    step = 0
    while share(step) < SHARE and step < MOST_STEPS:
        step += 1
    while share(step - 1) >= SHARE and step > -MOST_STEPS:
        step -= 1
    for beside in (step - 2, step + 1):
        share(beside)
    return tuple(measured[key] for key in sorted(measured))


def measure_ours(mission: Mission, eb_n0_db: float, linewidth_hz: float, frames: int, seed: int) -> Point:
    simulator = simulate(mission, eb_n0_db, linewidth_hz, frames, seed)
    rate_hz, iq_format = simulator.settings.sample_rate_hz, simulator.settings.iq_format
    records = list(receive(mission, rate_hz, iq_format, chunks_of(simulator)))
    sent = SyntheticFrames(mission, seed).take(simulator.frames_sent())
    result = score(sent, records)
    return Point(eb_n0_db, len(sent), result.share, result.wrong)


def simulate(mission: Mission, eb_n0_db: float, linewidth_hz: float, frames: int, seed: int) -> Simulator:
    """So many whole frames, and half a frame's time of noise behind them."""
    settings = SimulationSettings(
        sample_rate_hz=SAMPLES_PER_SYMBOL * mission.modulation.symbol_rate_hz,
        seconds=(frames + 0.5) / mission.frame_rate_hz,
        es_n0_db=((0.0, es_n0_from_eb_n0_db(mission, eb_n0_db)),),
        frequency_offset_hz=OFFSET_HZ,
        frequency_ramp_hz_s=RAMP_HZ_S,
        clock_error_ppm=CLOCK_PPM,
        linewidth_hz=linewidth_hz,
        seed=seed,
    )
    return make_simulator(mission, settings, None)


def measure_genie(mission: Mission, eb_n0_db: float, frames: int, seed: int) -> Point:
    sent = SyntheticFrames(mission, seed).take(frames)
    result = score(sent, list(_genie_records(mission, sent, eb_n0_db, seed)))
    return Point(eb_n0_db, len(sent), result.share, result.wrong)


def _genie_records(mission: Mission, sent: Bytes, eb_n0_db: float, seed: int) -> Iterator[Bytes]:
    rails = 1 if mission.modulation.kind == "bpsk" else 2
    es_n0 = 10 ** (es_n0_from_eb_n0_db(mission, eb_n0_db) / 10)
    noise_rms = np.sqrt(rails / es_n0 / 2)  # of a rail whose level is 1
    scale = LEVEL_RMS / np.hypot(1.0, noise_rms)
    rng = np.random.default_rng(seed)
    encoder = _core.CaduEncoder(**mission.decoder_config())
    decoder = _core.FrameDecoder(**mission.decoder_config())

    def push(level: npt.NDArray[np.float32]) -> Bytes:
        noisy = level + noise_rms * rng.standard_normal(len(level), np.float32)
        decoder.push(np.clip(np.rint(scale * noisy), -127, 127).astype(np.int8))
        records: Bytes = decoder.pull()
        return records

    for begin in range(0, len(sent), BATCH_FRAMES):
        bits = encoder.encode(np.ascontiguousarray(sent[begin : begin + BATCH_FRAMES]))
        yield push(1.0 - 2.0 * bits.astype(np.float32))
    yield push(np.zeros(rails * 4096, np.float32))  # after the last frame there is noise for a while, as in ours
    decoder.flush()
    yield decoder.pull()
