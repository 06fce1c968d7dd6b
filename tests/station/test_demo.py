# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration with a receiver of the kernels alone: simulator, supervisor, publisher, consumer, account."""

import json
import sys
from pathlib import Path

import pytest

from xband_core.errors import XbandError
from xband_station.commands import demo as command
from xband_station.demo import Account, Demo

CORE_WORKER = Path(__file__).parent / "core_worker.py"
FAKE_WORKER = Path(__file__).parent / "fake_worker.py"


@pytest.mark.slow
def test_every_frame_is_accounted_for(tmp_path):
    result = Demo(tmp_path, 10.0, (sys.executable, str(CORE_WORKER))).run()
    account = result.account
    assert account.adds_up
    assert account.sent > 18000
    # The antenna's null is 0.2 s of 1838 frames a second; acquisition on both sides of it costs little more.
    assert 300 < account.lost < 600
    report = json.loads((Path(result.record.folder) / "report.json").read_text())
    assert report["outcome"] == "complete"
    # The last block holds the silence behind the signal, in which the receiver takes a moment to give up.
    offsets_hz = [row["carrier_offset_hz"] for row in report["measured"][:-1] if row["locked"]]
    assert 165e3 < min(offsets_hz) <= max(offsets_hz) < 175e3
    assert result.report.is_file()


@pytest.mark.parametrize(
    "change",
    [
        {"lost": 9},
        {"sent": 111},
        {"published": 99},
        {"archived": 101},
        {"consumed": 99},
        {"consumer_missed": 1},
        {"decoded": 0, "published": 0, "archived": 0, "consumed": 0, "lost": 110},
    ],
)
def test_an_account_that_does_not_add_up_is_noticed(change):
    right = {"sent": 110, "decoded": 100, "lost": 10, "published": 100, "archived": 100, "consumed": 100}
    assert Account(**right, consumer_missed=0).adds_up
    assert not Account(**{**right, "consumer_missed": 0, **change}).adds_up


def test_a_receiver_that_does_not_run_fails_the_demo(tmp_path, monkeypatch, capsys):
    refusing = (sys.executable, str(FAKE_WORKER), "--fault", "refuse")
    monkeypatch.setattr("xband_station.demo.Demo.__init__.__defaults__", (refusing,))
    arguments = command_arguments(tmp_path)
    assert command.run(arguments) == 1
    assert "flowgraph was refused" in capsys.readouterr().out


def command_arguments(out_dir):
    import argparse

    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args(["demo", "--out", str(out_dir), "--seconds", "10"])


@pytest.mark.parametrize("seconds", [1.0, 1e9, float("nan")])
def test_seconds_out_of_range_are_named(tmp_path, seconds):
    with pytest.raises(XbandError, match="--seconds"):
        Demo(tmp_path, seconds)


def test_an_output_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(XbandError, match="file"):
        Demo(tmp_path / "file", 10.0)
