# SPDX-License-Identifier: GPL-3.0-or-later
"""A progress bar on stderr, where a person looks; nothing at all in files and pipes."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_WIDTH = 30
_REFRESH_S = 0.1


class ProgressBar:
    """``with ProgressBar("writing", total, "samples") as bar: bar(done)``. total None: only a count is shown."""

    def __init__(self, label: str, total: int | None, unit: str) -> None:
        self._label = label
        self._total = total
        self._unit = unit
        self._is_shown = sys.stderr.isatty()
        self._started_s = time.monotonic()
        self._drawn_s = 0.0
        self._done = 0

    def __call__(self, done: int) -> None:
        self._done = done
        now_s = time.monotonic()
        if self._is_shown and now_s - self._drawn_s >= _REFRESH_S:
            self._drawn_s = now_s
            self._draw(now_s)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            self._draw(time.monotonic())
            sys.stderr.write("\n")

    def _draw(self, now_s: float) -> None:
        rate = self._done / max(now_s - self._started_s, 1e-3)
        text = f"{self._done / 1e6:.1f} M{self._unit}, {rate / 1e6:.1f} M/s"
        if self._total:
            share = min(1.0, self._done / self._total)
            filled = round(_WIDTH * share)
            text = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {share:4.0%}  {text}"
        sys.stderr.write(f"\r{self._label} {text}\x1b[K")
        sys.stderr.flush()
