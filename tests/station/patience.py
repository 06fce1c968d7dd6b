# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable

# What the station promises takes ten seconds at most; a loaded machine gets some more before a test gives up.
PATIENCE_S = 15.0


def until(condition: Callable[[], object]) -> bool:
    """Waits for a condition; False if it does not come."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.02)
    return True
