# SPDX-License-Identifier: GPL-3.0-or-later
"""The station file's sections about sky and orbits."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from xband_core.yaml_section import Section
from xband_station.orbit.catalogue import OrbitSource
from xband_station.orbit.feeds import DEFAULT_LIMIT_BYTES, MIN_INTERVAL, FeedKind, OrbitFeed
from xband_station.orbit.horizon import HIGHEST_DEG, LOWEST_DEG, HorizonMask, load_horizon
from xband_station.orbit.identifiers import ALLOWED, normal_identifier
from xband_station.orbit.refraction import Atmosphere

_MIN_HOURS = MIN_INTERVAL / timedelta(hours=1)


def read_horizon(section: Section, folder: Path) -> HorizonMask:
    """``{file: mask.csv}``, or the points themselves: ``{0: 2.5, 90: 8.0, ...}``, azimuth to elevation in degrees.

    Raises MissionError (inline) or OrbitError (file).
    """
    if section.has("file"):
        file = section.text("file")
        section.finish()
        return load_horizon(folder / file)
    points: dict[float, float] = {}
    for key in section:
        if not re.fullmatch(r"\d{1,3}(\.\d{1,9})?", key) or not 0.0 <= float(key) < 360.0:
            section.fail(key, f"{key!r} is not an azimuth", "0 to below 360, or file")
        if points and float(key) <= max(points):
            section.fail(key, "azimuths must rise", f"above {max(points):g}")
        points[float(key)] = section.number(key, LOWEST_DEG, HIGHEST_DEG)
    if not points:
        section.fail(None, "a horizon without points", "at least one azimuth with its elevation, or file")
    return HorizonMask(tuple(points), tuple(points.values()))


def read_feeds(top: Section, folder: Path) -> tuple[OrbitFeed, ...]:
    """The station's ``orbits``: a list of files, or feeds by name. Paths are relative to ``folder``.

    Raises MissionError.
    """
    if not top.is_mapping("orbits"):
        return tuple(
            OrbitFeed(OrbitSource(Path(name).name), FeedKind.FILE, str(folder / name)) for name in top.texts("orbits")
        )
    table = top.section("orbits")
    feeds = tuple(_read_feed(table, name, section, folder) for name, section in table.sections())
    if not feeds:
        table.fail(None, "no orbit data", "at least one feed, or a list of files")
    urls = [feed.location for feed in feeds if feed.kind is FeedKind.URL]
    for feed in feeds:
        if feed.kind is FeedKind.URL and urls.count(feed.location) > 1:
            table.fail(feed.name, "asks the same address as another feed", "one feed for each address")
    return feeds


def _read_feed(table: Section, name: str, section: Section, folder: Path) -> OrbitFeed:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        table.fail(name, "not a name for a feed", "lower-case words and digits joined by '-'")
    kinds = [kind for kind in FeedKind if section.has(kind.value)]
    if len(kinds) != 1:
        section.fail(None, "says where its data are not once", "one of file, folder and url")
    kind = kinds[0]
    hours = section.number("max_age_hours", 1.0, 24.0 * 366) if section.has("max_age_hours") else None
    source = OrbitSource(
        name,
        priority=section.integer("priority", 0, 1000, 0),
        is_enabled=section.flag("enabled", True),
        max_age=timedelta(hours=hours) if hours else None,
    )
    feed = OrbitFeed(source, kind, "")
    if kind is FeedKind.URL:
        feed = _read_address(section, feed)
    else:
        feed = replace(feed, location=str(folder / section.text(kind.value)))
    if kind is not FeedKind.FILE:
        limit_bytes = section.integer("limit_bytes", 1000, 1_000_000_000, DEFAULT_LIMIT_BYTES)
        feed = replace(feed, limit_bytes=limit_bytes)
    section.finish()
    return feed


def _read_address(section: Section, feed: OrbitFeed) -> OrbitFeed:
    """What only a feed from the network has."""
    satellites = tuple(section.texts("satellites")) if section.has("satellites") else ()
    for identifier in satellites:
        if normal_identifier(identifier) != identifier:
            section.fail("satellites", f"{identifier!r} is not an identifier", ALLOWED)
    url = section.text("url", pattern=r"https?://[^/\s]+\S*", allowed="http:// or https:// address")
    return replace(
        feed,
        location=url.replace("{satellites}", ",".join(satellites)),
        satellites=satellites,
        interval=timedelta(hours=section.number("interval_hours", _MIN_HOURS, 24.0 * 7, _MIN_HOURS)),
        timeout_s=section.number("timeout_s", 1.0, 600.0, 30.0),
    )


def read_atmosphere(section: Section, altitude_m: float) -> Atmosphere:
    """Air at the station; what is not given is the standard atmosphere at its altitude. Raises MissionError."""
    standard = Atmosphere.standard(altitude_m)

    atmosphere = Atmosphere(
        pressure_hpa=section.number("pressure_hpa", 300.0, 1100.0, standard.pressure_hpa),
        temperature_c=section.number("temperature_c", -80.0, 60.0, standard.temperature_c),
        water_vapour_hpa=section.number("water_vapour_hpa", 0.0, 60.0, standard.water_vapour_hpa),
    )
    section.finish()
    return atmosphere
