# SPDX-License-Identifier: GPL-3.0-or-later
"""What hardware and neighbours do to a signal, counted in frames: lost beyond those touched, and how fast it is back.

The yardstick is measured in the same run: a receiver that starts anew where the disturbance ends and may not look back
loses the frames that begin before it has found the signal. No disturbance may cost more.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from os import nice

import numpy as np
import numpy.typing as npt

from xband_core.mission import load_mission
from xband_station.bench import impairments
from xband_station.bench.acquisition import CHUNK_SAMPLES, receive_scene
from xband_station.bench.impairments import quantise
from xband_station.bench.reception import Bytes, Receiver
from xband_station.bench.scene import Conditions, Samples, Scene, make_scene
from xband_station.bench.sensitivity import NICENESS, PROCESSES
from xband_station.tables import format_table

MISSIONS = ("suomi-npp", "noaa-21")
EB_N0_DB = 5.0
FRAMES = 400
LEAD_IN_S = 1e-3
COLD_STARTS = 24
DROP_OUT_SAMPLES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
TONE_PLACES_NORM = (0.0, 0.13, -0.25, 0.37, 0.5, -0.6)  # of the symbol rate, from the carrier
NOTCH_PLACES_NORM = (0.0, 0.2, -0.5)

NOTES = f"""\
Eb/N0 {EB_N0_DB:g} dB, 2.2 samples a symbol, offset 75 kHz, ramp 1.6 kHz/s, clock 20 ppm, linewidth 100 Hz,
{FRAMES} frames behind 1 ms of noise. Touched: frames of which a symbol lies in a disturbance; where it lasts,
none. Beyond: frames lost that were not touched, all and after the worst event. Back after: from the end of a
disturbance to the beginning of the first frame that came out. A cold start is the yardstick: a fresh receiver that may
not look back."""


@dataclass(frozen=True)
class Disturbed:
    """A disturbed recording. events: stretches of samples of the scene; none where the disturbance lasts."""

    raw: Bytes
    iq_format: str
    events: list[tuple[float, float]]


@dataclass(frozen=True)
class Row:
    """One disturbance of one mission's signal. worst_beyond: frames lost, beyond those touched, after one event."""

    mission: str
    what: str
    events: int
    touched: int
    lost: int
    beyond: int
    worst_beyond: int
    back_after_ms: float
    wrong: int
    limit: int

    @property
    def passes(self) -> bool:
        """No worse than a cold start."""
        return self.worst_beyond <= self.limit and self.wrong == 0

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"passes": self.passes}


@dataclass(frozen=True)
class ColdStart:
    """Worst of many starts in the middle of an undisturbed signal, nothing kept."""

    mission: str
    frames_lost: int
    back_after_ms: float


Case = Callable[[Scene], Disturbed]


def cases() -> dict[str, Case]:
    """All disturbances by name."""
    found: dict[str, Case] = {"none": lambda scene: _lasting(scene.samples)}
    for n in DROP_OUT_SAMPLES:
        found[f"{n} samples deleted"] = partial(_drop_out, impairments.delete, n)
        found[f"{n} samples zero"] = partial(_drop_out, impairments.blank, n)
    found["gain steps of 40 dB, cs16"] = _gain_steps
    for level_dbc in (-10.0, 0.0):
        found[f"DC, {level_dbc:g} dBc"] = partial(_dc, level_dbc)
    for rms in (0.35, 1.0, 3.0):
        found[f"4 bits, rms {rms:g} of full scale"] = partial(_few_bits, rms)
    found["8 bits at -30 dBFS"] = _quiet
    for place in NOTCH_PLACES_NORM:
        found[f"notch of 30 dB at {place:+g} Rs"] = partial(_notch, place)
    for place in TONE_PLACES_NORM:
        found[f"carrier at C/I 10 dB, {place:+g} Rs"] = partial(_tone, place)
    found["pulses of 1 us, +20 dB, each 0.3 ms"] = partial(_pulses, 1e-6, 0.3e-3, 20.0)
    found["pulses of 10 us, +30 dB, each 3 ms"] = partial(_pulses, 10e-6, 3e-3, 30.0)
    found["I/Q imbalance 1 dB, 5 degrees"] = lambda scene: _lasting(impairments.iq_imbalance(scene.samples, 1.0, 5.0))
    return found


def run(seed: int) -> tuple[list[ColdStart], list[Row]]:
    """Every case of both missions, in two processes."""
    with ProcessPoolExecutor(PROCESSES, initializer=nice, initargs=(NICENESS,)) as pool:
        cold = list(pool.map(cold_start, MISSIONS, [seed] * len(MISSIONS)))
        started = [
            pool.submit(measure, start.mission, what, seed, start.frames_lost) for start in cold for what in cases()
        ]
        return cold, [future.result() for future in started]


def tables(cold: list[ColdStart], rows: list[Row]) -> str:
    """For people."""
    starts = format_table(
        ("cold start, worst", "frames lost", "back after ms"),
        [(c.mission, str(c.frames_lost), f"{c.back_after_ms:.2f}") for c in cold],
    )
    header = (
        "disturbance",
        "mission",
        "events",
        "touched",
        "lost",
        "beyond",
        "worst",
        "back after ms",
        "wrong",
        "verdict",
    )
    cells = []
    for row in rows:
        counts = (row.events, row.touched, row.lost, row.beyond, row.worst_beyond)
        verdict = "ok" if row.passes else "WORSE"
        cells.append((row.what, row.mission, *map(str, counts), f"{row.back_after_ms:.2f}", str(row.wrong), verdict))
    return f"{starts}\n\n{format_table(header, cells)}\n\n{NOTES}"


@lru_cache(maxsize=len(MISSIONS))
def scene_of(mission: str, seed: int, frames: int = FRAMES) -> Scene:
    return make_scene(load_mission(mission), frames, Conditions(EB_N0_DB, lead_in_s=LEAD_IN_S, seed=seed))


def measure(mission: str, what: str, seed: int, limit: int, frames: int = FRAMES) -> Row:
    """One case. limit: frames that a cold start loses."""
    scene = scene_of(mission, seed, frames)
    disturbed = cases()[what](scene)
    result, _ = receive_scene(scene, disturbed.raw, disturbed.iq_format)
    events = disturbed.events or [(scene.frame_bounds[0], scene.frame_bounds[0])]
    touched = scene.touched(disturbed.events)
    lost_beyond = ~result.arrived & ~touched
    begins = scene.frame_bounds[:-1]
    # Each loss counts for the event before it, one before the first event for that.
    culprit = np.maximum(np.searchsorted([begin for begin, _ in events], begins, side="right") - 1, 0)
    worst = max(int(np.sum(lost_beyond & (culprit == event))) for event in range(len(events)))
    ends = [end for _, end in events]
    return Row(
        mission, what, len(disturbed.events), int(touched.sum()), result.lost, int(lost_beyond.sum()), worst,
        _back_after_ms(scene, begins[result.arrived], ends), result.wrong, limit,
    )  # fmt: skip


def _back_after_ms(scene: Scene, arrived_begins: npt.NDArray[np.float64], ends: list[float]) -> float:
    """Worst time from the end of an event to the next frame that came out; infinite where none did."""
    at = np.searchsorted(arrived_begins, ends)
    following = np.append(arrived_begins, np.inf)[at]
    return float(1e3 * np.max(following - ends) / scene.sample_rate_hz)


def cold_start(mission: str, seed: int) -> ColdStart:
    scene = scene_of(mission, seed)
    raw = quantise(scene.samples, "cs8")
    begins = scene.frame_bounds[:-1]
    rng = np.random.default_rng([seed, 11])
    lost, back_after = [], []
    for start in rng.integers(int(begins[0]), int(begins[FRAMES // 2]), COLD_STARTS):
        receiver = Receiver(scene.mission, scene.sample_rate_hz, "cs8")
        found_at = int(start)
        while receiver.demodulator.stats()["acquisitions"] == 0:
            receiver.push(raw[2 * found_at : 2 * (found_at + CHUNK_SAMPLES)])
            found_at += CHUNK_SAMPLES
        lost.append(int(np.sum((begins >= start) & (begins < found_at))))
        back_after.append(1e3 * (begins[begins >= found_at][0] - start) / scene.sample_rate_hz)
    return ColdStart(mission, max(lost), max(back_after))


def _lasting(samples: Samples) -> Disturbed:
    return Disturbed(quantise(samples, "cs8"), "cs8", [])


def _places(scene: Scene, n: int, name: str) -> list[int]:
    """Random, but apart: each in the middle of its share of the frames."""
    rng = np.random.default_rng([n, *name.encode()])
    begin, end = scene.frame_bounds[[0, -1]]
    return [int(begin + (end - begin) * (i + 0.2 + 0.4 * rng.random()) / n) for i in range(n)]


def _drop_out(apply: Callable[[Samples, list[int], int], Samples], length: int, scene: Scene) -> Disturbed:
    most = int(len(scene.samples) / length / 3)
    places = _places(scene, max(1, min(10, most)), f"{apply.__name__} {length}")
    raw = quantise(apply(scene.samples, places, length), "cs8")
    return Disturbed(raw, "cs8", [(place, place + length) for place in places])


def _gain_steps(scene: Scene) -> Disturbed:
    places = _places(scene, 11, "gain")
    raw = quantise(impairments.gain_steps(scene.samples, places, 40.0), "cs16")
    return Disturbed(raw, "cs16", [(place, place) for place in places])


def _dc(level_dbc: float, scene: Scene) -> Disturbed:
    return _lasting(impairments.add_dc(scene.samples, scene.signal_power, level_dbc))


def _few_bits(rms: float, scene: Scene) -> Disturbed:
    loud = scene.samples * np.float32(rms / np.std(scene.samples.real))
    return Disturbed(quantise(loud, "cs8", bits=4), "cs8", [])


def _quiet(scene: Scene) -> Disturbed:
    power = float(np.mean(np.abs(scene.samples) ** 2))
    return _lasting(scene.samples * np.float32(10 ** (-30 / 20) / np.sqrt(power)))


def _from_carrier_cps(scene: Scene, place_norm: float) -> float:
    return (
        place_norm * scene.mission.modulation.symbol_rate_hz + Conditions(EB_N0_DB).offset_hz
    ) / scene.sample_rate_hz


def _notch(place_norm: float, scene: Scene) -> Disturbed:
    width_cps = 0.02 * scene.mission.modulation.symbol_rate_hz / scene.sample_rate_hz
    return _lasting(impairments.notch(scene.samples, _from_carrier_cps(scene, place_norm), width_cps, 30.0))


def _tone(place_norm: float, scene: Scene) -> Disturbed:
    cps = _from_carrier_cps(scene, place_norm)
    return _lasting(impairments.add_tone(scene.samples, scene.signal_power, 10.0, cps))


def _pulses(length_s: float, every_s: float, level_db: float, scene: Scene) -> Disturbed:
    every, length = round(every_s * scene.sample_rate_hz), round(length_s * scene.sample_rate_hz)
    rng = np.random.default_rng(5)
    places = np.arange(0, len(scene.samples) - every, every) + rng.integers(0, every // 2)
    return _lasting(impairments.add_pulses(scene.samples, scene.signal_power, level_db, length, places))
