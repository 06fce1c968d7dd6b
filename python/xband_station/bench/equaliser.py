# SPDX-License-Identifier: GPL-3.0-or-later
"""Eb/N0 for 99 % of all frames behind paths that are not flat: without the equaliser, with it, and what is possible.

The bound is that of the best linear equaliser (least mean square error, of any length, told the path): the Eb/N0 at
which its output is as good as the flat path's at our 99 % point. Es/N0 is that of the signal behind the path.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from os import nice

import numpy as np

from xband_core.channel_response import ChannelResponse, Echo, raised_cosine
from xband_core.mission import Mission, load_mission
from xband_core.simulate import es_n0_from_eb_n0_db, make_simulator
from xband_core.simulated_frames import SyntheticFrames
from xband_station.bench import sensitivity, theory
from xband_station.bench.reception import chunks_of, receive, score
from xband_station.bench.sensitivity import LINEWIDTH_HZ, NICENESS, PROCESSES, Curve, Link, Point
from xband_station.tables import format_table

FLAT = "flat"
PATHS: dict[str, ChannelResponse] = {
    FLAT: ChannelResponse(),
    "two rays, -10 dB, 1.3 symbols": ChannelResponse(echoes=(Echo(1.3, -10.0, 60.0),)),
    "two rays, -6 dB, 1.3 symbols": ChannelResponse(echoes=(Echo(1.3, -6.0, 60.0),)),
    "tilt of 3 dB over the band": ChannelResponse(tilt_db=3.0),
    "ripple of 1 dB, period 0.3": ChannelResponse(ripple_db=1.0, ripple_period_norm=0.3),
    "steep filter, 1.1 wide, 6 poles": ChannelResponse(filter_width_norm=1.1, filter_order=6),
    "steep filter, 1.0 wide, 6 poles": ChannelResponse(filter_width_norm=1.0, filter_order=6),
}
MODES = ("off", "auto")
STEP_DB = 0.1
NOTES = (
    "Bound: best linear equaliser, told the path, in front of the same decoder. '-': no 99 % within 4 dB of the start."
)


@dataclass(frozen=True)
class Row:
    """Eb/N0 for 99 % of frames (dB; None: not reached) behind one path."""

    path: str
    off_db: float | None
    auto_db: float | None
    bound_db: float | None
    wrong: int


def run(mission_name: str, frames: int, seed: int, on_row: Callable[[Row], None] = lambda _: None) -> list[Row]:
    """All paths, with the equaliser and without, in two processes."""
    mission = load_mission(mission_name)
    start_db = sensitivity.mission_links(mission_name)[0].start_db
    starts = {name: bound_db(mission, path, start_db) for name, path in PATHS.items()}
    with ProcessPoolExecutor(PROCESSES, initializer=nice, initargs=(NICENESS,)) as pool:
        jobs = {
            (name, mode): pool.submit(measure_curve, mission_name, name, mode, starts[name], frames, seed)
            for name in PATHS
            for mode in MODES
        }
        flat_db = jobs[FLAT, "auto"].result().threshold_db
        rows = []
        for name, path in PATHS.items():
            off, auto = (jobs[name, mode].result() for mode in MODES)
            bound = None if flat_db is None else bound_db(mission, path, flat_db)
            rows.append(Row(name, off.threshold_db, auto.threshold_db, bound, off.wrong + auto.wrong))
            on_row(rows[-1])
    return rows


def table(rows: list[Row]) -> str:
    def cell(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    def difference(a: float | None, b: float | None) -> str:
        return "-" if a is None or b is None else f"{a - b:.2f}"

    cells = [
        (
            row.path,
            cell(row.off_db),
            cell(row.auto_db),
            cell(row.bound_db),
            difference(row.off_db, row.auto_db),
            difference(row.auto_db, row.bound_db),
            str(row.wrong),
        )
        for row in rows
    ]
    header = ("Eb/N0 for 99 % of frames (dB)", "off", "auto", "bound", "gain", "to bound", "wrong frames")
    return format_table(header, cells)


def measure_curve(mission_name: str, path: str, mode: str, start_db: float, frames: int, seed: int) -> Curve:
    """Points around the 99 % point."""
    mission = load_mission(mission_name)
    link = Link(path, mission_name, LINEWIDTH_HZ, None, round(start_db, 1), STEP_DB)
    points = sensitivity.around_threshold(
        lambda eb_n0_db: measure(mission, PATHS[path], mode, eb_n0_db, frames, seed), link
    )
    return Curve("ours", link, points)


def measure(mission: Mission, path: ChannelResponse, mode: str, eb_n0_db: float, frames: int, seed: int) -> Point:
    """Share of frames behind a path, under the conditions of `xband bench sensitivity`."""
    settings = sensitivity.simulate(mission, eb_n0_db, LINEWIDTH_HZ, frames, seed).settings
    simulator = make_simulator(mission, replace(settings, path=path), None)
    chunks = chunks_of(simulator)
    records = list(receive(mission, settings.sample_rate_hz, settings.iq_format, chunks, equaliser=mode))
    sent = SyntheticFrames(mission, seed).take(simulator.frames_sent())
    result = score(sent, records)
    return Point(eb_n0_db, len(sent), result.share, result.wrong)


def bound_db(mission: Mission, path: ChannelResponse, flat_db: float) -> float:
    """Eb/N0 at which the best linear equaliser makes of the path what the flat one is at flat_db."""
    wanted = 10 ** (es_n0_from_eb_n0_db(mission, flat_db) / 10)

    def shortfall(eb_n0_db: float) -> float:
        es_n0 = 10 ** (es_n0_from_eb_n0_db(mission, eb_n0_db) / 10)
        return 1.0 if best_linear_ratio(path, mission.modulation.rolloff, es_n0) < wanted else 0.0

    return theory.threshold_db(shortfall)


def best_linear_ratio(path: ChannelResponse, rolloff: float, es_n0: float) -> float:
    """Signal to noise and interference behind the best linear equaliser (unbiased), as an Es/N0.

    The mean square error is the mean over frequency of 1 / (1 + Es/N0 Q), Q the received spectrum folded at the symbol
    rate. Source: Proakis, Digital Communications, 4th edition, 10.2-39 and 10.2-42.
    """
    frequency_norm = np.linspace(-0.5, 0.5, 2001)
    folded = sum(
        raised_cosine(frequency_norm + image, rolloff) * np.abs(path.at(frequency_norm + image, rolloff)) ** 2
        for image in (-1, 0, 1)
    ) / path.mean_power(rolloff)
    error = float(np.trapz(1.0 / (1.0 + es_n0 * folded), frequency_norm))
    return 1.0 / error - 1.0
