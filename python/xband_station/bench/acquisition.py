# SPDX-License-Identifier: GPL-3.0-or-later
"""Short signals out of the blue, with nothing told to the receiver: is every frame decoded, the first one included?

And what a signal that is already there suffers from drop-outs and phase slips.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import product
from os import nice

import numpy as np

from xband_core.mission import load_mission
from xband_core.simulate import Fade
from xband_station.bench import impairments, search_errors
from xband_station.bench.reception import Bytes, Receiver, Score, score
from xband_station.bench.scene import Conditions, Scene, make_scene
from xband_station.bench.sensitivity import NICENESS, PROCESSES
from xband_station.tables import format_table

MISSIONS = ("suomi-npp", "noaa-21")
EB_N0_DB = (2.0, 3.0)
FRAMES = 20
MOST_OFFSET_NORM, MOST_CLOCK_PPM, MOST_RAMP_HZ_S = 0.1, 500.0, 5e3
MOST_LEAD_IN_S = 3e-3
SAMPLES_PER_SYMBOL = (2.0, 2.2, 3.1)
CHUNK_SAMPLES = 4096  # the position of the acquisition is known to so many samples
EVENTS_EB_N0_DB = 4.0
FADE_EVERY_S, FADE_LEN_S, FADE_DEPTH_DB = 50e-3, 2e-3, 100.0
FADES = 10
SLIPS, SLIP_EVERY_FRAMES = 30, 8.37
QUARTERS = (1, 2, 3)
NOTES = f"""\
Nothing is told to the receiver. Every short signal is {FRAMES} frames behind up to 3 ms of noise; offset within
+-10 % of the symbol rate, clock within +-500 ppm, ramp within +-5 kHz/s (the first 16 trials in the corners), any
phase, I/Q swap, inversion, either sense of G2. Found after: from the first symbol to the last sample that acquisition
looked at (median, worst). First frame ms: the end of the first frame that began after that, so what a receiver would
get that keeps no samples; ours keeps them."""


@dataclass(frozen=True)
class Trial:
    """Of one short signal. acquired_ms: from its first symbol to the last sample that the acquisition needed;
    first_frame_ms: to the end of the first frame that began after that: what a receiver that cannot look back gets."""

    lost: int
    is_first_lost: bool
    wrong: int
    acquired_ms: float
    first_frame_ms: float


@dataclass(frozen=True)
class TrialsRow:
    """All trials of a mission at one Eb/N0."""

    mission: str
    eb_n0_db: float
    trials: tuple[Trial, ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "mission": self.mission,
            "eb_n0_db": self.eb_n0_db,
            "trials": len(self.trials),
            "frames_sent": FRAMES * len(self.trials),
            "frames_lost": sum(trial.lost for trial in self.trials),
            "first_frames_lost": sum(trial.is_first_lost for trial in self.trials),
            "wrong_frames": sum(trial.wrong for trial in self.trials),
            "acquired_ms_median": float(np.median([trial.acquired_ms for trial in self.trials])),
            "acquired_ms_worst": max(trial.acquired_ms for trial in self.trials),
            "first_frame_ms_worst": max(trial.first_frame_ms for trial in self.trials),
        }


@dataclass(frozen=True)
class EventsRow:
    """Drop-outs or slips of a signal that is being received."""

    mission: str
    what: str
    events: int
    touched: int
    lost: int
    lost_beyond: int
    wrong: int

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Report:
    """All that the bench measures."""

    trials: list[TrialsRow]
    events: list[EventsRow]
    searches: list[search_errors.Row]

    def as_dict(self) -> dict[str, object]:
        return {
            "trials": [row.as_dict() for row in self.trials],
            "events": [row.as_dict() for row in self.events],
            "searches": [row.as_dict() for row in self.searches],
        }


def tables(report: Report) -> str:
    """For people."""
    header = ("short signals", "Eb/N0", "trials", "frames", "lost", "first lost", "wrong", "found after ms, worst")
    cells = []
    for figures in (row.as_dict() for row in report.trials):
        counts = [str(figures[key]) for key in ("trials", "frames_sent", "frames_lost", "first_frames_lost")]
        found = f"{figures['acquired_ms_median']:.2f}, {figures['acquired_ms_worst']:.2f}"
        first = f"{figures['first_frame_ms_worst']:.2f}"
        wrong = str(figures["wrong_frames"])
        cells.append((str(figures["mission"]), f"{figures['eb_n0_db']:g} dB", *counts, wrong, found, first))
    short = format_table((*header, "first frame ms"), cells)
    held = format_table(
        (f"at {EVENTS_EB_N0_DB:g} dB", "mission", "events", "frames touched", "lost", "lost beyond those", "wrong"),
        [(e.what, e.mission, *map(str, (e.events, e.touched, e.lost, e.lost_beyond, e.wrong))) for e in report.events],
    )
    return f"{short}\n\n{held}\n\n{search_errors.table(report.searches)}\n\n{NOTES}\n{search_errors.NOTES}"


def run(trials: int, seed: int) -> Report:
    """Everything, in two processes."""
    with ProcessPoolExecutor(PROCESSES, initializer=nice, initargs=(NICENESS,)) as pool:
        parts = [
            (name, eb_n0_db, [pool.submit(measure_trial, name, eb_n0_db, index, seed) for index in range(trials)])
            for name, eb_n0_db in product(MISSIONS, EB_N0_DB)
        ]
        search_parts = search_errors.submit(pool, trials, seed)
        event_parts = [pool.submit(work, name, seed) for work, name in product((drop_outs, phase_slips), MISSIONS)]
        rows = [
            TrialsRow(name, eb_n0_db, tuple(future.result() for future in started)) for name, eb_n0_db, started in parts
        ]
        searches = [search_errors.Row(*key, tuple(f.result() for f in found)) for key, found in search_parts]
        return Report(rows, [future.result() for future in event_parts], searches)


def draw_conditions(symbol_rate_hz: float, eb_n0_db: float, index: int, seed: int) -> Conditions:
    """The first sixteen trials stand in the corners of offset, clock and ramp; the others anywhere between."""
    rng = np.random.default_rng([seed, index])
    corners = list(product((-1.0, 1.0), repeat=3))
    offset, clock, ramp = corners[index % 8] if index < 16 else rng.uniform(-1.0, 1.0, 3)
    swap, inversion, g2 = (bool(bit) for bit in rng.integers(0, 2, 3))
    return Conditions(
        eb_n0_db,
        samples_per_symbol=float(rng.choice(SAMPLES_PER_SYMBOL)),
        offset_hz=float(offset * MOST_OFFSET_NORM * symbol_rate_hz),
        ramp_hz_s=float(ramp * MOST_RAMP_HZ_S),
        clock_ppm=float(clock * MOST_CLOCK_PPM),
        phase_rad=float(rng.uniform(0.0, 2 * np.pi)),
        iq_swap=swap,
        spectral_inversion=inversion,
        g2_inverted=g2,
        lead_in_s=float(rng.uniform(0.0, MOST_LEAD_IN_S)),
        seed=seed * 1_000_003 + index,
    )


def measure_trial(name: str, eb_n0_db: float, index: int, seed: int) -> Trial:
    mission = load_mission(name)
    scene = make_scene(mission, FRAMES, draw_conditions(mission.modulation.symbol_rate_hz, eb_n0_db, index, seed))
    result, acquired_at = receive_scene(scene, impairments.quantise(scene.samples, "cs8"), "cs8")
    begin = scene.frame_bounds[0]
    usable = result.arrived & (scene.frame_bounds[:-1] >= acquired_at)
    first_end = scene.frame_bounds[1:][usable][0] if usable.any() else np.inf
    ms_per_sample = 1e3 / scene.sample_rate_hz
    return Trial(
        result.lost,
        not result.arrived[0],
        result.wrong,
        float((acquired_at - begin) * ms_per_sample),
        float((first_end - begin) * ms_per_sample),
    )


def receive_scene(scene: Scene, raw: Bytes, iq_format: str) -> tuple[Score, int]:
    """What became of the frames, and the sample after which the receiver had found its signal for the last time."""
    receiver = Receiver(scene.mission, scene.sample_rate_hz, iq_format)
    step = CHUNK_SAMPLES * (len(raw) // len(scene.samples))
    records = []
    acquisitions, acquired_at = 0, 0
    for at in range(0, len(raw), step):
        records.append(receiver.push(raw[at : at + step]))
        stats = receiver.demodulator.stats()
        if stats["acquisitions"] > acquisitions:
            acquisitions, acquired_at = stats["acquisitions"], stats["samples"]
    records.append(receiver.flush())
    return score(scene.sent, records), acquired_at


def drop_outs(name: str, seed: int) -> EventsRow:
    """The signal goes to nothing for 2 ms and the noise stays."""
    mission = load_mission(name)
    fades = tuple(Fade((n + 0.7) * FADE_EVERY_S, FADE_LEN_S, FADE_DEPTH_DB) for n in range(FADES))
    frames = round(FADES * FADE_EVERY_S * mission.frame_rate_hz)
    scene = make_scene(mission, frames, Conditions(EVENTS_EB_N0_DB, fades=fades, seed=seed))
    rate_hz = scene.sample_rate_hz
    events = [(fade.start_s * rate_hz, (fade.start_s + fade.length_s) * rate_hz) for fade in fades]
    return _events_row("drop-outs of 2 ms", scene, events)


def phase_slips(name: str, seed: int) -> EventsRow:
    """The carrier's phase jumps by 90, 180 or 270 degrees."""
    mission = load_mission(name)
    scene = make_scene(
        mission, round((SLIPS + 1) * SLIP_EVERY_FRAMES), Conditions(EVENTS_EB_N0_DB, phase_rad=0.4, seed=seed)
    )
    frame_len_samples = np.diff(scene.frame_bounds)[0]
    places = [round(SLIP_EVERY_FRAMES * (n + 1) * frame_len_samples) for n in range(SLIPS)]
    quarters = [QUARTERS[n % len(QUARTERS)] for n in range(SLIPS)]
    slipped = scene.with_samples(impairments.phase_jumps(scene.samples, places, quarters))
    return _events_row("phase slips of 90 to 270 degrees", slipped, [(place, place) for place in places])


def _events_row(what: str, scene: Scene, events: list[tuple[float, float]]) -> EventsRow:
    result, _ = receive_scene(scene, impairments.quantise(scene.samples, "cs8"), "cs8")
    touched = scene.touched(events)
    beyond = int(np.sum(~result.arrived & ~touched))
    return EventsRow(scene.mission.name, what, len(events), int(touched.sum()), result.lost, beyond, result.wrong)
