# SPDX-License-Identifier: GPL-3.0-or-later
# The compiled kernels, for type checkers: named here so that they may be imported, described in their docstrings.
from typing import Any

def __getattr__(name: str) -> Any: ...
