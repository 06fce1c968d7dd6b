# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband bench``: the arithmetic behind its figures, and its arguments. The measurements themselves take minutes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xband_core.channel_response import ChannelResponse, Echo
from xband_core.mission import load_mission
from xband_core.records import FRAME_RECORD_HEADER, HEADER_LEN_BYTES, Integrity
from xband_station.bench import acquisition, equaliser, impairments, robustness, search_errors, sensitivity, theory
from xband_station.bench.reception import score
from xband_station.bench.scene import Conditions, make_scene
from xband_station.bench.sensitivity import LINKS, Curve, Point
from xband_station.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ["sensitivity", "--frames", "0"],
        ["sensitivity", "--frames", "many"],
        ["sensitivity", "--eb-n0-db", "nan"],
        ["sensitivity", "--eb-n0-db", "31"],
        ["sensitivity", "--seed", "-1"],
        ["warmth"],
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["bench", *arguments])
    assert stopped.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


def test_an_unknown_mission_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "sensitivity", "--mission", "sputnik"]) == 2
    assert "sputnik" in capsys.readouterr().err


def test_a_single_curve_as_json_and_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "curve.png"
    arguments = ["--mission", "suomi-npp", "--eb-n0-db", "3", "0", "--frames", "30", "--json", "--plot", str(picture)]
    assert main(["bench", "sensitivity", *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    row = report["rows"][0]
    for receiver in ("ours", "genie"):
        assert [(p["eb_n0_db"], p["share"]) for p in row[receiver]["points"]] == [(0.0, 0.0), (3.0, 1.0)]
    assert row["wrong_frames"] == 0
    assert row["goal_db"] == 1.75
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_99_percent_point_lies_between_two_points() -> None:
    """Straight in the logarithm of the loss: 10 % and 0.1 % lost are as far from 1 %."""
    curve = Curve("ours", LINKS[0], (Point(1.0, 1000, 0.9, 0), Point(1.2, 1000, 0.999, 0)))
    assert curve.threshold_db == pytest.approx(1.1)
    assert Curve("ours", LINKS[0], curve.points[:1]).threshold_db is None


def test_the_search_brackets_the_99_percent_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(mission: object, eb_n0_db: float, linewidth_hz: float, frames: int, seed: int) -> Point:
        return Point(eb_n0_db, frames, 1.0 - 10 ** (-10 * (eb_n0_db - 2.0)), 0)  # 99 % at 2.2 dB

    monkeypatch.setattr(sensitivity, "measure_ours", measured)
    curve = sensitivity.measure_curve("ours", LINKS[0], 2000, 1)
    assert [p.eb_n0_db for p in curve.points] == pytest.approx(np.arange(curve.points[0].eb_n0_db, 2.35, 0.1))
    assert curve.threshold_db == pytest.approx(2.2)


def test_frames_are_counted_by_what_they_say() -> None:
    sent = np.arange(3 * 892, dtype=np.uint32).astype(np.uint8).reshape(3, 892)
    record = np.zeros((3, 64 * 16), np.uint8)
    record[:, HEADER_LEN_BYTES : HEADER_LEN_BYTES + 892] = sent
    record[1, HEADER_LEN_BYTES + 500] ^= 1  # vouched for, but never sent
    record[2, FRAME_RECORD_HEADER.fields["integrity"][1]] = Integrity.UNCORRECTABLE
    result = score(sent, [record])
    assert result.arrived.tolist() == [True, False, False]
    assert (result.wrong, result.lost) == (1, 2)


def test_theory_of_hard_decisions_meets_what_was_measured_elsewhere() -> None:
    """5.73 dB with NRZ-M on each rail: 2000 frames with perfect synchronisation and libfec's decoder."""
    aqua = load_mission("aqua")
    threshold_db = theory.threshold_db(lambda db: theory.hard_decision_loss(aqua, db) or 0.0)
    assert threshold_db == pytest.approx(5.73, abs=0.02)
    assert theory.hard_decision_loss(load_mission("suomi-npp"), 2.0) is None


def test_no_code_beats_capacity() -> None:
    """For endless frames the bound is capacity: 0.19 dB per information bit at rate 1/2 (+-1 in white noise)."""
    bits = 1e7
    shape = theory.CodeShape(bits=int(bits / 2), channel_bits=bits, inner_rate=0.5)
    assert theory.threshold_db(lambda db: theory.best_code_loss(shape, db)) == pytest.approx(0.19, abs=0.02)


def test_a_scene_knows_where_its_frames_are() -> None:
    """A drop-out inside frame 3 touches that frame alone, and the receiver loses that frame alone."""
    scene = make_scene(load_mission("suomi-npp"), 8, Conditions(eb_n0_db=8.0, lead_in_s=2e-3))
    begin, end = scene.frame_bounds[3:5]
    event = (begin + 0.1 * (end - begin), begin + 0.9 * (end - begin))
    assert np.flatnonzero(scene.touched([event])).tolist() == [3]
    raw = impairments.quantise(impairments.blank(scene.samples, [int(event[0])], int(event[1] - event[0])), "cs8")
    result, acquired_at = acquisition.receive_scene(scene, raw, "cs8")
    assert np.flatnonzero(~result.arrived).tolist() == [3]
    assert 0 < acquired_at < len(scene.samples)


@pytest.mark.parametrize(("name", "index"), [("suomi-npp", 69), ("suomi-npp", 302), ("noaa-21", 24), ("noaa-21", 170)])
def test_a_signal_out_of_noise_is_whole_at_2_db(name: str, index: int) -> None:
    """Signals whose first frame was lost when the noise ahead of it was taken for a carrier somewhere else."""
    trial = acquisition.measure_trial(name, 2.0, index, seed=1)
    assert (trial.lost, trial.wrong) == (0, 0)


def test_a_search_error_is_told() -> None:
    row = search_errors.Row("qpsk", 2.0, (search_errors.Finding(70.0, 0.0), search_errors.Finding(None, None)))
    assert (row.as_dict()["wrong"], row.as_dict()["not_found"]) == (1, 1)
    assert not search_errors.measure("oqpsk", 5.0, 0, seed=1).is_wrong


def test_lead_in_has_the_noise_of_the_signal_behind_it() -> None:
    """The half frame behind the last one is noise of the simulator; the noise ahead of the first one is the scene's."""
    scene = make_scene(load_mission("suomi-npp"), 4, Conditions(eb_n0_db=2.0, lead_in_s=2e-3))
    begin, end = scene.frame_bounds[[0, -1]]
    before = np.mean(np.abs(scene.samples[: int(begin) - 100]) ** 2)
    behind = np.mean(np.abs(scene.samples[int(end) + 100 :]) ** 2)
    assert before == pytest.approx(behind, rel=0.05)
    within = np.mean(np.abs(scene.samples[int(begin) : int(end)]) ** 2)
    assert within - before == pytest.approx(scene.signal_power, rel=0.05)


def test_quantisers_round_and_clip() -> None:
    samples = np.array([0.0, 1.0 + 2.0j, -0.3 - 5.0j], np.complex64)
    assert impairments.quantise(samples, "cs8").view(np.int8).tolist() == [0, 0, 127, 127, -38, -127]
    assert impairments.quantise(samples, "cs8", bits=4).view(np.int8).tolist() == [0, 0, 126, 126, -36, -126]


def test_verdict_needs_every_frame_that_a_cold_start_brings() -> None:
    good = robustness.Row("m", "w", 1, 2, 4, 2, 2, 0.1, 0, limit=2)
    assert good.passes
    assert not replace(good, worst_beyond=3).passes
    assert not replace(good, wrong=1).passes


def test_the_best_linear_equaliser_by_the_book() -> None:
    flat, narrow = ChannelResponse(), ChannelResponse(filter_width_norm=0.9)
    echo = ChannelResponse(echoes=(Echo(1.0, -6.0, 0.0),))
    assert equaliser.best_linear_ratio(flat, 0.5, 2.0) == pytest.approx(2.0, rel=1e-4)
    # Mean over frequency of 1 / (1 + a + b cos) is 1 / sqrt((1 + a)^2 - b^2); with an echo of one symbol a and b are
    # those of |1 + g e^jw|^2 over its mean, where the folded spectrum is flat.
    gain = 10 ** (-6 / 20)
    a, b = 2.0, 2.0 * 2 * gain / (1 + gain**2)
    assert equaliser.best_linear_ratio(echo, 0.05, 2.0) == pytest.approx(np.sqrt((1 + a) ** 2 - b**2) - 1, rel=0.02)
    mission = load_mission("suomi-npp")
    bounds = [equaliser.bound_db(mission, path, 1.5) for path in (flat, narrow)]
    assert bounds[0] == pytest.approx(1.5, abs=1e-3)
    assert bounds[1] > 1.6


@pytest.mark.parametrize(
    ("name", "path", "eb_n0_db"),
    [("noaa-21", "two rays, -6 dB, 1.3 symbols", 3.4), ("aqua", "two rays, -10 dB, 1.3 symbols", 7.5)],
)
def test_the_equaliser_brings_every_frame_or_none(name: str, path: str, eb_n0_db: float) -> None:
    """The first frame included, behind echoes that leave nothing without it."""
    mission = load_mission(name)
    shares = {
        mode: equaliser.measure(mission, equaliser.PATHS[path], mode, eb_n0_db, 40, 1).share for mode in equaliser.MODES
    }
    assert shares == {"off": 0.0, "auto": 1.0}
