# SPDX-License-Identifier: GPL-3.0-or-later
"""What `xband bench speed` makes of its measurements. The measurements themselves are no test: they take a minute."""

import sys
from pathlib import Path

import pytest

from xband_core.mission import load_mission
from xband_station.bench import programs, speed
from xband_station.bench.measure import ProgramRun, best_rate, run_program
from xband_station.bench.speed_rows import Row

ROW = Row("w", "Mbit/s", "ours", "peer", "p", "c", goal_rate=100.0, goal_ratio=6.5, goal_needs="avx3")


@pytest.mark.parametrize(
    ("rates", "target", "expected"),
    [
        ({"ours@avx3": 700.0, "peer": 100.0}, "avx3", (7.0, ">= 100 Mbit/s, >= 6.5 times", True)),
        ({"ours@avx3": 600.0, "peer": 100.0}, "avx3", (6.0, ">= 100 Mbit/s, >= 6.5 times", False)),
        ({"ours@avx3": 90.0, "peer": 10.0}, "avx3", (9.0, ">= 100 Mbit/s, >= 6.5 times", False)),
        ({"ours@avx3": 700.0}, "avx3", (None, ">= 100 Mbit/s, >= 6.5 times", None)),
        ({"ours@avx2": 300.0, "peer": 100.0}, "avx2", (3.0, "", None)),
        ({"ours": 700.0, "peer": 100.0}, "avx3", (7.0, ">= 100 Mbit/s, >= 6.5 times", True)),
    ],
)
def test_goal_of_a_row(rates, target, expected):
    result = speed._result(ROW, target, rates)
    assert (result.ratio, result.goal, result.is_met) == expected
    assert "6.5 times" in speed.table([result]) or not expected[1]


def test_pace_leaves_the_start_out(tmp_path):
    """A program that takes 2 s to start and then 10 ns of processors and 5 ns of the clock a symbol."""
    file = tmp_path / "whole.cs8"
    file.write_bytes(bytes(8_800_000))
    whole = programs.Recording(file, load_mission("suomi-npp"), 33e6)
    assert whole.symbols == pytest.approx(2e6)

    def program(recording: programs.Recording) -> ProgramRun:
        wall_s = 1 + 5e-9 * recording.symbols
        memory = tuple((0.1 * step * wall_s, 1000 + step) for step in range(10))
        threads_s = {"starts 0": 2.0, "works 0": 8e-9 * recording.symbols}
        return ProgramRun(0, 2 + 10e-9 * recording.symbols, threads_s, wall_s, memory, "")

    meter = programs.PaceMeter(program, whole, whole.beginning(tmp_path / "short.cs8", 1 / 8))
    meter.measure()
    pace = meter.pace()
    assert (pace.cpu_s, pace.wall_s, pace.start_s) == pytest.approx((10e-9, 5e-9, 2.0))
    assert pace.symbols_per_s(1) == pytest.approx(100e6)
    assert pace.symbols_per_s(2) == pytest.approx(125e6)  # the busiest thread needs 8 ns
    assert pace.memory_peak_bytes == 1009


def test_program_that_fails_says_why():
    run = run_program([sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"])
    assert (run.status, run.said) == (3, "no such thing\n")
    recording = programs.Recording(Path(__file__), load_mission("suomi-npp"), 33e6)
    with pytest.raises(programs.ProgramError, match="status 3: no such thing"):
        programs.PaceMeter(lambda _: run, recording, recording).measure()


def test_best_rate_prepares_each_call_anew():
    made: list[int] = []
    best_rate(1.0, lambda number: made.append(number), seconds=0.0, prepare=lambda: len(made))
    assert made == [0, 1]
