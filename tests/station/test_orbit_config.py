# SPDX-License-Identifier: GPL-3.0-or-later
"""The station file's sections about sky and orbits."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xband_core.errors import XbandError
from xband_station.orbit.catalogue import OrbitSource
from xband_station.orbit.feeds import FeedKind
from xband_station.station_config import DEFAULT_STATION_FILE, load_station

HOUR = timedelta(hours=1)


def station_with(tmp_path, orbits):
    file = tmp_path / "station.yml"
    text = DEFAULT_STATION_FILE.read_text()
    start = text.index("orbits:")
    file.write_text(text[:start] + orbits + "\n" + text[text.index("\n", start) :])
    return file


def test_feeds_in_the_station_file(tmp_path):
    orbits = """orbits:
  celestrak: {url: "https://example.org/gp?ids={satellites}&FORMAT=csv", priority: 10, satellites: ["37849", "43013"]}
  partner: {folder: drop, priority: 20, enabled: false, max_age_hours: 72}
  spare: {file: old.tle}"""
    network, partner, spare = load_station(station_with(tmp_path, orbits)).orbit_feeds
    assert network.location == "https://example.org/gp?ids=37849,43013&FORMAT=csv"
    assert (network.kind, network.interval, network.source.max_age) == (FeedKind.URL, 2 * HOUR, None)
    assert partner.source == OrbitSource("partner", 20, False, 72 * HOUR)
    assert spare.location == str(tmp_path / "old.tle")


@pytest.mark.parametrize(
    ("feed", "field"),
    [
        ("{url: ftp://example.org/x}", "orbits.a.url"),
        ("{url: 'https://'}", "orbits.a.url"),
        ("{file: x, folder: y}", "orbits.a"),
        ("{folder: x, satellites: ['5']}", "orbits.a.satellites"),
        ("{file: x, max_age_hours: 0}", "orbits.a.max_age_hours"),
        ("{}", "orbits.a"),
        ("{file: x, priority: high}", "orbits.a.priority"),
        ("{url: 'http://h/x', interval_hours: 1}", "orbits.a.interval_hours"),
        ("{url: 'http://h/x', satellites: [nope]}", "orbits.a.satellites"),
        ("{file: x, enabled: maybe}", "orbits.a.enabled"),
        ("{file: x, colour: red}", "orbits.a.colour"),
        ("{url: 'http://h/x'}\n  b: {url: 'http://h/x'}", "orbits.a"),
        ("x.tle", "orbits.a"),
    ],
)
def test_wrong_feeds_are_named(tmp_path, feed, field):
    file = station_with(tmp_path, f"orbits:\n  a: {feed}")
    number = file.read_text().splitlines().index("orbits:") + 2
    with pytest.raises(XbandError) as caught:
        load_station(file)
    assert f"{file}:{number}: {field}" in str(caught.value)


STATION = """orbits:
  net: {url: "https://example.org/{satellites}", priority: 10, satellites: ["37849"], interval_hours: 3}
  drop: {folder: drop, max_age_hours: 72.5, enabled: false}
horizon: {0: 2.5, 90.5: 8, 355: -1}
atmosphere: {pressure_hpa: 915.5}"""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_station_files_never_give_a_traceback(tmp_path, data):
    text = station_with(tmp_path, STATION).read_bytes()
    # Damage to these sections; the others have tests of their own.
    first, last = text.index(b"orbits:\n"), text.index(b"915.5}") + 6
    start = data.draw(st.integers(first, last))
    end = data.draw(st.integers(start, min(start + 10, last)))
    file = tmp_path / "damaged.yml"
    file.write_bytes(text[:start] + data.draw(st.binary(max_size=6)) + text[end:])
    try:
        station = load_station(file)
    except XbandError:
        return
    assert station.horizon.elevation_deg([0.0]).shape == (1,)


def test_the_commented_example_holds(tmp_path):
    """The comments of the shipped station file are no dead letters."""
    lines = DEFAULT_STATION_FILE.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("orbits: ["))
    optional = (
        "# horizon:",
        "# atmosphere:",
        "# orbits:",
        "# orbit_cache:",
        "#   celestrak:",
        "#   operator:",
        "#   spare:",
    )
    shown = [line.removeprefix("# ") if line.startswith(optional) else line for line in lines]
    (tmp_path / "station.yml").write_text("\n".join(shown[:start] + shown[start + 1 :]))
    (tmp_path / "mask.csv").write_text("0,5\n")
    station = load_station(tmp_path / "station.yml")
    assert [feed.name for feed in station.orbit_feeds] == ["celestrak", "operator", "spare"]
    assert station.atmosphere.pressure_hpa == 915.0
