# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers and trailers of transfer frames, read for a whole batch at once.

AOS: CCSDS 732.0-B-4, section 4.1. TM: CCSDS 132.0-B-3, section 4.1. CLCW: CCSDS 232.0-B-4, 4.2.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .mission import Framing

PRIMARY_HEADER_LEN_BYTES = 6
MPDU_HEADER_LEN_BYTES = 2
OCF_LEN_BYTES = 4
FECF_LEN_BYTES = 2
AOS_IDLE_VCID = 63  # 732.0-B-4, 4.1.2.3: only idle data

POINTER_NO_START = 0x7FF  # no packet starts in this frame
POINTER_IDLE = 0x7FE  # only idle data in this frame
POINTER_ABSENT = 0xFFFF  # not a field of ours: the frame carries no packets

CYCLE_NOT_USED = 0xFF


@dataclass(frozen=True)
class FrameHeaders:
    """Columns of n frames.

    vc_count: virtual channel frame count with the cycle above it (AOS: 24 or 28 bits, TM: 8); counter_bits: its width;
    first_header_pointer: POINTER_* or an offset in the packet zone; zone_begin, zone_end: packet zone in the frame;
    ocf: operational control field, 0 where ``has_ocf`` is False.
    """

    version: npt.NDArray[np.uint8]
    scid: npt.NDArray[np.uint16]
    vcid: npt.NDArray[np.uint8]
    vc_count: npt.NDArray[np.uint32]
    counter_bits: npt.NDArray[np.uint8]
    vc_count_cycle: npt.NDArray[np.uint8]
    is_replay: npt.NDArray[np.bool_]
    is_idle: npt.NDArray[np.bool_]
    first_header_pointer: npt.NDArray[np.uint16]
    zone_begin: npt.NDArray[np.int64]
    zone_end: npt.NDArray[np.int64]
    has_ocf: npt.NDArray[np.bool_]
    ocf: npt.NDArray[np.uint32]


def read_headers(framing: Framing, frames: npt.NDArray[np.uint8]) -> FrameHeaders:
    """Headers of frames of one mission.

    Args: frames: uint8 (n, frame_len_bytes). Raw frames give version, SCID, VCID and counter 0.
    """
    if framing.kind == "aos":
        return _read_aos(framing, frames)
    if framing.kind == "tm":
        return _read_tm(framing, frames)
    return _read_raw(frames)


def _read_aos(framing: Framing, frames: npt.NDArray[np.uint8]) -> FrameHeaders:
    n = len(frames)
    octet = frames[:, :PRIMARY_HEADER_LEN_BYTES].astype(np.uint32)
    vcid = (octet[:, 1] & 0x3F).astype(np.uint8)
    uses_cycle = (octet[:, 5] & 0x40) != 0
    cycle = octet[:, 5] & 0x0F
    count = octet[:, 2] << 16 | octet[:, 3] << 8 | octet[:, 4]
    mpdu_begin = PRIMARY_HEADER_LEN_BYTES + framing.insert_zone_len_bytes
    zone_end = framing.frame_len_bytes - FECF_LEN_BYTES * framing.has_fecf - OCF_LEN_BYTES * framing.has_ocf
    pointer = _read_u16(frames, mpdu_begin) & 0x7FF
    carries = np.array([framing.carries_packets(number) for number in range(64)])
    is_idle = vcid == AOS_IDLE_VCID
    has_ocf = np.full(n, framing.has_ocf)
    return FrameHeaders(
        version=(octet[:, 0] >> 6).astype(np.uint8),
        scid=((octet[:, 0] & 0x3F) << 2 | octet[:, 1] >> 6).astype(np.uint16),
        vcid=vcid,
        vc_count=np.where(uses_cycle, cycle << 24 | count, count).astype(np.uint32),
        counter_bits=np.where(uses_cycle, 28, 24).astype(np.uint8),
        vc_count_cycle=np.where(uses_cycle, cycle, CYCLE_NOT_USED).astype(np.uint8),
        is_replay=(octet[:, 5] & 0x80) != 0,
        is_idle=is_idle,
        first_header_pointer=np.where(carries[vcid] & ~is_idle, pointer, POINTER_ABSENT).astype(np.uint16),
        zone_begin=np.full(n, mpdu_begin + MPDU_HEADER_LEN_BYTES, np.int64),
        zone_end=np.full(n, zone_end, np.int64),
        has_ocf=has_ocf,
        ocf=_read_ocf(frames, zone_end, has_ocf),
    )


def _read_tm(framing: Framing, frames: npt.NDArray[np.uint8]) -> FrameHeaders:
    n = len(frames)
    octet = frames[:, : PRIMARY_HEADER_LEN_BYTES + 1].astype(np.uint32)
    vcid = (octet[:, 1] >> 1 & 7).astype(np.uint8)
    has_ocf = (octet[:, 1] & 1) != 0
    has_secondary = (octet[:, 4] & 0x80) != 0
    # 132.0-B-3, 4.1.3.2.3: the length field is one less than the whole secondary header.
    secondary_len = np.where(has_secondary, (octet[:, 6] & 0x3F) + 1, 0).astype(np.int64)
    trailer_begin = framing.frame_len_bytes - FECF_LEN_BYTES * framing.has_fecf
    zone_end = trailer_begin - OCF_LEN_BYTES * has_ocf.astype(np.int64)
    pointer = (octet[:, 4] & 7) << 8 | octet[:, 5]
    # 4.1.2.7.3: with the synchronisation flag set the data field is not packets and the pointer is undefined.
    carries = np.array([framing.carries_packets(number) for number in range(8)])[vcid] & ((octet[:, 4] & 0x40) == 0)
    return FrameHeaders(
        version=(octet[:, 0] >> 6).astype(np.uint8),
        scid=((octet[:, 0] & 0x3F) << 4 | octet[:, 1] >> 4).astype(np.uint16),
        vcid=vcid,
        vc_count=octet[:, 3].astype(np.uint32),
        counter_bits=np.full(n, 8, np.uint8),
        vc_count_cycle=np.full(n, CYCLE_NOT_USED, np.uint8),
        is_replay=np.zeros(n, np.bool_),
        is_idle=carries & (pointer == POINTER_IDLE),
        first_header_pointer=np.where(carries, pointer, POINTER_ABSENT).astype(np.uint16),
        zone_begin=PRIMARY_HEADER_LEN_BYTES + secondary_len,
        zone_end=zone_end,
        has_ocf=has_ocf,
        ocf=_read_ocf(frames, trailer_begin - OCF_LEN_BYTES, has_ocf),
    )


def _read_raw(frames: npt.NDArray[np.uint8]) -> FrameHeaders:
    n = len(frames)
    no = np.zeros(n, np.bool_)
    return FrameHeaders(
        version=np.zeros(n, np.uint8),
        scid=np.zeros(n, np.uint16),
        vcid=np.zeros(n, np.uint8),
        vc_count=np.zeros(n, np.uint32),
        counter_bits=np.zeros(n, np.uint8),
        vc_count_cycle=np.full(n, CYCLE_NOT_USED, np.uint8),
        is_replay=no,
        is_idle=no,
        first_header_pointer=np.full(n, POINTER_ABSENT, np.uint16),
        zone_begin=np.zeros(n, np.int64),
        zone_end=np.full(n, frames.shape[1], np.int64),
        has_ocf=no,
        ocf=np.zeros(n, np.uint32),
    )


def _read_u16(frames: npt.NDArray[np.uint8], offset: int) -> npt.NDArray[np.uint32]:
    pair = frames[:, offset : offset + 2].astype(np.uint32)
    return (pair[:, 0] << 8 | pair[:, 1]).astype(np.uint32)


def _read_ocf(frames: npt.NDArray[np.uint8], offset: int, has_ocf: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    if not has_ocf.any():  # the common case; without the field its place may lie behind the frame
        return np.zeros(len(frames), np.uint32)
    word = _read_u16(frames, offset) << 16 | _read_u16(frames, offset + 2)
    return np.where(has_ocf, word, 0).astype(np.uint32)


@dataclass(frozen=True)
class Clcw:
    """Communications link control word: what the spacecraft says about the telecommands it got."""

    status: int
    cop_in_effect: int
    vcid: int
    has_no_rf: bool
    has_no_bit_lock: bool
    is_locked_out: bool
    is_waiting: bool
    is_retransmitting: bool
    farm_b_counter: int
    report_value: int


def decode_clcw(ocf: int) -> Clcw | None:
    """Fields of an operational control field, or None when it is not a CLCW (type-2 report).

    Source: CCSDS 232.0-B-4, 4.2.1.
    """
    if ocf >> 31:
        return None
    return Clcw(
        status=ocf >> 26 & 7,
        cop_in_effect=ocf >> 24 & 3,
        vcid=ocf >> 18 & 0x3F,
        has_no_rf=bool(ocf >> 15 & 1),
        has_no_bit_lock=bool(ocf >> 14 & 1),
        is_locked_out=bool(ocf >> 13 & 1),
        is_waiting=bool(ocf >> 12 & 1),
        is_retransmitting=bool(ocf >> 11 & 1),
        farm_b_counter=ocf >> 9 & 3,
        report_value=ocf & 0xFF,
    )
