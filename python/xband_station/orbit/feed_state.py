# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of a feed across restarts: when it was asked, what it answered, when it may be asked again."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xband_core.output_files import replace_file

logger = logging.getLogger(__name__)

_TIMES = ("last_request", "last_success", "not_before")


@dataclass(frozen=True)
class FeedState:
    """location: the address that all this is about. last_request: also one that failed. last_success: good data came.

    not_before: the feed said so, or shut us out. problem: why the last answer was refused, None if it was not.
    is_suspended: until the address in the station file is changed. etag, last_modified: of the data that are kept.
    """

    location: str = ""
    last_request: datetime | None = None
    last_success: datetime | None = None
    not_before: datetime | None = None
    problem: str | None = None
    is_suspended: bool = False
    etag: str | None = None
    last_modified: str | None = None

    def save(self, path: Path) -> None:
        """Writes a new file and renames it. Raises OutputError."""
        values = {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in dataclasses.asdict(self).items()
        }
        replace_file(path, json.dumps(values, indent=1) + "\n")


def load_state(path: Path, location: str) -> FeedState:
    """The state of the feed at this address; a fresh one if there is none or it is about another address.

    Of a file that cannot be understood, its time remains: somebody was asked then.
    """
    try:
        text = path.read_text(encoding="utf-8")
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return FeedState(location)
    except (OSError, UnicodeDecodeError) as error:
        logger.warning("%s: %s; taken as never written", path, error)
        return FeedState(location)
    try:
        values = json.loads(text)
        state = FeedState(**{**values, **{key: _time(values.get(key)) for key in _TIMES}})
        if not isinstance(state.location, str) or not isinstance(state.is_suspended, bool):
            raise TypeError("a value is of the wrong type")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s is damaged (%s); its time is taken as that of the last request", path, error)
        return FeedState(location, last_request=written)
    return state if state.location == location else FeedState(location)


def _time(raw: object) -> datetime | None:
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise TypeError("a time is not a text")
    time = datetime.fromisoformat(raw)
    if time.tzinfo is None:
        raise ValueError("a time without an offset")
    return time
