# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a signal came in, over a whole pass: figures of docs/quality.md, gathered batch by batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .framing import FrameBatch
from .records import NOT_KNOWN_U16, RS_MARGIN_UNKNOWN

_BEYOND_REPAIR = -1
_QUANTILES = {"least": 0.0, "percentile_1": 0.01, "percentile_10": 0.1, "median": 0.5}


class Mean:
    """Mean of the finite values."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0

    def add(self, values: npt.NDArray[np.floating[Any]]) -> None:
        """Takes any number of values."""
        finite = values[np.isfinite(values)].astype(np.float64)
        self._sum += float(finite.sum())
        self._count += len(finite)

    def value(self, decimals: int) -> float | None:
        """None without a finite value."""
        return round(self._sum / self._count, decimals) if self._count else None


class QualitySummary:
    """Means are over frames that can be trusted; slips, channel bits and margins over all."""

    def __init__(self) -> None:
        self._es_n0_db = Mean()
        self._evm_percent = Mean()
        self._carrier_offset_hz = Mean()
        self._symbol_rate_error_ppm = Mean()
        self._phase_slips = 0
        self._bit_slips = 0
        self._channel_bits = 0
        self._channel_bit_errors = 0
        self._by_margin: dict[int, int] = {}

    def add(self, batch: FrameBatch) -> None:
        """Counts one batch."""
        records = batch.records
        trusted = records[batch.is_trusted]
        self._es_n0_db.add(trusted["es_n0_db"])
        self._evm_percent.add(trusted["evm_percent"])
        self._carrier_offset_hz.add(trusted["carrier_offset_hz"])
        self._symbol_rate_error_ppm.add(trusted["symbol_rate_error_ppm"])
        self._phase_slips += int(records["phase_slips"].sum(dtype=np.int64))
        self._bit_slips += int(np.count_nonzero(records["bit_slip"]))
        compared = records[records["channel_bit_errors"] != NOT_KNOWN_U16]
        self._channel_bits += int(compared["channel_bits"].sum(dtype=np.int64))
        self._channel_bit_errors += int(compared["channel_bit_errors"].sum(dtype=np.int64))
        for margin, count in zip(*np.unique(records["rs_margin"], return_counts=True), strict=True):
            if margin != RS_MARGIN_UNKNOWN:
                self._by_margin[int(margin)] = self._by_margin.get(int(margin), 0) + int(count)

    def as_json(self) -> dict[str, Any]:
        """The figures as they stand in summary.json; null: not known."""
        bits = self._channel_bits
        return {
            "es_n0_db": self._es_n0_db.value(3),
            "evm_percent": self._evm_percent.value(3),
            "carrier_offset_hz": self._carrier_offset_hz.value(1),
            "symbol_rate_error_ppm": self._symbol_rate_error_ppm.value(3),
            "channel_bits": bits,
            "channel_bit_errors": self._channel_bit_errors,
            "channel_ber": float(f"{self._channel_bit_errors / bits:.4g}") if bits else None,
            "phase_slips": self._phase_slips,
            "bit_slips": self._bit_slips,
            "rs_margin": {name: self._margin_quantile(share) for name, share in _QUANTILES.items()},
            "frames_by_rs_margin": {str(margin): self._by_margin[margin] for margin in sorted(self._by_margin)},
        }

    def _margin_quantile(self, share: float) -> int | None:
        """Margin that this share of the frames which came right stays below or reaches."""
        right = {margin: count for margin, count in self._by_margin.items() if margin != _BEYOND_REPAIR}
        wanted = max(1, math.ceil(share * sum(right.values())))
        for margin in sorted(right):
            wanted -= right[margin]
            if wanted <= 0:
                return margin
        return None
