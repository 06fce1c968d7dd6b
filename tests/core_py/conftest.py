# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures: real CADUs and the records a frame decoder would have made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA_DIR = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def cadu_dir() -> Path:
    """Folder of the real CADUs and frames; tests that need it are skipped without it."""
    directory = DATA_DIR / "cadu"
    if not directory.is_dir():
        pytest.skip(f"real CADUs not found in {directory}")
    return directory
