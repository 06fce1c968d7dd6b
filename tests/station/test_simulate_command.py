# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband simulate`` as a user calls it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xband_station.cli import main

COMMON = ["simulate", "--mission", "suomi-npp"]
TIMEOUT_S = 30.0


def test_recording_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, truth = tmp_path / "one.sigmf-meta", tmp_path / "truth.json"
    options = ["--seconds", "0.01", "--eb-n0-db", "5", "--clock-ppm", "20", "--truth", str(truth), "--format", "cs16"]
    assert main([*COMMON, "--out", str(out), *options]) == 0
    assert "330000 samples, 18 frames" in capsys.readouterr().out
    written = json.loads(truth.read_text())
    assert written == json.loads(out.read_text())["annotations"][0]["xband:truth"]
    assert written["frames_sent"] == 18
    assert written["es_n0_db"] == [[0.0, 5.0]]  # one bit a symbol: QPSK at rate 1/2
    assert written["clock_error_ppm"] == 20.0
    assert (tmp_path / "one.sigmf-data").stat().st_size == 4 * 330_000


def test_plan_gives_the_pass(tmp_path: Path) -> None:
    plan = {
        "sample_rate_hz": 36e6,
        "first_sample_time_ns": 1_784_686_491_887_000_000,
        "doppler": [{"start_sample": 0, "coefficients_hz": [150e3, -90.0]}],
        "es_n0_db": [[0, 4], [5, 12]],
        "fades": [{"start_s": 0.002, "length_s": 0.001, "depth_db": 30}],
    }
    file, truth = tmp_path / "plan.json", tmp_path / "truth.json"
    file.write_text(json.dumps(plan))
    options = ["--seconds", "0.005", "--plan", str(file), "--truth", str(truth)]
    assert main([*COMMON, "--out", str(tmp_path / "one"), *options]) == 0
    written = json.loads(truth.read_text())
    assert {key: written[key] for key in plan} == plan
    assert written["samples"] == 180_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "plan: '[]' found, allowed: an object"),
        ('{"dopler": []}', "'dopler' found, allowed: the keys doppler, es_n0_db"),
        ('{"doppler": [{"start_sample": 0, "coefficients_hz": [1]}]}', "sample_rate_hz: 'None' found"),
        ('{"doppler": [{"start_sample": -1, "coefficients_hz": [1]}]}', "doppler[0].start_sample: '-1' found"),
        ('{"doppler": [{"start_sample": 0}]}', "doppler[0].coefficients_hz: 'None' found"),
        ('{"es_n0_db": [[0, "x"]]}', "es_n0_db[0][1]: 'x' found"),
        ('{"es_n0_db": [[1, 2], [0, 2]]}', "es_n0 time_s 0.000000 not in ascending order"),
        ('{"fades": [{"start_s": 0, "length_s": -1, "depth_db": 3}]}', "fade length_s -1.0"),
        ('{"sample_rate_hz": 1e6}', "samples_per_symbol 0.066"),
    ],
)
def test_a_wrong_plan_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    assert main([*COMMON, "--out", str(tmp_path / "one"), "--plan", str(file)]) == 2
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seconds", "0"], "seconds 0 is not above 0"),
        (["--seconds", "nan"], "seconds nan"),
        (["--samples-per-symbol", "1"], "samples_per_symbol 1.0"),
        (["--sample-rate", "-5"], "sample_rate_hz -5 "),
        (["--sample-rate", "0"], "sample_rate_hz 0 "),
        (["--clock-ppm", "1e6"], "clock_error_ppm 1000000"),
        (["--frequency-offset-hz", "1e9"], "frequency_offset_hz 1000000000"),
        (["--es-n0-db", "inf"], "es_n0_db inf"),
        (["--linewidth-hz", "-1"], "linewidth_hz -1"),
        (["--seed", "-1"], "seed -1"),
        (["--frames", "/nowhere"], "/nowhere: cannot be read"),
        (["--realtime"], "--realtime goes with --serve"),
        (["--mission", "sputnik"], "sputnik"),
    ],
)
def test_wrong_values_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main([*COMMON, "--out", str(tmp_path / "one"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_wrong_words_are_refused_by_the_parser(capsys: pytest.CaptureFixture[str]) -> None:
    for options in (
        ["--out", "x", "--format", "u8"],
        ["--out", "x", "--seed", "one"],
        [],
        ["--out", "x", "--serve", "y"],
    ):
        with pytest.raises(SystemExit, match="2"):
            main([*COMMON, *options])
    capsys.readouterr()


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "none" / "one.cs8"
    assert main([*COMMON, "--out", str(out), "--seconds", "0.001"]) == 2
    assert f"cannot write {out}: No such file or directory" in capsys.readouterr().err


def test_a_server_ends_well_on_sigterm(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    command = [sys.executable, "-m", "xband_station", *COMMON, "--serve", "tcp://127.0.0.1:0", "--truth", str(truth)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        uri = process.stdout.readline().split()[-1]
        host, port = uri.removeprefix("tcp://").split(":")
        with socket.create_connection((host, int(port)), TIMEOUT_S) as client:
            assert json.loads(client.makefile("rb").readline())["xband_iq"] == 1
            process.send_signal(signal.SIGTERM)
            assert process.wait(TIMEOUT_S) == 0
    written = json.loads(truth.read_text())
    assert written["server"]["connections"] == 1
    assert written["samples"] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--multipath", "1.3,-6"], "'1.3,-6' is not DELAY,DB,DEG"),
        (["--multipath", "1.3,-6,nan"], "is not DELAY,DB,DEG"),
        (["--multipath", "30,-6,0"], "multipath delay_symbols 30 is not within -12 to 12"),
        (["--ripple-db", "1"], "'1' is not DB,PERIOD"),
        (["--band-filter", "1.1,2.5"], "order 2.5 is not a whole number"),
    ],
)
def test_paths_that_cannot_be(options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    try:
        status = main([*COMMON, "--out", str(tmp_path / "x.cs8"), *options])
    except SystemExit as exit_:  # argparse
        status = int(exit_.code or 0)
    assert status == 2
    assert message in capsys.readouterr().err


def test_truth_tells_the_path(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    options = ["--seconds", "0.002", "--truth", str(truth), "--multipath", "1.3,-6,60", "--tilt-db", "2"]
    options += ["--ripple-db", "1,0.25", "--band-filter", "1.1,6"]
    assert main([*COMMON, "--out", str(tmp_path / "x.cs8"), *options]) == 0
    path = json.loads(truth.read_text())["path"]
    assert path["echoes"] == [{"delay_symbols": 1.3, "level_db": -6.0, "phase_deg": 60.0}]
    assert [path[key] for key in ("tilt_db", "ripple_db", "ripple_period_norm")] == [2.0, 1.0, 0.25]
    assert [path[key] for key in ("filter_width_norm", "filter_order")] == [1.1, 6]
