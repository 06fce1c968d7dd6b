# SPDX-License-Identifier: GPL-3.0-or-later
"""One JSON object per frame: the lines of frames.jsonl and frames_bad.jsonl."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .frame_headers import CYCLE_NOT_USED, POINTER_ABSENT
from .framing import GAP_DISCONTINUITY, TIME_UNKNOWN_NS, FrameBatch
from .records import (
    CHECK_FECF_PRESENT,
    CHECK_FECF_RIGHT,
    CHECK_HEADER,
    NOT_KNOWN_U16,
    RS_MARGIN_UNKNOWN,
    UNCORRECTABLE_CODEWORD,
    Integrity,
    Recovery,
    SyncState,
)
from .utc import format_utc_ns


def frame_lines(batch: FrameBatch, rows: npt.NDArray[np.intp]) -> bytes:
    """Lines for the chosen frames, in order. What is not known is null; codewords beyond repair are null too."""
    columns = _columns(batch, rows)
    common = {"mission": batch.mission.name, "pass_id": batch.pass_id, "clock_quality": batch.clock_quality}
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
    lines = [encode({**common, **dict(zip(columns, row, strict=True))}) for row in zip(*columns.values(), strict=True)]
    return "".join(line + "\n" for line in lines).encode()


def _columns(batch: FrameBatch, rows: npt.NDArray[np.intp]) -> dict[str, list[Any]]:
    """The values of every key, one list each: plain Python values come out of numpy cheaply only by the column."""
    records = batch.records[rows]
    headers = batch.headers
    rs = batch.mission.coding.rs
    codewords = 0 if rs is None else rs.interleave
    time_ns = _known(batch.time_ns[rows], lambda value: value != TIME_UNKNOWN_NS)
    first_sample = records["first_sample"]
    has_channel_errors = records["channel_bit_errors"] != NOT_KNOWN_U16
    return {
        "sequence": records["sequence"].tolist(),
        "time_utc": [None if value is None else format_utc_ns(value) for value in time_ns],
        "time_ns": time_ns,
        "first_sample": _rounded(first_sample, 3),
        "elapsed_s": _rounded(first_sample / batch.sample_rate_hz, 9),
        "scid": headers.scid[rows].tolist(),
        "vcid": headers.vcid[rows].tolist(),
        "vc_count": headers.vc_count[rows].tolist(),
        "vc_count_cycle": _known(headers.vc_count_cycle[rows], lambda value: value != CYCLE_NOT_USED),
        "gap_before": _known(batch.gap_before[rows], lambda value: value < GAP_DISCONTINUITY),
        "is_replay": headers.is_replay[rows].tolist(),
        "is_idle": headers.is_idle[rows].tolist(),
        "first_header_pointer": _known(headers.first_header_pointer[rows], lambda value: value != POINTER_ABSENT),
        "ocf": [
            f"{word:08x}" if present else None
            for word, present in zip(headers.ocf[rows].tolist(), headers.has_ocf[rows].tolist(), strict=True)
        ],
        "integrity": [Integrity(value).name.lower() for value in records["integrity"].tolist()],
        "corrected_symbols": [
            [None if count == UNCORRECTABLE_CODEWORD else count for count in counts]
            for counts in records["corrected_symbols"][:, :codewords].tolist()
        ],
        "fecf": [_fecf(checks) for checks in records["checks"].tolist()],
        "is_header_as_mission": ((records["checks"] & CHECK_HEADER) != 0).tolist(),
        "sync": [SyncState(value).name.lower() for value in records["sync"].tolist()],
        "sync_errors": records["sync_errors"].tolist(),
        "bit_slip": records["bit_slip"].tolist(),
        "channel_bit_errors": _known(records["channel_bit_errors"], lambda value: value != NOT_KNOWN_U16),
        "channel_bits": np.where(has_channel_errors, records["channel_bits"], 0).tolist(),
        "phase_slips": records["phase_slips"].tolist(),
        "rs_margin": _known(records["rs_margin"], lambda value: value != RS_MARGIN_UNKNOWN),
        "recovery": [Recovery(value).name.lower() for value in records["recovery"].tolist()],
        "es_n0_db": _rounded(records["es_n0_db"], 3),
        "evm_percent": _rounded(records["evm_percent"], 3),
        "carrier_offset_hz": _rounded(records["carrier_offset_hz"], 2),
        "symbol_rate_error_ppm": _rounded(records["symbol_rate_error_ppm"], 4),
    }


def _known(column: npt.NDArray[Any], is_known: Callable[[int], bool]) -> list[int | None]:
    values: Iterable[int] = column.tolist()
    return [value if is_known(value) else None for value in values]


def _rounded(column: npt.NDArray[np.floating[Any]], decimals: int) -> list[float | None]:
    values: Iterable[float] = column.tolist()
    return [round(value, decimals) if math.isfinite(value) else None for value in values]


def _fecf(checks: int) -> str | None:
    if not checks & CHECK_FECF_PRESENT:
        return None
    return "right" if checks & CHECK_FECF_RIGHT else "wrong"
