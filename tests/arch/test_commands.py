# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sub-command of `xband` teaches: a line in the list, a description, and a help text for each option."""

from __future__ import annotations

import argparse
import subprocess

import pytest
from project import TOP

from xband_station.cli import build_parser, load_commands


def subparsers() -> dict[str, argparse.ArgumentParser]:
    actions = [action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(actions[0].choices)


def test_every_module_adds_its_own_command() -> None:
    assert set(subparsers()) == set(load_commands())


@pytest.mark.parametrize("name", sorted(load_commands()))
def test_command_explains_itself(name: str) -> None:
    parser = subparsers()[name]
    assert parser.description
    assert len(parser.description) > 60
    assert not [action.dest for action in parser._actions if not action.help]
    assert f"\n    {name} " in build_parser().format_help() or f"\n    {name}\n" in build_parser().format_help()
    parser.format_help()  # a stray % in a help text raises here


def test_launcher_helps_before_anything_is_set_up(tmp_path) -> None:
    """A bare copy of the launcher has neither packages nor a build beside it."""
    (tmp_path / "apps").mkdir()
    launcher = tmp_path / "apps" / "xband"
    launcher.write_text((TOP / "apps" / "xband").read_text(encoding="utf-8"), encoding="utf-8")
    finished = subprocess.run(["bash", launcher, "--help"], capture_output=True, text=True)
    assert finished.returncode == 0
    assert "xband demo" in finished.stdout
    assert not (tmp_path / "build").exists()
