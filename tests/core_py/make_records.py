# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as the frame decoder writes them, made from frames, and a mission made from a few words. For tests only."""

from __future__ import annotations

import binascii
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xband_core.mission import Mission, load_mission
from xband_core.records import (
    CHECK_FECF_PRESENT,
    CHECK_FECF_RIGHT,
    CHECK_HEADER,
    FRAME_RECORD_HEADER,
    HEADER_LEN_BYTES,
    MAGIC,
    RS_MARGIN_UNKNOWN,
    Integrity,
    frame_record_stride,
)

SYNC_MARKER = bytes.fromhex("1acffc1d")


def pn_sequence(length: int) -> npt.NDArray[np.uint8]:
    """CCSDS 131.0-B-5, 10.4.2: h(x) = x^8 + x^7 + x^5 + x^3 + 1, all ones, packed MSB first."""
    register, bits = [1] * 8, []
    for _ in range(8 * length):
        bits.append(register[0])
        register = [*register[1:], register[0] ^ register[3] ^ register[5] ^ register[7]]
    return np.packbits(np.array(bits, np.uint8))


def blocks_of_cadus(cadus: bytes) -> npt.NDArray[np.uint8]:
    """Derandomised code blocks of 1024-octet CADUs, (n, 1020)."""
    table = np.frombuffer(cadus, np.uint8).reshape(-1, 1024)
    assert all(row[:4].tobytes() == SYNC_MARKER for row in table)
    return table[:, 4:] ^ pn_sequence(1020)


def make_records(
    mission: Mission,
    blocks: npt.NDArray[np.uint8],
    first_sequence: int = 0,
    samples_per_frame: float = 18022.4,
    integrity: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Records (n, stride) of code blocks; the FECF, if the mission has one, is checked as the decoder does."""
    n = len(blocks)
    records = np.zeros((n, frame_record_stride(mission.code_block_len_bytes)), np.uint8)
    headers = np.zeros(n, FRAME_RECORD_HEADER)
    headers["magic"] = MAGIC
    headers["code_block_len_bytes"] = mission.code_block_len_bytes
    headers["frame_len_bytes"] = mission.framing.frame_len_bytes
    headers["sequence"] = first_sequence + np.arange(n)
    headers["first_sample"] = headers["sequence"] * samples_per_frame + 0.25
    headers["es_n0_db"] = 9.5
    headers["evm_percent"] = 33.5
    headers["rs_margin"] = 16 if mission.coding.rs else RS_MARGIN_UNKNOWN
    headers["carrier_offset_hz"] = -1234.5
    headers["channel_bit_errors"] = 3
    headers["channel_bits"] = 16384
    headers["checks"] = CHECK_HEADER
    headers["integrity"] = Integrity.GOOD if integrity is None else integrity
    if mission.framing.has_fecf:
        right = np.array([binascii.crc_hqx(block[: mission.framing.frame_len_bytes], 0xFFFF) == 0 for block in blocks])
        headers["checks"] |= np.where(right, CHECK_FECF_PRESENT | CHECK_FECF_RIGHT, CHECK_FECF_PRESENT).astype(np.uint8)
        headers["integrity"] = np.where(right, headers["integrity"], Integrity.UNCORRECTABLE)
    records[:, :HEADER_LEN_BYTES] = headers.view(np.uint8).reshape(n, HEADER_LEN_BYTES)
    records[:, HEADER_LEN_BYTES : HEADER_LEN_BYTES + blocks.shape[1]] = blocks
    return records


def frames_only_mission(directory: Path, framing: str) -> Mission:
    """A mission without outer code; ``framing`` is the inside of its flow mapping."""
    file = directory / "frames-only.yml"
    file.write_text(f"""
schema: 1
name: frames-only
title: Frames
norad_cat_id: 1
centre_frequency_hz: 8.4e9
polarisation: rhcp
source: {{default: test}}
modulation: {{kind: bpsk, symbol_rate_hz: 1.0e6, rolloff: 0.5, source: {{default: test}}}}
coding: {{inner: none, randomizer: ccsds, source: {{default: test}}}}
framing: {{{framing}, source: {{default: test}}}}
sources: {{test: {{kind: estimate, title: made for a test}}}}
""")
    return load_mission(file)
