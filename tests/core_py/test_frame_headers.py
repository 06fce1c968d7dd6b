# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers packed field by field from the standards' figures and read back over their whole range."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xband_core.frame_headers import CYCLE_NOT_USED, POINTER_ABSENT, POINTER_IDLE, decode_clcw, read_headers
from xband_core.mission import Framing, VirtualChannel

FRAME_LEN = 120
NO_CHANNELS: Mapping[int, VirtualChannel] = MappingProxyType({})


def one_frame(head: bytes, tail: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.frombuffer(head.ljust(FRAME_LEN - len(tail), b"\xa5") + tail, np.uint8).reshape(1, -1)


@given(
    scid=st.integers(0, 255),
    vcid=st.integers(0, 63),
    count=st.integers(0, 2**24 - 1),
    replay=st.booleans(),
    cycle=st.one_of(st.none(), st.integers(0, 15)),
    insert_len=st.integers(0, 40),
    pointer=st.integers(0, 0x7FF),
    ocf=st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    has_fecf=st.booleans(),
)
def test_aos(
    scid: int,
    vcid: int,
    count: int,
    replay: bool,
    cycle: int | None,
    insert_len: int,
    pointer: int,
    ocf: int | None,
    has_fecf: bool,
) -> None:
    framing = Framing("aos", FRAME_LEN, None, insert_len, ocf is not None, has_fecf, NO_CHANNELS)
    signalling = replay << 7 | (cycle is not None) << 6 | (cycle or 0)
    head = (1 << 46 | scid << 38 | vcid << 32 | count << 8 | signalling).to_bytes(6, "big")
    tail = (b"" if ocf is None else ocf.to_bytes(4, "big")) + b"\0\0" * has_fecf
    got = read_headers(framing, one_frame(head + bytes(insert_len) + pointer.to_bytes(2, "big"), tail))
    assert (got.version[0], got.scid[0], got.vcid[0], got.is_replay[0]) == (1, scid, vcid, replay)
    assert int(got.vc_count[0]) == (count if cycle is None else cycle << 24 | count)
    assert got.counter_bits[0] == (24 if cycle is None else 28)
    assert got.vc_count_cycle[0] == (CYCLE_NOT_USED if cycle is None else cycle)
    assert got.is_idle[0] == (vcid == 63)
    assert got.first_header_pointer[0] == (POINTER_ABSENT if vcid == 63 else pointer)
    assert got.zone_begin[0] == 6 + insert_len + 2
    assert got.zone_end[0] == FRAME_LEN - len(tail)
    assert (got.has_ocf[0], int(got.ocf[0])) == (ocf is not None, ocf or 0)


@given(
    scid=st.integers(0, 1023),
    vcid=st.integers(0, 7),
    count=st.integers(0, 255),
    is_synchronous=st.booleans(),
    pointer=st.integers(0, 0x7FF),
    secondary_len=st.one_of(st.none(), st.integers(1, 64)),
    ocf=st.one_of(st.none(), st.integers(0, 2**32 - 1)),
    has_fecf=st.booleans(),
)
def test_tm(
    scid: int,
    vcid: int,
    count: int,
    is_synchronous: bool,
    pointer: int,
    secondary_len: int | None,
    ocf: int | None,
    has_fecf: bool,
) -> None:
    framing = Framing("tm", FRAME_LEN, None, 0, False, has_fecf, NO_CHANNELS)
    status = (secondary_len is not None) << 15 | is_synchronous << 14 | 3 << 11 | pointer
    identification = scid << 4 | vcid << 1 | (ocf is not None)
    head = identification.to_bytes(2, "big") + bytes([7, count]) + status.to_bytes(2, "big")
    head += b"" if secondary_len is None else bytes([secondary_len - 1])
    tail = (b"" if ocf is None else ocf.to_bytes(4, "big")) + b"\0\0" * has_fecf
    got = read_headers(framing, one_frame(head, tail))
    assert (got.version[0], got.scid[0], got.vcid[0], got.vc_count[0]) == (0, scid, vcid, count)
    assert got.first_header_pointer[0] == (POINTER_ABSENT if is_synchronous else pointer)
    assert got.is_idle[0] == (pointer == POINTER_IDLE and not is_synchronous)
    assert got.zone_begin[0] == 6 + (secondary_len or 0)
    assert got.zone_end[0] == FRAME_LEN - len(tail)
    assert (got.has_ocf[0], int(got.ocf[0])) == (ocf is not None, ocf or 0)


def test_channels_without_packets_and_raw_frames() -> None:
    channels = MappingProxyType({5: VirtualChannel("images", packets=False)})
    frame = one_frame((1 << 46 | 5 << 32).to_bytes(6, "big") + b"\0\0", b"")
    assert read_headers(Framing("aos", FRAME_LEN, None, 0, False, False, channels), frame).first_header_pointer[0] == (
        POINTER_ABSENT
    )
    raw = read_headers(Framing("raw", FRAME_LEN, None, 0, False, False, NO_CHANNELS), frame)
    assert (raw.scid[0], raw.vcid[0], raw.vc_count[0], raw.first_header_pointer[0]) == (0, 0, 0, POINTER_ABSENT)


def test_clcw() -> None:
    """CCSDS 232.0-B-4, figure 4-6: each field set alone."""
    clcw = decode_clcw(5 << 26 | 1 << 24 | 33 << 18 | 1 << 14 | 1 << 12 | 2 << 9 | 200)
    assert clcw is not None
    assert (clcw.status, clcw.cop_in_effect, clcw.vcid, clcw.farm_b_counter, clcw.report_value) == (5, 1, 33, 2, 200)
    assert (clcw.has_no_rf, clcw.has_no_bit_lock, clcw.is_locked_out) == (False, True, False)
    assert (clcw.is_waiting, clcw.is_retransmitting) == (True, False)
    assert decode_clcw(1 << 31) is None
