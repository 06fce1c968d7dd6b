# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of ``xband test``: what each runs, and how its outcome is counted.

A part that cannot run at all counts as failed, so that nothing goes missing quietly.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

CLANG_FORMAT = "clang-format-14"
CLANG_TIDY = "clang-tidy-14"
PYTHON_FOLDERS = ("python", "tests", "tools")
CPP_SUFFIXES = {".h", ".cc", ".c"}


@dataclass(frozen=True)
class Outcome:
    """Counts of one part; ``failures`` names what failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One part of the tests: ``run(top, arguments)`` gets the checkout and the user's extra arguments for pytest."""

    name: str
    title: str
    run: Callable[[Path, Sequence[str]], Outcome]


def count_junit(report: Path, status: int, name: str) -> Outcome:
    """Counts from a JUnit XML file as ctest and pytest write it.

    Args: report: the file; status: exit status of the program that wrote it; name: of the part, for the message.
    A status other than 0 without a failure in the file is a failure of its own: a crash, or no tests found.
    """
    passed = skipped = 0
    failures = []
    with contextlib.suppress(FileNotFoundError, ElementTree.ParseError):
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            label = "::".join(filter(None, [case.get("classname"), case.get("name")]))
            # ctest says "disabled" or "notrun" in an attribute where pytest has a <skipped> element.
            if case.find("failure") is not None or case.find("error") is not None:
                failures.append(label)
            elif case.find("skipped") is not None or case.get("status") in ("disabled", "notrun"):
                skipped += 1
            else:
                passed += 1
    if status != 0 and not failures:
        failures.append(f"{name}: ended with status {status}")
    if status == 0 and passed + skipped == 0:
        failures.append(f"{name}: ran no test")
    return Outcome(passed, len(failures), skipped, tuple(failures))


def not_installed(name: str, program: str) -> Outcome:
    """A part whose program is missing has failed, not been skipped."""
    return Outcome(failed=1, failures=(f"{name}: {program} is not installed (see packages-dev.txt)",))


def run_check(name: str, command: Sequence[str | Path], top: Path) -> Outcome:
    """One program whose exit status is the verdict; what it prints goes straight to the user."""
    if shutil.which(command[0]) is None:
        return not_installed(name, str(command[0]))
    status = subprocess.run(command, cwd=top, stdin=subprocess.DEVNULL).returncode
    return Outcome(passed=1) if status == 0 else Outcome(failed=1, failures=(f"{name}: ended with status {status}",))


def run_ctest(top: Path, build: Path, name: str, label: str = "core") -> Outcome:
    """The kernel tests of one build directory. label: of the tests (tests/CMakeLists.txt)."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        status = subprocess.run(
            ["ctest", "--test-dir", build, "--label-regex", label, "--output-on-failure", "--output-junit", report,
             "--parallel", str(os.cpu_count() or 1)],
            cwd=top, stdin=subprocess.DEVNULL,
        ).returncode  # fmt: skip
        return count_junit(report, status, name)


def run_core(top: Path, _: Sequence[str]) -> Outcome:
    """Kernel tests of build/, which the launcher has brought up to date."""
    return run_ctest(top, top / "build", "core")


def run_preset(top: Path, preset: str, label: str = "core") -> Outcome:
    """Configures and builds a preset of CMakePresets.json, then runs its kernel tests."""
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    for command in (["cmake", "--preset", preset, *launcher], ["cmake", "--build", "--preset", preset]):
        finished = subprocess.run(command, cwd=top, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if finished.returncode:
            print((finished.stdout + finished.stderr)[-8000:])
            return Outcome(failed=1, failures=(f"{preset}: {' '.join(command[:3])} failed",))
    return run_ctest(top, top / f"build-{preset}", preset, label)


def run_asan(top: Path, _: Sequence[str]) -> Outcome:
    """Kernel tests under AddressSanitizer and UndefinedBehaviorSanitizer."""
    return run_preset(top, "asan")


def run_scalar(top: Path, _: Sequence[str]) -> Outcome:
    """Tests of the decoders in the build without Highway; the other kernels are the same code in both builds."""
    return run_preset(top, "scalar", "decoder")


def run_pytest(top: Path, arguments: Sequence[str]) -> Outcome:
    """Every Python test, in a process for each processor; the tests of a file in one of them."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", "--durations=5",
                   f"--numprocesses={os.cpu_count() or 1}", "--dist=loadfile", *arguments]  # fmt: skip
        status = subprocess.run(command, cwd=top, stdin=subprocess.DEVNULL).returncode
        return count_junit(report, status, "pytest")


def run_format(top: Path, _: Sequence[str]) -> Outcome:
    """Layout of all sources."""
    folders = ("lib", "include", "python", "tests")
    sources = sorted(path for folder in folders for path in (top / folder).rglob("*") if path.suffix in CPP_SUFFIXES)
    cpp = run_check("format", [CLANG_FORMAT, "--dry-run", "-Werror", *sources], top)
    ruff = [sys.executable, "-m", "ruff", "format", "--check", "--quiet", *PYTHON_FOLDERS]
    python = run_check("format", ruff, top)
    return Outcome(cpp.passed + python.passed, cpp.failed + python.failed, 0, cpp.failures + python.failures)


def run_tidy(top: Path, _: Sequence[str]) -> Outcome:
    """clang-tidy over the kernels; not over *_simd.cc, which Highway compiles once per target (minutes)."""
    sources = [path for path in sorted(top.glob("lib/core/*/*.cc")) if not path.stem.endswith("_simd")]
    if shutil.which(CLANG_TIDY) is None:
        return not_installed("tidy", CLANG_TIDY)

    def check(source: Path) -> subprocess.CompletedProcess[str]:
        # GCC has sized deallocation on by default in C++14 and later, clang 14 has not.
        options = ["--quiet", f"-p={top}/build", "--extra-arg=-fsized-deallocation"]
        command = [CLANG_TIDY, *options, str(source)]
        return subprocess.run(command, cwd=top, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        finished = list(pool.map(check, sources))
    failures = []
    for source, one in zip(sources, finished, strict=True):
        if one.returncode:
            print(one.stdout.strip() or one.stderr.strip())
            failures.append(f"tidy: {source.relative_to(top)}")
    return Outcome(len(sources) - len(failures), len(failures), failures=tuple(failures))


def run_lint(top: Path, _: Sequence[str]) -> Outcome:
    """ruff's rules over all Python."""
    return run_check("lint", [sys.executable, "-m", "ruff", "check", "--quiet", *PYTHON_FOLDERS], top)


def run_types(top: Path, _: Sequence[str]) -> Outcome:
    """mypy --strict over xband_core and xband_station (files listed in pyproject.toml)."""
    return run_check("types", [sys.executable, "-m", "mypy"], top)


# Quick and telling ones first; those that compile last.
PARTS = (
    Part("lint", "ruff over all Python", run_lint),
    Part("types", "mypy --strict over xband_core and xband_station", run_types),
    Part("format", f"{CLANG_FORMAT} over all C++, ruff format over all Python", run_format),
    Part("core", "kernel tests in C++ (ctest)", run_core),
    Part("python", "Python tests: architecture, kernels, blocks, station, end to end (pytest)", run_pytest),
    Part("tidy", f"{CLANG_TIDY} over the kernels", run_tidy),
    Part("scalar", "tests of the decoders without SIMD (build-scalar/)", run_scalar),
    Part("asan", "kernel tests under address and undefined-behaviour sanitizers (build-asan/)", run_asan),
)
