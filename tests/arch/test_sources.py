# SPDX-License-Identifier: GPL-3.0-or-later
"""Habits that every source file keeps."""

from __future__ import annotations

import re
from pathlib import Path

from project import TOP, files_below, project_files

MAX_LINES = 450  # a file is one room; see CONTRIBUTING.md
SOURCE_SUFFIXES = {".py", ".h", ".cc", ".c", ".js"}
# Folders of one person's machine; a path below them works nowhere else.
MACHINE_PATH = re.compile(r"(?<![\w./])/(work|root|farm|home/\w+)/")
TEXT_SUFFIXES = SOURCE_SUFFIXES | {".md", ".yml", ".json", ".txt", ".toml", ".cmake", ".in", ".grc", ".html", ""}


def sources() -> list[Path]:
    return [path for path in project_files() if path.suffix in SOURCE_SUFFIXES]


def lines(path: Path) -> list[str]:
    return (TOP / path).read_text(encoding="utf-8").splitlines()


def test_there_are_sources() -> None:
    assert len(sources()) > 20


def test_every_source_names_its_licence() -> None:
    notice = "SPDX-License-Identifier: GPL-3.0-or-later"
    assert not [str(path) for path in sources() if not any(notice in line for line in lines(path)[:3])]


def test_no_source_is_too_long() -> None:
    assert not [f"{path}: {len(lines(path))} lines" for path in sources() if len(lines(path)) > MAX_LINES]


def test_names_no_path_of_one_machine() -> None:
    wrong = []
    for path in project_files():
        if path.suffix in TEXT_SUFFIXES and path.name != "LICENSE":
            text = (TOP / path).read_text(encoding="utf-8", errors="replace")
            wrong += [f"{path}: {match.group()}" for match in MACHINE_PATH.finditer(text)]
    assert not wrong


def test_no_source_is_built_for_this_processor_only() -> None:
    """-march=native makes a build that crashes on the next machine; dispatch at run time is Highway's work."""
    files = [path for path in project_files() if path.name == "CMakeLists.txt" or path.suffix == ".cmake"]
    assert files
    assert not [str(path) for path in files if "-march=native" in (TOP / path).read_text(encoding="utf-8")]


def test_only_simd_sources_use_highway() -> None:
    users = [path for path in files_below("lib", ".h", ".cc") if "hwy/" in (TOP / path).read_text(encoding="utf-8")]
    assert not [str(path) for path in users if not (path.stem.endswith("_simd") or path.stem == "simd_target")]
