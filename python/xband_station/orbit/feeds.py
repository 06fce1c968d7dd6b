# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds of orbit data: a file, a folder that others write to, or an address on the network; and what was kept of them.

Whatever comes from a folder or the network is kept below the station's cache folder, one folder for each feed, so that
a feed that fails or lies leaves the last good data in use.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from xband_station.orbit.catalogue import Catalogue, OrbitSource, SourcedOrbit
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.geometry import Trajectory
from xband_station.orbit.orbit_file import load_orbit_file

logger = logging.getLogger(__name__)

# CelesTrak makes new data every two hours and shuts out who asks more often.
MIN_INTERVAL = timedelta(hours=2)
# 20 000 satellites as OMM XML take 30 MB; the groups a station needs take less than one.
DEFAULT_LIMIT_BYTES = 16_000_000
# The name of the one file that is kept of an address.
ANSWER = "answer.orbit"
# How names of files begin and end that are being written or are not for reading.
_NOT_DATA_PREFIX = "."
_NOT_DATA_SUFFIXES = {".part", ".tmp", ".md", ".txt~"}


class FeedKind(enum.Enum):
    FILE = "file"
    FOLDER = "folder"
    URL = "url"


@dataclass(frozen=True)
class OrbitFeed:
    """One feed. location: path or address.

    satellites: identifiers that every answer must have. interval: time between two requests. timeout_s: for the whole
    answer. limit_bytes: of one answer or file.
    """

    source: OrbitSource
    kind: FeedKind
    location: str
    satellites: tuple[str, ...] = ()
    interval: timedelta = MIN_INTERVAL
    timeout_s: float = 30.0
    limit_bytes: int = DEFAULT_LIMIT_BYTES

    @property
    def name(self) -> str:
        return self.source.name

    def kept_in(self, cache: Path) -> Path:
        """The folder of what was kept of this feed."""
        return cache / self.name


def load_catalogue(feeds: Iterable[OrbitFeed], cache: Path) -> Catalogue:
    """All that the feeds offer now, without any request. Raises OrbitError: a file that is no orbit data.

    A damaged file in a folder or the cache is logged and left out: the rest is worth more than the complaint.
    """
    return Catalogue(SourcedOrbit(data, feed.source) for feed in feeds for data in load_feed(feed, cache))


def load_feed(feed: OrbitFeed, cache: Path) -> Sequence[Trajectory]:
    """What this feed offers now. Raises OrbitError for a feed that is one file."""
    if feed.kind is FeedKind.FILE:
        return load_orbit_file(Path(feed.location))
    kept = {path.name: path for path in data_files(feed.kept_in(cache))}
    if feed.kind is FeedKind.URL:
        return _load_all(feed, kept.values())
    offered = data_files(Path(feed.location))
    if not offered:
        return _load_all(feed, kept.values())
    found: list[Trajectory] = []
    for path in offered:
        try:
            found += load_orbit_file(path)
        except OrbitError as error:
            logger.warning("orbits from %s: %s", feed.name, error)
            found += _load_all(feed, [kept[path.name]] if path.name in kept else [])
    return found


def data_files(folder: Path) -> list[Path]:
    """The files of a folder that may be orbit data, in order of name; none if there is no such folder."""
    try:
        names = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        path
        for path in names
        if path.is_file() and not path.name.startswith(_NOT_DATA_PREFIX) and path.suffix not in _NOT_DATA_SUFFIXES
    ]


def _load_all(feed: OrbitFeed, paths: Iterable[Path]) -> list[Trajectory]:
    found: list[Trajectory] = []
    for path in paths:
        try:
            found += load_orbit_file(path)
        except OrbitError as error:
            logger.warning("kept orbits of %s: %s", feed.name, error)
    return found
