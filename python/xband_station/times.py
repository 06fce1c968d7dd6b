# SPDX-License-Identifier: GPL-3.0-or-later
"""Times at the edges of the program: ISO 8601 text, aware UTC datetimes, integer nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from xband_core.errors import XbandError

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(text: str) -> datetime:
    """ISO 8601 to UTC; without an offset it is taken as UTC. Raises XbandError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise XbandError(f"time {text!r} is not ISO 8601 such as 2026-07-22T00:00:00Z") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def format_time(time: datetime) -> str:
    """``2026-07-22T02:14:51.887Z``: UTC, rounded to milliseconds."""
    rounded = time.astimezone(UTC) + timedelta(microseconds=500)
    return rounded.strftime("%Y-%m-%dT%H:%M:%S.") + f"{rounded.microsecond // 1000:03d}Z"


def to_ns(time: datetime) -> int:
    """Nanoseconds since 1970, exact."""
    return (time - _UNIX_EPOCH) // timedelta(microseconds=1) * 1000


def from_ns(time_ns: int) -> datetime:
    """UTC datetime, cut to microseconds."""
    return _UNIX_EPOCH + timedelta(microseconds=time_ns // 1000)
