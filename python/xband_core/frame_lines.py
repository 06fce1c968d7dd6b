# SPDX-License-Identifier: GPL-3.0-or-later
"""One JSON object per frame: the lines of frames.jsonl and frames_bad.jsonl."""

from __future__ import annotations

import json
import math
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

# The numbers are turned into text column by column and not with a JSON encoder, which takes several times as long: on a
# fast link there are more than ten thousand frames in a second.
_NULL = "null"
_TRUTH = ("false", "true")
_COUNTS = [*map(str, range(UNCORRECTABLE_CODEWORD)), _NULL]
_INTEGRITY, _SYNC, _RECOVERY = (
    {int(value): f'"{value.name.lower()}"' for value in kind} for kind in (Integrity, SyncState, Recovery)
)


def frame_lines(batch: FrameBatch, rows: npt.NDArray[np.intp]) -> bytes:
    """Lines for the chosen frames, in order. What is not known is null; codewords beyond repair are null too."""
    columns = _columns(batch, rows)
    common = {"mission": batch.mission.name, "pass_id": batch.pass_id, "clock_quality": batch.clock_quality}
    fixed = json.dumps(common, separators=(",", ":"))[1:-1].replace("%", "%%")
    line = "{" + fixed + "".join(f',"{key}":%s' for key in columns) + "}\n"
    return "".join([line % row for row in zip(*columns.values(), strict=True)]).encode()


def _columns(batch: FrameBatch, rows: npt.NDArray[np.intp]) -> dict[str, list[str] | list[int]]:
    """The values of every key as JSON, or as whole numbers, one list each."""
    records = batch.records[rows]
    headers = batch.headers
    rs = batch.mission.coding.rs
    codewords = 0 if rs is None else rs.interleave
    time_ns = batch.time_ns[rows]
    is_time_known = time_ns != TIME_UNKNOWN_NS
    first_sample = records["first_sample"]
    checks = records["checks"]
    has_channel_errors = records["channel_bit_errors"] != NOT_KNOWN_U16
    fecf = np.where(checks & CHECK_FECF_PRESENT, np.where(checks & CHECK_FECF_RIGHT, '"right"', '"wrong"'), _NULL)
    return {
        "sequence": _integers(records["sequence"]),
        "time_utc": _texts(np.datetime_as_string(time_ns.astype("datetime64[ns]")), is_time_known, '"{}Z"'),
        "time_ns": _integers(time_ns, is_time_known),
        "first_sample": _rounded(first_sample, 3),
        "elapsed_s": _rounded(first_sample / batch.sample_rate_hz, 9),
        "scid": _integers(headers.scid[rows]),
        "vcid": _integers(headers.vcid[rows]),
        "vc_count": _integers(headers.vc_count[rows]),
        "vc_count_cycle": _integers(headers.vc_count_cycle[rows], headers.vc_count_cycle[rows] != CYCLE_NOT_USED),
        "gap_before": _integers(batch.gap_before[rows], batch.gap_before[rows] < GAP_DISCONTINUITY),
        "is_replay": _truths(headers.is_replay[rows]),
        "is_idle": _truths(headers.is_idle[rows]),
        "first_header_pointer": _integers(
            headers.first_header_pointer[rows], headers.first_header_pointer[rows] != POINTER_ABSENT
        ),
        "ocf": _texts(headers.ocf[rows], headers.has_ocf[rows], '"{:08x}"'),
        "integrity": [_INTEGRITY[value] for value in records["integrity"].tolist()],
        "corrected_symbols": [
            "[" + ",".join([_COUNTS[count] for count in counts]) + "]"
            for counts in records["corrected_symbols"][:, :codewords].tolist()
        ],
        "fecf": fecf.tolist(),
        "is_header_as_mission": _truths((checks & CHECK_HEADER) != 0),
        "sync": [_SYNC[value] for value in records["sync"].tolist()],
        "sync_errors": _integers(records["sync_errors"]),
        "bit_slip": _integers(records["bit_slip"]),
        "channel_bit_errors": _integers(records["channel_bit_errors"], has_channel_errors),
        "channel_bits": _integers(np.where(has_channel_errors, records["channel_bits"], 0)),
        "phase_slips": _integers(records["phase_slips"]),
        "rs_margin": _integers(records["rs_margin"], records["rs_margin"] != RS_MARGIN_UNKNOWN),
        "recovery": [_RECOVERY[value] for value in records["recovery"].tolist()],
        "es_n0_db": _rounded(records["es_n0_db"], 3),
        "evm_percent": _rounded(records["evm_percent"], 3),
        "carrier_offset_hz": _rounded(records["carrier_offset_hz"], 2),
        "symbol_rate_error_ppm": _rounded(records["symbol_rate_error_ppm"], 4),
    }


def _integers(column: npt.NDArray[Any], is_known: npt.NDArray[np.bool_] | None = None) -> list[str] | list[int]:
    if is_known is None or is_known.all():
        numbers: list[int] = column.tolist()
        return numbers
    return [str(value) if known else _NULL for value, known in zip(column.tolist(), is_known.tolist(), strict=True)]


def _rounded(column: npt.NDArray[np.floating[Any]], decimals: int) -> list[str]:
    form = f"%.{decimals}f"
    if np.isfinite(column).all():
        return [form % value for value in column.tolist()]
    return [form % value if math.isfinite(value) else _NULL for value in column.tolist()]


def _truths(column: npt.NDArray[np.bool_]) -> list[str]:
    return [_TRUTH[value] for value in column.tolist()]


def _texts(column: npt.NDArray[Any], is_known: npt.NDArray[np.bool_], form: str) -> list[str]:
    pairs = zip(column.tolist(), is_known.tolist(), strict=True)
    return [form.format(value) if known else _NULL for value, known in pairs]
