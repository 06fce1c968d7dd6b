# SPDX-License-Identifier: GPL-3.0-or-later
"""`xband doctor` finds what is wrong and says how to mend it."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from collections import namedtuple
from pathlib import Path

import pytest

from xband_station import health_checks
from xband_station.cli import main
from xband_station.health_checks import Check


def only(checks: object, name: str) -> Check:
    return next(check for check in checks if check.name == name)  # type: ignore[attr-defined]


def answer_of_probe(monkeypatch: pytest.MonkeyPatch, stdout: str) -> None:
    finished = subprocess.CompletedProcess([], 0, stdout=stdout, stderr="")
    monkeypatch.setattr(health_checks.subprocess, "run", lambda *_args, **_kwargs: finished)


def test_numpy_2_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "2.4.6")
    check = only(health_checks.check_packages(), "numpy")
    assert check.status == "error"
    assert "1.x" in check.found


def test_missing_package_names_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    check = only(health_checks.check_packages(), "skyfield")
    assert check.status == "error"
    assert "requirements.txt" in check.remedy


@pytest.mark.parametrize(
    ("answer", "name", "status"),
    [
        ({"gnuradio": "3.10.5.1", "built_with": "3.10.5.1"}, "blocks", "ok"),
        ({"gnuradio": "3.10.5.1", "error": "ImportError: built for GNU Radio 3.10.1"}, "blocks", "error"),
        ({"error": "ModuleNotFoundError: gnuradio"}, "gnuradio", "error"),
    ],
)
def test_gnuradio_and_blocks(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, object], name: str, status: str
) -> None:
    answer_of_probe(monkeypatch, json.dumps(answer))
    check = only(health_checks.check_gnuradio(), name)
    assert check.status == status
    assert bool(check.remedy) == (status != "ok")


def test_gnuradio_that_crashes_while_importing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_of_probe(monkeypatch, "")
    assert only(health_checks.check_gnuradio(), "gnuradio").status == "error"


@pytest.mark.parametrize(
    ("tracking", "status"),
    [
        ("A9FE,ntp,2,1763822000.1,0.000012,0.000001,0.00002,-8.1,0.0,0.01,0.02,0.001,64.0,Normal\n", "ok"),
        ("A9FE,ntp,2,1763822000.1,-0.250000,0.000001,0.00002,-8.1,0.0,0.01,0.02,0.001,64.0,Normal\n", "warning"),
        ("0,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n", "warning"),
        ("506 Cannot talk to daemon\n", "warning"),
    ],
)
def test_clock(monkeypatch: pytest.MonkeyPatch, tracking: str, status: str) -> None:
    monkeypatch.setattr(health_checks.shutil, "which", lambda _name: "/usr/bin/chronyc")
    answer_of_probe(monkeypatch, tracking)
    assert only(health_checks.check_clock(), "clock").status == status


def test_small_disk_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health_checks.shutil, "disk_usage", lambda _path: usage(9e9, 8e9, 1e9))
    assert only(health_checks.check_disk(), "disk").status == "warning"


def test_companion_without_our_blocks_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(health_checks.shutil, "which", lambda _name: "/usr/bin/gnuradio-companion")
    monkeypatch.setattr(health_checks, "block_description_dirs", lambda: [tmp_path])
    check = only(health_checks.check_companion(), "companion")
    assert check.status == "error"
    assert "xband grc" in check.remedy


def test_json_and_exit_code_tell_the_same(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    checks = [Check("disk", "warning", "small", "buy"), Check("numpy", "error", "2", "remove it")]
    monkeypatch.setattr(health_checks, "CHECKS", (lambda: iter(checks),))
    assert main(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert report["checks"][1] == {"name": "numpy", "status": "error", "found": "2", "remedy": "remove it"}
    checks.pop()
    assert main(["doctor"]) == 0
    assert "WARN" in capsys.readouterr().out
