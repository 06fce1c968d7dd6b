# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfer frames for the simulator: made up but valid ones, or those of a file over and over.

Made-up frames are AOS with M_PDUs: true counters per virtual channel, first header pointers that fit, space packets of
several lengths whose last two octets are their CRC-16 (``packet_is_intact``), and idle frames on virtual channel 63.
"""

from __future__ import annotations

import binascii
from collections import deque
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from . import _core
from .errors import XbandError
from .frame_headers import (
    AOS_IDLE_VCID,
    FECF_LEN_BYTES,
    MPDU_HEADER_LEN_BYTES,
    OCF_LEN_BYTES,
    POINTER_IDLE,
    POINTER_NO_START,
    PRIMARY_HEADER_LEN_BYTES,
)
from .mission import Mission

Frames = npt.NDArray[np.uint8]

_CRC_PRESET = 0xFFFF
_IDLE_EVERY = 16  # frames; a spacecraft of constant rate fills with idle frames
_SCHEDULE_LEN = 4096
_NOISE_LEN = 1 << 14
_SHORTEST_PACKET_LEN_BYTES = 32
_LONGEST_PACKET_LEN_BYTES = 5000
_CLCW_COP1 = b"\x01\x00\x00\x00"  # CCSDS 232.0-B-4, 4.2.1: type 0, COP-1, nothing to report


class SimulationError(XbandError):
    """The simulator was asked for something it cannot make; the text names field, value and limit."""


class FrameStream(Protocol):
    """Endless transfer frames."""

    def take(self, n: int) -> Frames:
        """The next n frames, uint8 (n, frame_len_bytes)."""
        ...


def packet_is_intact(packet: bytes) -> bool:
    """Whether a space packet of the simulator arrived as it was sent: its CRC-16 (0x1021, preset to ones) fits."""
    return binascii.crc_hqx(packet, _CRC_PRESET) == 0


class SyntheticFrames:
    """AOS frames of a mission; the same seed gives the same frames, whatever the portions.

    Raises SimulationError: the mission's frames are not AOS.
    """

    def __init__(self, mission: Mission, seed: int) -> None:
        self._framing = framing = mission.framing
        if framing.kind != "aos":
            raise SimulationError(
                f"mission {mission.name}: framing.kind {framing.kind}: only aos frames can be made up; "
                "give a file of frames"
            )
        rng = np.random.default_rng([seed, 1])
        self._noise = rng.bytes(_NOISE_LEN)
        channels = sorted(framing.virtual_channels) or [1]
        schedule = rng.choice(channels, _SCHEDULE_LEN)
        schedule[::_IDLE_EVERY] = AOS_IDLE_VCID
        self._schedule = [int(vcid) for vcid in schedule]
        self._next_frame = 0
        self._counts = dict.fromkeys([*channels, AOS_IDLE_VCID], 0)
        self._packets = {
            vcid: _PacketStream(vcid, self._noise, np.random.default_rng([seed, 2, vcid]))
            for vcid in channels
            if framing.carries_packets(vcid)
        }
        trailer_len = OCF_LEN_BYTES * framing.has_ocf + FECF_LEN_BYTES * framing.has_fecf
        self._zone_begin = PRIMARY_HEADER_LEN_BYTES + framing.insert_zone_len_bytes
        self._zone_end = framing.frame_len_bytes - trailer_len

    def take(self, n: int) -> Frames:
        joined = b"".join(self._frame() for _ in range(n))
        return np.frombuffer(joined, np.uint8).reshape(n, self._framing.frame_len_bytes)

    def _frame(self) -> bytes:
        """One frame: CCSDS 732.0-B-4, 4.1."""
        framing = self._framing
        vcid = self._schedule[self._next_frame % _SCHEDULE_LEN]
        self._next_frame += 1
        count = self._counts[vcid]
        self._counts[vcid] = (count + 1) & 0xFFFFFF
        identifier = 1 << 14 | (framing.scid or 0) << 6 | vcid
        signalling = b"\x00"  # no replay, frame count cycle not used
        header = identifier.to_bytes(2, "big") + count.to_bytes(3, "big") + signalling
        frame = header + bytes(framing.insert_zone_len_bytes) + self._data_field(vcid)
        if framing.has_ocf:
            frame += _CLCW_COP1
        if framing.has_fecf:
            frame += binascii.crc_hqx(frame, _CRC_PRESET).to_bytes(2, "big")
        return frame

    def _data_field(self, vcid: int) -> bytes:
        length = self._zone_end - self._zone_begin
        packets = self._packets.get(vcid)
        if packets is not None:
            zone, pointer = packets.take(length - MPDU_HEADER_LEN_BYTES)
            return pointer.to_bytes(2, "big") + zone
        filling = self._noise[:length].ljust(length, b"\x55")
        if vcid == AOS_IDLE_VCID:
            return POINTER_IDLE.to_bytes(2, "big") + filling[MPDU_HEADER_LEN_BYTES:]
        return filling


class _PacketStream:
    """Space packets of one virtual channel, end to end (CCSDS 133.0-B-2, 4.1)."""

    def __init__(self, vcid: int, noise: bytes, rng: np.random.Generator) -> None:
        self._apids = (1024 + 8 * vcid, 1025 + 8 * vcid)
        self._noise = noise
        self._lengths = [
            int(v) for v in rng.integers(_SHORTEST_PACKET_LEN_BYTES, _LONGEST_PACKET_LEN_BYTES, 64, endpoint=True)
        ]
        self._made = 0
        self._waiting = bytearray()
        self._starts: deque[int] = deque()  # of the waiting packets, counted from the stream's beginning
        self._taken_bytes = 0

    def take(self, length: int) -> tuple[bytes, int]:
        """The next octets and the M_PDU's first header pointer for them."""
        while len(self._waiting) < length:
            self._starts.append(self._taken_bytes + len(self._waiting))
            self._waiting += self._packet()
        zone = bytes(self._waiting[:length])
        del self._waiting[:length]
        pointer = POINTER_NO_START
        if self._starts and self._starts[0] < self._taken_bytes + length:
            pointer = self._starts[0] - self._taken_bytes
        self._taken_bytes += length
        while self._starts and self._starts[0] < self._taken_bytes:
            self._starts.popleft()
        return zone, pointer

    def _packet(self) -> bytes:
        """Header, packet number (32 bits), noise from a place that depends on the number, CRC-16."""
        number = self._made
        self._made += 1
        length = self._lengths[number % len(self._lengths)]
        apid = self._apids[number % 2]
        sequence = 0b11 << 14 | (number // 2) & 0x3FFF  # unsegmented; counted per APID
        header = apid.to_bytes(2, "big") + sequence.to_bytes(2, "big") + (length - 7).to_bytes(2, "big")
        body_len = length - 12
        place = number * 37 % (_NOISE_LEN - _LONGEST_PACKET_LEN_BYTES)
        packet = header + (number & 0xFFFFFFFF).to_bytes(4, "big") + self._noise[place : place + body_len]
        return packet + binascii.crc_hqx(packet, _CRC_PRESET).to_bytes(2, "big")


class FileFrames:
    """The frames of a file, in order, from the beginning again when they are used up.

    The file holds transfer frames of the mission's length, or its CADUs as transmitted (sync marker, randomised code
    block), which is recognised by the marker.
    Raises SimulationError: unreadable, empty, or not a whole number of either.
    """

    def __init__(self, mission: Mission, file: Path) -> None:
        try:
            content = np.frombuffer(file.read_bytes(), np.uint8)
        except OSError as error:
            raise SimulationError(f"{file}: cannot be read: {error.strerror}") from error
        frame_len, cadu_len = mission.framing.frame_len_bytes, mission.cadu_len_bytes
        marker = mission.coding.sync_marker.to_bytes(4, "big")
        if len(content) and len(content) % cadu_len == 0 and content[:4].tobytes() == marker:
            frames = content.reshape(-1, cadu_len)[:, 4 : 4 + frame_len]
            if mission.coding.randomizer == "ccsds":
                frames = frames ^ _core.apply_randomizer(np.zeros(frame_len, np.uint8))
        elif len(content) and len(content) % frame_len == 0:
            frames = content.reshape(-1, frame_len)
        else:
            raise SimulationError(
                f"{file}: {len(content)} bytes are not a whole number of frames of {frame_len} bytes "
                f"or CADUs of {cadu_len} bytes of mission {mission.name}"
            )
        self._frames: Frames = np.ascontiguousarray(frames)
        self._next = 0

    def take(self, n: int) -> Frames:
        index = (self._next + np.arange(n)) % len(self._frames)
        self._next = (self._next + n) % len(self._frames)
        return np.take(self._frames, index, axis=0)
