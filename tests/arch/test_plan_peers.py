# SPDX-License-Identifier: GPL-3.0-or-later
"""What judges the planner must not be the planner."""

from __future__ import annotations

import pytest
from project import TOP, imported

FOLDER = TOP / "python" / "xband_station" / "bench"
MAY_IMPORT = {"plan_validator.py": set(), "plan_oracle.py": {"xband_station.bench.plan_validator"}}


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_judges_share_no_code_with_the_planner(name: str) -> None:
    ours = {module for module in imported((FOLDER / name).relative_to(TOP)) if module.startswith("xband")}
    assert {module.rpartition(".")[0] for module in ours} <= MAY_IMPORT[name]
