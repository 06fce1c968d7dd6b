# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping orbit data fresh: politely towards those who give them, and never with less than we had."""

from __future__ import annotations

import dataclasses
import fcntl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xband_core.errors import OutputError
from xband_core.output_files import replace_file
from xband_station.orbit.acceptance import accept
from xband_station.orbit.feed_state import FeedState, load_state
from xband_station.orbit.feeds import ANSWER, FeedKind, OrbitFeed, data_files, load_feed
from xband_station.orbit.fetch import FetchError, fetch


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Outcome:
    """What a refresh of one feed came to. is_new: there are data that were not there before. text: for the operator."""

    feed: str
    is_good: bool
    is_new: bool
    text: str


class Refresher:
    """Refreshes feeds into a cache folder. Restarts do not matter: what was asked when is on disk before it is asked.

    An address is asked at most once per interval (two hours or more), with one request for all satellites. A folder
    is read whenever it is asked for: it costs nobody anything.
    """

    def __init__(self, feeds: Sequence[OrbitFeed], cache: Path, now: Callable[[], datetime] = utc_now) -> None:
        self._feeds = [feed for feed in feeds if feed.source.is_enabled and feed.kind is not FeedKind.FILE]
        self._cache = cache
        self._now = now

    @property
    def has_work(self) -> bool:
        """Whether there is a feed that can bring anything new."""
        return bool(self._feeds)

    def refresh(self) -> list[Outcome]:
        """Asks every feed that may be asked now. Takes as long as the feeds' timeouts; raises nothing."""
        outcomes = []
        for feed in self._feeds:
            try:
                feed.kept_in(self._cache).mkdir(parents=True, exist_ok=True)
                outcome = self._refresh_url(feed) if feed.kind is FeedKind.URL else self._refresh_folder(feed)
            except (OutputError, OSError) as error:
                # Without the cache there is neither politeness nor a last good set, so nobody is asked.
                outcome = Outcome(feed.name, False, False, f"the cache cannot be written: {error}")
            outcomes.append(outcome)
        return outcomes

    def state(self, feed: OrbitFeed) -> FeedState:
        """What is remembered of this feed."""
        return load_state(self._state_file(feed), feed.location)

    def _state_file(self, feed: OrbitFeed) -> Path:
        return self._cache / f"{feed.name}.state.json"

    def _refresh_url(self, feed: OrbitFeed) -> Outcome:
        with (self._cache / f"{feed.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return Outcome(feed.name, True, False, "another process is asking just now")
            return self._ask(feed)

    def _ask(self, feed: OrbitFeed) -> Outcome:
        state, now = self.state(feed), self._now()
        reason = _why_not_now(feed, state, now)
        if reason:
            return Outcome(feed.name, state.problem is None, False, reason)
        # Before the request: who is restarted in a loop must not ask in a loop.
        state = dataclasses.replace(state, last_request=now, not_before=None)
        state.save(self._state_file(feed))
        kept = load_feed(feed, self._cache)
        try:
            known = (state.etag, state.last_modified) if kept else (None, None)
            answer = fetch(feed.location, now, feed.timeout_s, feed.limit_bytes, *known)
        except FetchError as error:
            not_before, suspended = error.not_before, error.is_suspended
            return self._refuse(feed, dataclasses.replace(state, not_before=not_before, is_suspended=suspended), error)
        if answer.content is None:
            dataclasses.replace(state, last_success=now, problem=None).save(self._state_file(feed))
            return Outcome(feed.name, True, False, "nothing new")
        found, objection = accept(answer.content, feed.location, kept, feed.satellites)
        if objection:
            return self._refuse(feed, state, objection)
        replace_file(feed.kept_in(self._cache) / ANSWER, answer.content.decode("utf-8-sig"))
        dataclasses.replace(
            state, last_success=now, problem=None, etag=answer.etag, last_modified=answer.last_modified
        ).save(self._state_file(feed))
        return Outcome(feed.name, True, True, f"{len(found)} sets of orbit data")

    def _refuse(self, feed: OrbitFeed, state: FeedState, reason: object) -> Outcome:
        dataclasses.replace(state, problem=str(reason)).save(self._state_file(feed))
        return Outcome(feed.name, False, False, f"{reason}; the last good data stay in use")

    def _refresh_folder(self, feed: OrbitFeed) -> Outcome:
        """Copies what is new and good. A file that has gone from the folder goes from the cache too."""
        folder, kept_in = Path(feed.location), feed.kept_in(self._cache)
        offered = data_files(folder)
        state = dataclasses.replace(self.state(feed), last_request=self._now())
        if not offered:
            # A folder that is not mounted looks empty.
            return self._refuse(feed, state, "no file in the folder")
        problems, new_files = [], 0
        for path in offered:
            problem, is_new = self._keep_file(feed, path, kept_in / path.name)
            problems += [f"{path.name}: {problem}"] if problem else []
            new_files += is_new
        for gone in {path.name for path in data_files(kept_in)} - {path.name for path in offered}:
            (kept_in / gone).unlink()
            new_files += 1
        if problems:
            return dataclasses.replace(self._refuse(feed, state, "; ".join(problems)), is_new=new_files > 0)
        dataclasses.replace(state, last_success=self._now(), problem=None).save(self._state_file(feed))
        return Outcome(feed.name, True, new_files > 0, f"{len(offered)} files, {new_files} changed")

    def _keep_file(self, feed: OrbitFeed, path: Path, kept: Path) -> tuple[str | None, bool]:
        """Why a file of the folder is refused, and whether it has brought something new."""
        try:
            if path.stat().st_size > feed.limit_bytes:
                return f"larger than {feed.limit_bytes} bytes", False
            content = path.read_bytes()
            if kept.exists() and kept.read_bytes() == content:
                return None, False
        except OSError as error:
            return f"cannot be read: {error.strerror}", False
        _, objection = accept(content, str(path), (), ())
        if objection:
            return objection, False
        replace_file(kept, content.decode("utf-8-sig"))
        return None, True


def _why_not_now(feed: OrbitFeed, state: FeedState, now: datetime) -> str | None:
    """Why the feed's address must not be asked now; None if it may."""
    if state.is_suspended:
        return f"not asked again: {state.problem}"
    if state.not_before and now < state.not_before:
        return f"not asked before {state.not_before:%Y-%m-%dT%H:%MZ}: {state.problem}"
    if state.last_request is None:
        return None
    waited = now - state.last_request
    # A request in the future comes from a clock that was wrong; it must not block the feed until then.
    if waited >= feed.interval or waited < -feed.interval:
        return None
    after = f"; then: {state.problem}" if state.problem else ""
    return f"asked {state.last_request:%Y-%m-%dT%H:%MZ}, again {state.last_request + feed.interval:%H:%MZ}{after}"
