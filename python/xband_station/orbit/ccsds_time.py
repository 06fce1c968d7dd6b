# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of CCSDS messages (CCSDS 502.0-B-3, 7.5.10) and their scales, to seconds of atomic time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np

from xband_station.orbit.frames import timescale

_TIME = re.compile(r"(\d{4})-(?:(\d\d)-(\d\d)|(\d{3}))T(\d\d):(\d\d):(\d\d)(\.\d{1,18})?Z?")
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
# TAI minus the scale, in seconds, for those that run at the same rate.
_TAI_MINUS = {"TAI": 0.0, "TT": -32.184, "GPS": 19.0}
_YEARS = (1957, 2099)
_BEFORE_LEAP_SECONDS = 10.0
TIME_SYSTEMS = ("UTC", *_TAI_MINUS)
EXAMPLE = "2026-07-21T14:19:14.482560"


def parse_calendar(raw: str) -> tuple[datetime, float]:
    """The minute that a time lies in (labelled UTC), and the seconds in it: 60 and more in a leap second.

    Raises ValueError: not a time of the calendar or of the day of the year.
    """
    match = _TIME.fullmatch(raw)
    if not match:
        raise ValueError("not a time")
    year, month, day, day_of_year, hour, minute, second = (int(part or 0) for part in match.groups()[:7])
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise ValueError("before the first satellite, or beyond all tables of time")
    start = datetime(year, month or 1, day or 1, hour, minute, tzinfo=UTC)
    if day_of_year > 366 or second > 60 or (match[4] and not day_of_year):
        raise ValueError("no such day or second")
    start += timedelta(days=max(day_of_year - 1, 0))
    return start, second + float(match[8] or 0)


def atomic_s(raw: str, scale: str = "UTC") -> float:
    """Seconds of TAI since 2000-01-01T00:00:00 TAI. scale: one of TIME_SYSTEMS. Raises ValueError."""
    minute, seconds = parse_calendar(raw)
    clock_s = (minute - _ORIGIN).total_seconds() + seconds
    # A leap second belongs to the minute before it, whose offset it shares.
    return clock_s + (tai_minus_utc_s(minute) if scale == "UTC" else _TAI_MINUS[scale])


def utc_atomic_s(at: datetime) -> float:
    """The same for a UTC datetime."""
    return (at - _ORIGIN).total_seconds() + tai_minus_utc_s(at)


def to_utc(atomic: float) -> datetime:
    """The UTC datetime; within a leap second, the first of the next day."""
    guess = _ORIGIN + timedelta(seconds=atomic)
    offset_s = tai_minus_utc_s(guess - timedelta(seconds=tai_minus_utc_s(guess)))
    return guess - timedelta(seconds=offset_s)


def tai_minus_utc_s(at: datetime) -> float:
    """Leap seconds and the 10 s of their beginning, from skyfield's table."""
    scale = timescale()
    julian_date = 2451544.5 + (at - _ORIGIN).total_seconds() / 86400.0
    index = int(np.searchsorted(scale.leap_dates, julian_date, side="right"))
    return float(scale.leap_offsets[index - 1]) if index else _BEFORE_LEAP_SECONDS
