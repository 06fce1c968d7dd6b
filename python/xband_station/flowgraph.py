# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the flowgraphs are that missions name."""

from __future__ import annotations

from pathlib import Path

from xband_core.mission import Mission

_INSTALLED = "share/gnuradio-xband/flowgraphs"


def find_flowgraph(mission: Mission) -> str:
    """Path of the mission's flowgraph: beside the mission file, in the checkout, or where CMake installs it.

    If it is in none of them the name itself, which the receiver then refuses with a message.
    """
    folders = [mission.file.parent]
    for parent in Path(__file__).resolve().parents:
        folders += [parent / "flowgraphs", parent / _INSTALLED]
    for folder in folders:
        if (folder / mission.flowgraph).is_file():
            return str(folder / mission.flowgraph)
    return mission.flowgraph
