# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens IQ inputs: files, raw descriptors and xband-iq servers. No GNU Radio in here."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from xband_core.errors import XbandError

SAMPLE_LEN_BYTES = {"cs8": 2, "cs16": 4, "cf32": 8}
_HEADER_LIMIT_BYTES = 4096


class SourceError(XbandError):
    """An IQ source cannot be opened, or is not what the flowgraph expects. Field: uri."""

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = uri
        super().__init__(f"IQ source {uri}: {reason}")


@dataclass(frozen=True)
class IqInput:
    """An open input.

    fd: descriptor from which samples can be read, owned by whoever holds this record;
    first_sample_index: of the first sample to be read, counted from the sender's beginning;
    first_sample_time_ns: UTC of that sample if the sender told, else None.
    """

    fd: int
    first_sample_index: int = 0
    first_sample_time_ns: int | None = None


def sample_len_bytes(iq_format: str) -> int:
    """Octets of one complex sample.

    Raises: ValueError: iq_format is none of cs8, cs16, cf32.
    """
    if iq_format not in SAMPLE_LEN_BYTES:
        raise ValueError(f"iq_format {iq_format!r} is not one of {', '.join(SAMPLE_LEN_BYTES)}")
    return SAMPLE_LEN_BYTES[iq_format]


def open_iq(uri: str, iq_format: str, sample_rate_hz: float, connect_timeout_s: float = 5.0) -> IqInput:
    """Opens an IQ source.

    Args:
        uri: ``file:/path`` (or a bare path), ``tcp://host:port`` (an xband-iq server), ``fd:N`` (inherited descriptor).
        iq_format: cs8, cs16 or cf32; an xband-iq server must send the same.
        sample_rate_hz: likewise.
    Raises: SourceError: it cannot be opened, or sends something else.
    """
    sample_len_bytes(iq_format)
    scheme, _, rest = uri.partition(":")
    if scheme == "tcp":
        return _open_tcp(uri, iq_format, sample_rate_hz, connect_timeout_s)
    if scheme == "fd":
        if not rest.isdigit():
            raise SourceError(uri, "expected fd:N with a descriptor's number")
        return IqInput(int(rest))
    return _open_file(uri, Path(rest if scheme == "file" else uri))


def _open_file(uri: str, path: Path) -> IqInput:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(uri, error.strerror or str(error)) from error
    if path.is_dir():
        os.close(fd)
        raise SourceError(uri, "is a directory, not a recording")
    return IqInput(fd)


def _open_tcp(uri: str, iq_format: str, sample_rate_hz: float, timeout_s: float) -> IqInput:
    host, _, port = uri.removeprefix("tcp://").rpartition(":")
    if not uri.startswith("tcp://") or not host or not port.isdigit():
        raise SourceError(uri, "expected tcp://host:port")
    try:
        connection = socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_s)
        # A large receive buffer rides out the moments in which the receiver is not scheduled.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        line = _read_line(connection)
    except OSError as error:
        raise SourceError(uri, error.strerror or str(error)) from error
    try:
        return _checked_header(uri, connection, line, iq_format, sample_rate_hz)
    except SourceError:
        connection.close()
        raise


def _read_line(connection: socket.socket) -> bytes:
    """One line, octet by octet: what follows it are samples, which belong to the block that reads the descriptor."""
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < _HEADER_LIMIT_BYTES:
        octet = connection.recv(1)
        if not octet:
            break
        line += octet
    return bytes(line)


def _checked_header(uri: str, connection: socket.socket, line: bytes, iq_format: str, sample_rate_hz: float) -> IqInput:
    try:
        header = json.loads(line)
        version = header["xband_iq"]
        sent_format, sent_rate_hz = header["format"], float(header["sample_rate_hz"])
        first_index, first_time_ns = int(header.get("first_sample_index", 0)), header.get("first_sample_time_ns")
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(uri, f"is not an xband-iq server (it began with {line[:60]!r})") from error
    if version != 1:
        raise SourceError(uri, f"speaks version {version} of xband-iq, this receiver version 1")
    if sent_format != iq_format:
        raise SourceError(uri, f"sends {sent_format}, expected {iq_format}")
    if abs(sent_rate_hz - sample_rate_hz) > 1e-6 * sample_rate_hz:
        raise SourceError(uri, f"sends {sent_rate_hz:.0f} samples a second, expected {sample_rate_hz:.0f}")
    connection.settimeout(None)  # back to blocking: fd_source waits with poll()
    time_ns = None if first_time_ns is None else int(first_time_ns)
    return IqInput(connection.detach(), first_index, time_ns)
