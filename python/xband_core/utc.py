# SPDX-License-Identifier: GPL-3.0-or-later
"""UTC as integer nanoseconds since 1970 and as text with nine decimals. ``datetime`` alone stops at microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)", re.ASCII)


def format_utc_ns(time_ns: int) -> str:
    """``2026-07-22T01:02:03.000000004Z``. Raises: ValueError: outside the years 1 to 9999."""
    seconds, nanoseconds = divmod(time_ns, 10**9)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.{nanoseconds:09d}Z"
    except (OverflowError, OSError) as error:
        raise ValueError(f"time {time_ns} ns is outside the calendar") from error


def parse_utc_ns(text: str) -> int:
    """ISO 8601 with up to nine decimals, in UTC (``Z`` or ``+00:00``). Raises: ValueError: anything else."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a UTC time like 2026-07-22T01:02:03.000000004Z")
    date, clock, decimals = match.groups()
    seconds = int(datetime.fromisoformat(f"{date}T{clock}+00:00").timestamp())
    return seconds * 10**9 + int((decimals or "").ljust(9, "0"))
