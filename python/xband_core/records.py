# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame records: how decoded frames come out of the C++ decoder. The layout is lib/core/framing/frame_record.h."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Bytes2D = npt.NDArray[np.uint8]

MAGIC = 0x32524658  # "XFR2" in memory
HEADER_LEN_BYTES = 128
NOT_KNOWN_U16 = 0xFFFF
UNCORRECTABLE_CODEWORD = 255
RS_MARGIN_UNKNOWN = 127  # no Reed-Solomon code
MAX_CODEWORDS = 8

FRAME_RECORD_HEADER = np.dtype(
    [
        ("magic", "<u4"),
        ("code_block_len_bytes", "<u2"),
        ("frame_len_bytes", "<u2"),
        ("sequence", "<u8"),
        ("first_sample", "<f8"),
        ("first_symbol", "<u8"),
        ("es_n0_db", "<f4"),
        ("carrier_offset_hz", "<f4"),
        ("symbol_rate_error_ppm", "<f4"),
        ("integrity", "u1"),
        ("sync", "u1"),
        ("sync_errors", "u1"),
        ("bit_slip", "i1"),
        ("corrected_symbols", "u1", (MAX_CODEWORDS,)),
        ("channel_bit_errors", "<u2"),
        ("channel_bits", "<u2"),
        ("ambiguity", "u1"),
        ("checks", "u1"),
        ("recovery", "u1"),
        ("rs_margin", "i1"),
        ("evm_percent", "<f4"),
        ("phase_slips", "u1"),
        ("reserved", "u1", (59,)),
    ]
)
assert FRAME_RECORD_HEADER.itemsize == HEADER_LEN_BYTES

# Bits of ``checks``.
CHECK_FECF_PRESENT = 1
CHECK_FECF_RIGHT = 2
CHECK_HEADER = 4


class Integrity(IntEnum):
    """How far a frame can be trusted."""

    GOOD = 0
    CORRECTED = 1
    UNCORRECTABLE = 2
    NOT_CHECKED = 3


class SyncState(IntEnum):
    """How the frame's place in the bit stream was known."""

    LOCK = 0
    FLYWHEEL = 1
    BACKFILLED = 2


class Recovery(IntEnum):
    """What it took to make a frame right beyond Viterbi and Reed-Solomon as they are."""

    NONE = 0
    ERASURES = 1
    RS_PINNED = 2
    DATA_AIDED = 3
    STITCHED = 4


def frame_record_stride(code_block_len_bytes: int) -> int:
    """Octets from one record to the next: header and code block, rounded up to a multiple of 64."""
    return (HEADER_LEN_BYTES + code_block_len_bytes + 63) // 64 * 64


def parse_records(
    data: bytes | bytearray | memoryview | npt.NDArray[np.uint8], stride: int
) -> tuple[npt.NDArray[np.void], Bytes2D]:
    """Splits records into headers and code blocks without copying.

    Args: data: whole records one after another, of any shape; stride: octets from one to the next.
    Returns: headers, shape (n,) of FRAME_RECORD_HEADER; code blocks with their padding, uint8 (n, stride - 128).
    Raises: ValueError: stride that is no record, half a record, or a record without its magic.
    """
    if stride <= HEADER_LEN_BYTES or stride % 64:
        raise ValueError(f"record stride {stride} is not a multiple of 64 above {HEADER_LEN_BYTES}")
    octets = data.reshape(-1) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    if octets.dtype != np.uint8 or octets.size % stride:
        raise ValueError(f"{octets.size} x {octets.dtype} is not a whole number of {stride}-octet records")
    records = np.ascontiguousarray(octets).reshape(-1, stride)
    # The first columns alone are not contiguous; a type as long as the stride views them without a copy.
    padded = np.dtype({"names": ["header"], "formats": [FRAME_RECORD_HEADER], "itemsize": stride})
    headers = records.reshape(-1).view(padded)["header"]
    if not np.all(headers["magic"] == MAGIC):
        index = int(np.argmax(headers["magic"] != MAGIC))
        raise ValueError(f"record {index} starts with {int(headers['magic'][index]):#010x}, not {MAGIC:#010x}")
    return headers, records[:, HEADER_LEN_BYTES:]
