# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the station's tests."""

import json
from pathlib import Path

import pytest

from xband_station.orbit.geometry import Site

ORBITS = Path(__file__).resolve().parents[3] / "shared" / "data" / "orbits"


@pytest.fixture(scope="session")
def orbits_dir():
    """Real element sets and reference passes; not part of the repository."""
    if not ORBITS.is_dir():
        pytest.skip("reference orbits (../shared/data/orbits) are not on this machine")
    return ORBITS


@pytest.fixture(scope="session")
def reference(orbits_dir):
    """Loads one of the reference files."""
    return lambda name: json.loads((orbits_dir / name).read_text())


@pytest.fixture(scope="session")
def almaty():
    return Site(43.222, 76.929, 850.0)
