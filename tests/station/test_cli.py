# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line's frame: discovery, exit codes, messages."""

import argparse
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from xband_core.errors import XbandError
from xband_station import __version__, cli

REPO = Path(__file__).resolve().parents[2]


def fake_command(action):
    def add_parser(subparsers):
        subparsers.add_parser("fake", help="a command of this test")

    return {"fake": SimpleNamespace(add_parser=add_parser, run=action)}


def run_fake(monkeypatch, action):
    monkeypatch.setattr(cli, "load_commands", lambda: fake_command(action))
    return cli.main(["fake"])


def test_every_command_has_help_and_is_named_as_its_file():
    commands = cli.load_commands()
    parser = cli.build_parser()
    (action,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    assert set(action.choices) == set(commands)
    assert {a.dest for a in action._choices_actions if a.help} == set(commands)


def test_exit_code_is_what_the_command_returns(monkeypatch):
    assert run_fake(monkeypatch, lambda args: 3) == 3


def test_user_error_is_a_message_without_traceback(monkeypatch, capsys):
    def action(args):
        raise XbandError("station.yml:3: min_elevation_deg: 95 is above 90")

    assert run_fake(monkeypatch, action) == 2
    assert capsys.readouterr().err == "xband: station.yml:3: min_elevation_deg: 95 is above 90\n"


def test_missing_package_is_a_message_that_leads_to_the_doctor(monkeypatch, capsys):
    def passes_without_skyfield(args):
        raise ModuleNotFoundError("No module named 'skyfield.api'", name="skyfield.api")

    assert run_fake(monkeypatch, passes_without_skyfield) == 2
    assert "skyfield.api is missing; `xband doctor`" in capsys.readouterr().err


def test_missing_module_of_ours_is_a_bug(monkeypatch):
    def broken(args):
        raise ModuleNotFoundError("No module named 'xband_core.nowhere'", name="xband_core.nowhere")

    with pytest.raises(ModuleNotFoundError):
        run_fake(monkeypatch, broken)


def test_interrupt_is_clean(monkeypatch, capsys):
    def action(args):
        raise KeyboardInterrupt

    assert run_fake(monkeypatch, action) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_is_not_hidden(monkeypatch):
    def action(args):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_fake(monkeypatch, action)


def test_version_is_the_projects():
    version = re.search(r"project\(gr-xband VERSION (\S+)", (REPO / "CMakeLists.txt").read_text()).group(1)
    assert __version__ == version
