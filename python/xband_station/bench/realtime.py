# SPDX-License-Identifier: GPL-3.0-or-later
"""Fast links in real time on two cores: what `xband decode` and the flowgraph take beside what the link sends.

A core that other programs share cannot show that by the clock. So the CPU time of each thread is measured: two free
cores are as fast as the busiest thread, and as all threads together on both. A row beside it goes by the clock, which
also knows how long threads wait for each other; it holds for a machine with nothing else to do.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from xband_core import _core
from xband_core.mission import Mission, load_mission, mission_names

from . import programs, signals
from .speed import BEGINNING, PROGRAM_SYMBOLS, Report, Result, memory_row

ROUNDS = 3
N_CORES = 2


@dataclass(frozen=True)
class Link:
    """One downlink. mission: how its name begins; symbol_rate_hz: for links like Suomi NPP's that no mission has."""

    title: str
    mission: str
    samples_per_symbol: float
    goal: float
    symbol_rate_hz: float | None = None


LINKS = (
    Link("Suomi NPP HRD", "suomi-npp", 2.2, 6.0),
    Link("FY-3E AHRPT", "fy-3e", 2.2, 1.0),
    Link("MetOp-SG A1", "metop-sg", 2.0, 1.2, 93.3e6),
)


def run(report: Report = lambda _: None) -> list[Result]:
    """Every link with both programs; about a minute. report: told what is missing, and why."""
    results = []
    with tempfile.TemporaryDirectory(prefix="xband-bench-") as name:
        for link in LINKS:
            mission = _mission(link, Path(name))
            if mission is None:
                report(f"left out: {link.title}: this build has no such mission")
                continue
            results += _measure(link, mission, Path(name), report)
    return results


def _mission(link: Link, folder: Path) -> Mission | None:
    shipped = [name for name in mission_names() if name.startswith(link.mission)]
    if shipped:
        return load_mission(shipped[0])
    if link.symbol_rate_hz is None:
        return None
    like = load_mission("suomi-npp")
    content = yaml.safe_load(like.file.read_text(encoding="utf-8"))
    content["name"] = link.mission
    content["modulation"]["symbol_rate_hz"] = link.symbol_rate_hz
    content["flowgraph"] = "receiver.grc"  # the other one has Suomi NPP's values in it
    file = folder / f"{link.mission}.yml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return load_mission(file)


def _measure(link: Link, mission: Mission, folder: Path, report: Report) -> list[Result]:
    waveform = signals.Waveform(str(mission.file), link.samples_per_symbol, "cs8")
    whole = programs.Recording(folder / "long.cs8", mission, waveform.sample_rate_hz)
    signals.write_recording(waveform, PROGRAM_SYMBOLS, whole.file)
    beginning = whole.beginning(folder / "short.cs8", BEGINNING)
    results = []
    for name, program in (("xband decode", programs.decode), ("headless flowgraph", programs.flowgraph)):
        meter = programs.PaceMeter(program, whole, beginning)
        try:
            for _ in range(ROUNDS):
                meter.measure()
        except programs.ProgramError as error:
            report(f"{link.title}, {name}: {error}")
            continue
        results += _results(link, mission, name, meter.pace())
    return results


def _results(link: Link, mission: Mission, name: str, pace: programs.Pace) -> list[Result]:
    target = _core.active_simd_target()
    paces = f"Msym/s: busiest thread {1e-6 / pace.busiest_s:.0f}, all {1e-6 / pace.cpu_s:.0f}"
    what, load = f"real time on {N_CORES} cores, {link.title}, {name}", f"load of the machine {os.getloadavg()[0]:.1f}"
    wanted = mission.modulation.symbol_rate_hz
    return [
        _rate_row(link, what, pace.symbols_per_s(N_CORES), wanted, paces),
        _rate_row(link, f"{what}, by the clock", 1 / pace.wall_s, wanted, load),
        memory_row(f"{link.title}, {name}", pace, target),
    ]


def _rate_row(link: Link, what: str, symbols_per_s: float, wanted: float, conditions: str) -> Result:
    ratio = symbols_per_s / wanted
    return Result(
        what=what,
        unit="Msym/s",
        ours=symbols_per_s / 1e6,
        peer=wanted / 1e6,
        peer_name="the link",
        ratio=ratio,
        goal=f">= {link.goal:g} times",
        is_met=ratio >= link.goal,
        conditions=f"cs8, {link.samples_per_symbol:g} samples a symbol; {conditions}",
        simd_target=_core.active_simd_target(),
    )
