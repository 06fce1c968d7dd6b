# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbit data for a station at work: always a catalogue to look into, refreshed behind the scenes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from xband_core.errors import XbandError
from xband_station.orbit.catalogue import Catalogue
from xband_station.orbit.feeds import OrbitFeed, load_catalogue
from xband_station.orbit.refresh import Outcome, Refresher, utc_now

logger = logging.getLogger(__name__)

# How often it is looked whether a feed may be asked and whether a folder has changed.
_POLL_S = 300.0


class OrbitService:
    """Use as a context manager: inside, a thread refreshes the feeds. No caller ever waits for a feed.

    now: real time by whatever clock; the feeds' intervals are counted in it.
    Raises OrbitError: a file of the station cannot be used.
    """

    def __init__(
        self,
        feeds: Sequence[OrbitFeed],
        cache: Path,
        now: Callable[[], datetime] = utc_now,
        poll_s: float = _POLL_S,
    ) -> None:
        self._feeds = feeds
        self._cache = cache
        self._poll_s = poll_s
        self._refresher = Refresher(feeds, cache, now)
        self._told: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="orbits", daemon=True)
        self._catalogue = load_catalogue(feeds, cache)

    @property
    def catalogue(self) -> Catalogue:
        """What is known now. It never changes itself; new data make a new one."""
        return self._catalogue

    @property
    def has_feeds(self) -> bool:
        """Whether a folder or an address may still bring what is missing."""
        return self._refresher.has_work

    def __enter__(self) -> OrbitService:
        if self.has_feeds:
            if not len(self._catalogue):
                # The first start of all: without orbit data there is no pass that waiting could cost.
                self._refresh()
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A request that hangs ends by its timeout; nobody waits for it.
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._refresh()
            self._stop.wait(self._poll_s)

    def _refresh(self) -> None:
        outcomes = self._refresher.refresh()
        self._tell(outcomes)
        if any(outcome.is_new for outcome in outcomes):
            try:
                self._catalogue = load_catalogue(self._feeds, self._cache)
            except XbandError as error:
                logger.error("orbit data: %s; those before stay in use", error)

    def _tell(self, outcomes: Sequence[Outcome]) -> None:
        """Logs what has changed since last time, so that a feed that is down does not fill the log."""
        for outcome in outcomes:
            if self._told.get(outcome.feed) != outcome.text:
                level = logging.INFO if outcome.is_good else logging.WARNING
                logger.log(level, "orbits from %s: %s", outcome.feed, outcome.text)
                self._told[outcome.feed] = outcome.text
