# SPDX-License-Identifier: GPL-3.0-or-later
"""What the architecture tests look at: the files of the project and the imports in them."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
NOT_OURS = re.compile(r"^(build.*|\..*|__pycache__)$")  # folders that a build or a tool makes
OURS_ALTHOUGH_HIDDEN = {".ci"}


@functools.cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project, relative to its top: git's list, or all but generated folders where git is missing."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=TOP, capture_output=True, text=True
    ) if (TOP / ".git").exists() and _has_git() else None  # fmt: skip
    if listed is not None and listed.returncode == 0:
        return tuple(Path(name) for name in sorted(listed.stdout.splitlines()) if (TOP / name).is_file())
    return tuple(sorted(_walk(TOP)))


@functools.cache
def _has_git() -> bool:
    try:
        return subprocess.run(["git", "--version"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name in OURS_ALTHOUGH_HIDDEN or not NOT_OURS.match(entry.name):
                yield from _walk(entry)
        elif entry.suffix != ".pyc":
            yield entry.relative_to(TOP)


def files_below(folder: str, *suffixes: str) -> list[Path]:
    """Project files below ``folder`` with one of the suffixes."""
    return [path for path in project_files() if path.is_relative_to(folder) and path.suffix in suffixes]


def included(path: Path) -> list[str]:
    """What a C++ file includes, as written."""
    return INCLUDE.findall((TOP / path).read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Dotted names of the modules a Python file imports anywhere in it; relative imports as their package's name."""
    names = set()
    package = path.relative_to("python").parts[0] if path.is_relative_to("python") else "."
    for node in ast.walk(ast.parse((TOP / path).read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            # "from gnuradio import xband" imports gnuradio.xband.
            names |= {package} if node.level else {f"{module}.{alias.name}" for alias in node.names}
    return names
