# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents name files and commands that exist."""

from __future__ import annotations

import re

import pytest
from project import TOP, files_below, project_files

from xband_core.mission import load_mission, mission_names
from xband_station.cli import load_commands

DOCUMENTS = [*files_below("docs", ".md"), *(path for path in project_files() if path.parent == path.parent.parent)]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
COMMAND = re.compile(r"(?:apps/|`)xband ([a-z]+)")


def texts() -> dict[str, str]:
    markdown = [path for path in DOCUMENTS if path.suffix == ".md"]
    return {str(path): (TOP / path).read_text(encoding="utf-8") for path in markdown}


def test_there_are_documents() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/architecture.md"} <= set(texts())


@pytest.mark.parametrize("name", sorted(texts()))
def test_links_lead_somewhere(name: str) -> None:
    folder = (TOP / name).parent
    links = [link for link in LINK.findall(texts()[name]) if "://" not in link]
    assert not [link for link in links if not (folder / link).exists()]


@pytest.mark.parametrize("name", sorted(texts()))
def test_commands_exist(name: str) -> None:
    assert set(COMMAND.findall(texts()[name])) <= set(load_commands())


@pytest.mark.parametrize("name", mission_names())
def test_readme_lists_the_missions_as_they_are(name: str) -> None:
    mission = load_mission(name)
    rows = [row for row in texts()["README.md"].splitlines() if row.startswith("| ")]
    row = next(row for row in rows if row.split("|")[1].strip().lower().replace(" ", "-") == name)
    assert f"{mission.centre_frequency_hz / 1e6:g} MHz" in row
    assert f"{mission.modulation.kind.upper()} {mission.modulation.symbol_rate_hz / 1e6:g} Msym/s" in row
    assert ("K=7" in row) == (mission.coding.inner != "none")
    assert f"x {mission.coding.rs.interleave}" in row
