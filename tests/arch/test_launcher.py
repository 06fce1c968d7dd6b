# SPDX-License-Identifier: GPL-3.0-or-later
"""apps/xband on machines that lack something: a bare copy of a checkout, with stand-ins for the system's programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from project import TOP

INPUTS = [
    "apps/xband",
    "packages.txt",
    "packages-dev.txt",
    "constraints.txt",
    "requirements.txt",
    "requirements-dev.txt",
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the launcher reads, in a folder with a space in its name; and an empty folder of stand-ins."""
    top = tmp_path / "bare checkout"
    (top / "apps").mkdir(parents=True)
    for name in INPUTS:
        shutil.copy(TOP / name, top / name)
    (tmp_path / "bin").mkdir()
    return top


def stand_in(checkout: Path, program: str, script: str) -> None:
    path = checkout.parent / "bin" / program
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def call(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{checkout.parent / 'bin'}:{os.defpath}", "LC_ALL": "C"}
    return subprocess.run(
        [checkout / "apps" / "xband", *arguments], env=env, cwd="/", capture_output=True, text=True, timeout=60
    )


def test_user_without_rights_gets_the_one_command_to_run(checkout: Path) -> None:
    stand_in(checkout, "id", "echo 1000")
    stand_in(checkout, "sudo", "exit 99")  # must be named, not called
    stand_in(checkout, "dpkg-query", "echo 'ii  cmake'")
    finished = call(checkout, "demo")
    assert finished.returncode == 2
    commands = [line.strip() for line in finished.stderr.splitlines() if "apt-get" in line]
    assert len(commands) == 1
    assert commands[0].startswith("sudo apt-get install --yes")
    assert " gnuradio-dev " in commands[0]
    assert " cmake " not in commands[0] + " "
    assert "clang-format-14" not in commands[0]
    assert not (checkout / ".venv").exists()


def test_tests_want_more_packages(checkout: Path) -> None:
    stand_in(checkout, "id", "echo 1000")
    stand_in(checkout, "dpkg-query", "exit 1")
    assert "clang-format-14" in call(checkout, "test").stderr


def test_root_without_space_on_the_disk_is_told_so(checkout: Path) -> None:
    stand_in(checkout, "id", "echo 0")
    stand_in(checkout, "dpkg-query", "exit 1")
    stand_in(checkout, "df", "echo Avail; echo 1024000")
    stand_in(checkout, "apt-get", "exit 99")
    finished = call(checkout, "demo")
    assert finished.returncode == 2
    assert "1000 MB free" in finished.stderr


def test_root_without_network_is_told_so(checkout: Path) -> None:
    stand_in(checkout, "id", "echo 0")
    stand_in(checkout, "dpkg-query", "exit 1")
    stand_in(checkout, "dpkg", "exit 0")
    stand_in(checkout, "df", "echo Avail; echo 99999999")
    stand_in(checkout, "apt-get", "echo 'Temporary failure resolving deb.debian.org'; exit 100")
    finished = call(checkout, "demo")
    assert finished.returncode == 2
    assert "no network" in finished.stderr
    assert "Temporary failure" in finished.stderr


def test_works_through_a_symlink_and_from_elsewhere(checkout: Path) -> None:
    link = checkout.parent / "bin" / "xband"
    link.symlink_to(checkout / "apps" / "xband")
    finished = subprocess.run(["xband", "--help"], env={"PATH": f"{link.parent}:{os.defpath}"}, cwd="/",
                              capture_output=True, text=True)  # fmt: skip
    assert finished.returncode == 0
    assert "not set up yet" in finished.stdout
    assert not (checkout / "build").exists()
