# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's first decode, as a newcomer types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def lines_of_section(title: str) -> list[str]:
    """The indented command lines below a heading."""
    section = (TOP / "README.md").read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ")]


def test_first_decode(tmp_path: Path) -> None:
    commands = lines_of_section("First decode")
    assert len(commands) == 5
    # The launcher is replaced by what it starts, since a test must not set anything up.
    script = "set -e\n" + "\n".join(re.sub(r"^apps/xband", "xband", line) for line in commands)
    function = f'xband() {{ "{sys.executable}" -m xband_station "$@"; }}\n'
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    finished = subprocess.run(
        ["bash", "-c", function + script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
    )
    assert finished.returncode == 0, finished.stderr
    summary = json.loads((tmp_path / "decoded" / "summary.json").read_text(encoding="utf-8"))
    assert summary["frames_good"] + summary["frames_corrected"] > 1800
    assert summary["frames_uncorrectable"] == 0
    assert (tmp_path / "decoded" / "frames.bin").stat().st_size % 892 == 0
