# SPDX-License-Identifier: GPL-3.0-or-later
"""Refreshing orbit data from a server that misbehaves in every way we know of."""

import contextlib
import dataclasses
import email.utils
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import until

from xband_station.orbit.acceptance import accept
from xband_station.orbit.catalogue import OrbitSource
from xband_station.orbit.feeds import FeedKind, OrbitFeed, load_catalogue, load_feed
from xband_station.orbit.orbit_file import parse_orbits
from xband_station.orbit.refresh import Refresher
from xband_station.orbit.service import OrbitService
from xband_station.station_config import DATA_DIR

NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TLE = (DATA_DIR / "suomi-npp.tle").read_bytes()


def with_checksum(line):
    total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10
    return line[:68] + str(total)


def tle(day=202.5, norad="37849"):
    """The station's own elements with another epoch or number."""
    lines = TLE.decode().splitlines()[-2:]
    one = lines[0][:2] + norad + lines[0][7:18] + f"26{day:012.8f}" + lines[0][32:]
    two = lines[1][:2] + norad + lines[1][7:]
    return "\n".join(["NAME " + norad, with_checksum(one), with_checksum(two), ""]).encode()


class Server:
    """Serves what ``answer`` says: status, headers, body; the body may be a function that writes to the socket."""

    def __init__(self):
        self.answer = (200, {}, tle())
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, dict(self.headers)))
                status, headers, body = outer.answer
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                if "Content-Length" not in headers and not callable(body):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    body(self.wfile) if callable(body) else self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/gp.php"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


class Desk:
    """One feed with its cache; every call is a new Refresher, as after a restart."""

    def __init__(self, url, cache, **changes):
        self.feed = OrbitFeed(OrbitSource("net"), FeedKind.URL, url, **{"timeout_s": 2.0, **changes})
        self.cache = cache
        self.now = NOW

    def refresh(self, after=timedelta(0)):
        self.now += after
        (outcome,) = Refresher([self.feed], self.cache, lambda: self.now).refresh()
        return outcome

    def epoch_day(self):
        (kept,) = load_feed(self.feed, self.cache)
        return kept.epoch_utc.timetuple().tm_yday

    def state(self):
        return Refresher([self.feed], self.cache).state(self.feed)


@pytest.fixture
def desk(server, tmp_path):
    return Desk(server.url, tmp_path / "cache")


def test_at_most_one_request_in_two_hours_across_restarts(server, desk):
    assert desk.refresh().is_new
    for after in (timedelta(0), HOUR, 0.9 * HOUR):
        outcome = desk.refresh(after)
        assert (outcome.is_good, outcome.is_new) == (True, False)
    assert len(server.requests) == 1
    server.answer = (200, {}, tle(203.5))
    assert desk.refresh(0.2 * HOUR).is_new
    assert len(server.requests) == 2
    assert desk.epoch_day() == 203


def test_failed_requests_count_too(server, desk):
    server.answer = (500, {}, b"")
    assert not desk.refresh().is_good
    assert "HTTP 500" in desk.refresh(HOUR).text
    assert len(server.requests) == 1


def test_a_server_that_is_down_is_not_asked_in_a_loop(server, desk, tmp_path):
    gone = Desk("http://127.0.0.1:1/x", tmp_path / "gone")
    assert "cannot be reached" in gone.refresh().text
    assert gone.state().last_request == NOW
    assert "cannot be reached" in gone.refresh(HOUR).text


@pytest.mark.parametrize(
    "url", ["http://[::1/x", "http://127.0.0.1:99999/", "http://\u00e9.invalid/", "http://h/\u00e9"]
)
def test_impossible_addresses_are_refused_by_name(tmp_path, url):
    assert not Desk(url, tmp_path / "cache").refresh().is_good


def test_requests_are_conditional(server, desk):
    server.answer = (200, {"ETag": '"a1"', "Last-Modified": "Tue, 21 Jul 2026 14:00:00 GMT"}, tle())
    desk.refresh()
    server.answer = (304, {}, b"")
    outcome = desk.refresh(2 * HOUR)
    assert (outcome.is_good, outcome.is_new, outcome.text) == (True, False, "nothing new")
    headers = server.requests[1][1]
    assert headers["If-None-Match"] == '"a1"'
    assert headers["If-Modified-Since"] == "Tue, 21 Jul 2026 14:00:00 GMT"
    assert headers["User-Agent"].startswith("gr-xband/")
    assert desk.epoch_day() == 202


def test_without_kept_data_the_request_is_not_conditional(server, desk):
    server.answer = (200, {"ETag": '"a1"'}, tle())
    desk.refresh()
    for file in desk.feed.kept_in(desk.cache).iterdir():
        file.unlink()
    desk.refresh(2 * HOUR)
    assert "If-None-Match" not in server.requests[1][1]
    assert desk.epoch_day() == 202


def drip(stream):
    for octet in tle():
        stream.write(bytes([octet]))
        stream.flush()
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((200, {}, b""), "answer is empty"),
        ((200, {}, b" \n"), "answer is empty"),
        ((200, {"Content-Length": "9999"}, tle(203.5)), "truncated"),
        ((200, {}, tle(203.5)[:-20]), "damaged"),
        ((200, {}, tle(203.5)[:90]), "damaged"),
        ((200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>please log in</html>"), "HTML"),
        ((200, {}, b"\n<HTML>"), "HTML"),
        ((200, {}, tle(201.5)), "stale"),
        ((200, {}, tle(203.5, norad="25994")), "0 of the 1 satellites"),
        ((200, {}, tle(203.5) * 200), "larger than"),
        ((200, {}, b"\xff\xfe\x00"), "damaged"),
        ((200, {}, b"GP data has not updated since your last successful download"), "damaged"),
        ((404, {}, b"no"), "HTTP 404"),
        ((200, {}, drip), "not complete after"),
        ((200, {}, lambda stream: time.sleep(1.0)), "no answer within"),
        ((200, {"Transfer-Encoding": "chunked"}, b"5\r\nabc"), "broken answer"),
    ],
)
def test_bad_answers_leave_the_last_good_data(server, desk, answer, reason):
    desk.refresh()
    desk.feed = dataclasses.replace(desk.feed, limit_bytes=20_000, timeout_s=0.4)
    server.answer = answer
    outcome = desk.refresh(2 * HOUR)
    assert not outcome.is_good
    assert reason in outcome.text
    assert "last good data stay in use" in outcome.text
    assert desk.epoch_day() == 202
    assert reason in desk.state().problem
    assert not list(desk.cache.rglob("*.part"))
    server.answer = (200, {}, tle(204.5))
    assert desk.refresh(2 * HOUR).is_new
    assert desk.epoch_day() == 204
    assert desk.state().problem is None


def test_required_satellites(server, desk):
    desk.feed = dataclasses.replace(desk.feed, satellites=("37849", "43013"))
    outcome = desk.refresh()
    assert "lacks satellite 43013" in outcome.text
    assert load_feed(desk.feed, desk.cache) == []
    server.answer = (200, {}, tle() + tle(norad="43013"))
    assert desk.refresh(2 * HOUR).is_new


def test_moved_for_good_is_not_followed_nor_asked_again(server, desk):
    server.answer = (301, {"Location": server.url + "/new"}, b"")
    assert "change the station file" in desk.refresh().text
    assert "change the station file" in desk.refresh(1000 * HOUR).text
    assert len(server.requests) == 1
    desk.feed = dataclasses.replace(desk.feed, location=server.url + "/new")
    server.answer = (200, {}, tle())
    assert desk.refresh().is_new


def test_shut_out_means_a_day_of_silence(server, desk):
    server.answer = (403, {}, b"too many requests")
    assert "shut out" in desk.refresh().text
    assert "not asked before" in desk.refresh(23 * HOUR).text
    assert len(server.requests) == 1
    server.answer = (200, {}, tle())
    assert desk.refresh(1.1 * HOUR).is_new


@pytest.mark.parametrize("is_date", [False, True])
def test_retry_after_is_obeyed(server, desk, is_date):
    wait = email.utils.format_datetime(NOW + 5 * HOUR, usegmt=True) if is_date else str(5 * 3600)
    server.answer = (429, {"Retry-After": wait}, b"")
    assert "HTTP 429" in desk.refresh().text
    assert "not asked before 2026-07-22T17:00Z" in desk.refresh(4.9 * HOUR).text
    server.answer = (200, {}, tle())
    assert desk.refresh(0.2 * HOUR).is_new
    assert len(server.requests) == 2


@pytest.mark.parametrize("wait", ["soon", "-5", "", "9" * 400, "Wed, 99 Foo 2026"])
def test_nonsense_in_retry_after(server, desk, wait):
    server.answer = (503, {"Retry-After": wait}, b"")
    assert "HTTP 503" in desk.refresh().text
    server.answer = (200, {}, tle())
    assert desk.refresh(8 * 24 * HOUR).is_new


@pytest.mark.parametrize("text", ["", "{", "[]", '{"location": 5}', '{"last_request": "yesterday"}', "\xff"])
def test_a_damaged_state_file_still_keeps_us_polite(server, desk, text):
    desk.refresh()
    (state_file,) = desk.cache.glob("*.json")
    state_file.write_text(text)
    desk.now = datetime.now(UTC)
    desk.refresh(HOUR)
    assert len(server.requests) == 1
    desk.refresh(1.5 * HOUR)
    assert len(server.requests) == 2


def test_a_clock_that_was_wrong_does_not_block_the_feed(server, desk):
    desk.refresh(1000 * HOUR)
    desk.refresh(-1000 * HOUR)
    assert len(server.requests) == 2


def test_a_cache_that_cannot_be_written_means_no_request(server, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = Desk(server.url, tmp_path / "file" / "cache").refresh()
    assert "cannot be written" in outcome.text
    assert not server.requests


def test_two_processes_ask_once(server, desk):
    """The second one finds the first still waiting for its answer."""
    arrived, release = threading.Event(), threading.Event()

    def slow(stream):
        arrived.set()
        release.wait(5.0)
        stream.write(tle())

    server.answer = (200, {}, slow)
    first = threading.Thread(target=desk.refresh)
    first.start()
    assert arrived.wait(5.0)
    assert "another process is asking" in desk.refresh().text
    release.set()
    first.join()
    assert len(server.requests) == 1
    assert desk.epoch_day() == 202


def test_folder_feed_keeps_the_last_good_of_each_file(tmp_path):
    folder, cache = tmp_path / "drop", tmp_path / "cache"
    folder.mkdir()
    (folder / "a.tle").write_bytes(tle())
    (folder / "b.tle").write_bytes(tle(norad="43013"))
    (folder / ".hidden").write_text("x")
    feed = OrbitFeed(OrbitSource("drop"), FeedKind.FOLDER, str(folder))
    refresher = Refresher([feed], cache, lambda: NOW)
    assert [(o.is_good, o.is_new) for o in refresher.refresh()] == [(True, True)]
    assert [(o.is_good, o.is_new) for o in refresher.refresh()] == [(True, False)]
    (folder / "a.tle").write_bytes(tle(203.5)[:100])
    (folder / "c.tle").write_bytes(tle(norad="25994"))
    (outcome,) = refresher.refresh()
    assert "a.tle" in outcome.text
    assert (outcome.is_good, outcome.is_new) == (False, True)
    (folder / "c.tle").unlink()
    found = {orbit.norad_cat_id: orbit.epoch_utc.timetuple().tm_yday for orbit in load_catalogue([feed], cache)}
    assert found == {"37849": 202, "43013": 202}
    (folder / "b.tle").unlink()
    (folder / "a.tle").write_bytes(tle(204.5))
    refresher.refresh()
    assert [orbit.norad_cat_id for orbit in load_catalogue([feed], cache)] == ["37849"]
    (folder / "a.tle").unlink()
    (outcome,) = refresher.refresh()
    assert "no file in the folder" in outcome.text
    assert len(load_catalogue([feed], cache)) == 1


def test_service_brings_new_data_without_waiting(server, tmp_path):
    release = threading.Event()

    def slow(stream):
        release.wait(5.0)
        stream.write(tle(203.5))

    feeds = [
        OrbitFeed(OrbitSource("old"), FeedKind.FILE, str(DATA_DIR / "suomi-npp.tle")),
        OrbitFeed(OrbitSource("net", priority=5), FeedKind.URL, server.url, timeout_s=10.0),
    ]
    server.answer = (200, {}, slow)
    with OrbitService(feeds, tmp_path / "cache", poll_s=0.02) as service:
        assert service.catalogue.choose("37849", NOW).source.name == "old"
        release.set()
        assert until(lambda: service.catalogue.choose("37849", NOW + 24 * HOUR).source.name == "net")
    assert len(server.requests) == 1


def test_first_start_waits_for_the_only_feed(server, tmp_path):
    feed = OrbitFeed(OrbitSource("net"), FeedKind.URL, server.url)
    with OrbitService([feed], tmp_path / "cache") as service:
        assert len(service.catalogue) == 1


GOOD = tle() + tle(norad="43013")


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_whatever_comes_is_data_or_refused(data):
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, len(GOOD)))
    content = GOOD[:start] + data.draw(st.binary(max_size=30)) + GOOD[end:]
    kept = parse_orbits(GOOD, "kept")
    found, objection = accept(content, "new", kept, ("37849",))
    assert objection or "37849" in {orbit.norad_cat_id for orbit in found}
