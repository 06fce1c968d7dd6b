# SPDX-License-Identifier: GPL-3.0-or-later
"""ctest's way to pytest: `python3 tests/run_pytest.py STAGED_PACKAGES FOLDER`.

Runs with the checkout's .venv where there is one, since it holds pytest and skyfield, else with the interpreter that
CMake configured. Exit status 77 (skipped, for ctest) when that interpreter has no pytest.
"""

import os
import subprocess
import sys
from pathlib import Path

SKIPPED = 77


def main(staged_packages: str, folder: str) -> int:
    venv_python = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    python = str(venv_python) if venv_python.exists() else sys.executable
    if subprocess.run([python, "-c", "import pytest, hypothesis, skyfield"], capture_output=True).returncode:
        print(f"{python} lacks pytest, hypothesis or skyfield; `apps/xband test` makes a .venv with them")
        return SKIPPED
    packages = [staged_packages, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(packages)}
    return subprocess.run([python, "-m", "pytest", "-q", folder], env=env).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
