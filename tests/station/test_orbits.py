# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbit files: every format gives the same elements, every mistake a message, no input a traceback."""

import csv
import dataclasses
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sgp4 import omm
from sgp4.api import Satrec

from xband_station.orbit.catalogue import FILES, Catalogue, SourcedOrbit, UnknownSatelliteError
from xband_station.orbit.elements import ElementSet
from xband_station.orbit.errors import OrbitError
from xband_station.orbit.orbit_file import load_orbit_file
from xband_station.station_config import DATA_DIR

NAME = "SUOMI NPP"
LINE1 = "1 37849U 11061A   26202.59669540  .00000061  00000+0  50149-4 0  9995"
LINE2 = "2 37849  98.7956 143.2390 0001073 185.7964 174.3200 14.19523619763329"
OMM = {
    "OBJECT_NAME": NAME,
    "OBJECT_ID": "2011-061A",
    "CENTER_NAME": "EARTH",
    "REF_FRAME": "TEME",
    "TIME_SYSTEM": "UTC",
    "MEAN_ELEMENT_THEORY": "SGP4",
    "EPOCH": "2026-07-21T14:19:14.482560",
    "MEAN_MOTION": "14.19523619",
    "ECCENTRICITY": "0.0001073",
    "INCLINATION": "98.7956",
    "RA_OF_ASC_NODE": "143.239",
    "ARG_OF_PERICENTER": "185.7964",
    "MEAN_ANOMALY": "174.32",
    "NORAD_CAT_ID": "37849",
    "BSTAR": "0.000050149",
    "MEAN_MOTION_DOT": "0.00000061",
    "MEAN_MOTION_DDOT": "0",
}
# Fields whose writing differs between TLE and OMM.
NOT_COMPARED = {"source", "international_designator"}


def with_checksum(line):
    total = sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10
    return line[:68] + str(total)


def kvn(**changes):
    fields = {**OMM, **changes}
    lines = [f"{key} = {value}" for key, value in fields.items() if value is not None]
    return "\n".join(["CCSDS_OMM_VERS = 3.0", *lines]) + "\n"


def xml(**changes):
    fields = {**OMM, **changes}
    leaves = "".join(f"<{key}>{value}</{key}>\n" for key, value in fields.items() if value is not None)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ndm><omm id="a"><body>{leaves}</body></omm></ndm>'


def as_json(**changes):
    fields = {**OMM, **changes}
    return "[{" + ", ".join(f'"{key}": "{value}"' for key, value in fields.items() if value is not None) + "}]"


def as_csv(**changes):
    fields = {key: value for key, value in {**OMM, **changes}.items() if value is not None}
    return ",".join(fields) + "\n" + ",".join(fields.values()) + "\n"


def load_text(tmp_path, text):
    file = tmp_path / "orbit.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_orbit_file(file)


def compared(element_set):
    return {k: v for k, v in dataclasses.asdict(element_set).items() if k not in NOT_COMPARED}


@pytest.mark.parametrize(
    "text",
    [
        f"{LINE1}\n{LINE2}\n",
        f"{NAME}\r\n{LINE1}\r\n{LINE2}\r\n",
        f"0 {NAME}\n{LINE1}\n{LINE2}",
        kvn(),
        kvn(MEAN_MOTION="14.19523619 [rev/day]", EPOCH="2026-202T14:19:14.482560Z"),
        "COMMENT made by hand\n\n" + kvn(),
        xml(),
        as_csv(),
        as_csv().replace("\n", "\r\n"),
        as_json(),
        as_json().strip("[]"),
    ],
)
def test_formats_agree(tmp_path, text):
    (element_set,) = load_text(tmp_path, text)
    expected = compared(load_orbit_file(DATA_DIR / "suomi-npp.tle")[0])
    if "NPP" not in text:
        expected["name"] = "37849"
    assert compared(element_set) == expected
    assert element_set.epoch_utc == datetime(2026, 7, 21, 14, 19, 14, 482560, tzinfo=UTC)


@pytest.mark.parametrize("name", ["xband-2026.omm.json", "xband-2026.omm.kvn", "xband-2026.omm.xml"])
def test_real_catalogues_agree_with_the_tle(orbits_dir, name):
    from_tle = load_orbit_file(orbits_dir / "xband-2026.tle")
    assert len(from_tle) == 131
    assert [compared(e) for e in load_orbit_file(orbits_dir / name)] == [compared(e) for e in from_tle]


def test_a_real_catalogue_as_csv(orbits_dir, tmp_path):
    rows = json.loads((orbits_dir / "xband-2026.omm.json").read_text())
    with (tmp_path / "orbit.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    from_json = load_orbit_file(orbits_dir / "xband-2026.omm.json")
    assert [compared(e) for e in load_orbit_file(tmp_path / "orbit.csv")] == [compared(e) for e in from_json]


def test_elements_are_read_as_by_the_sgp4_library(orbits_dir, tmp_path):
    """sgp4's own OMM reader, from our CSV: the same satellite in the same place a day later."""
    rows = json.loads((orbits_dir / "xband-2026.omm.json").read_text())[:20]
    for ours, fields in zip(load_orbit_file(orbits_dir / "xband-2026.omm.json"), rows, strict=False):
        theirs = Satrec()
        omm.initialize(theirs, {key: str(value) for key, value in fields.items()})
        places = [satrec.sgp4_tsince(1440.0)[1] for satrec in (ours.satrec(), theirs)]
        assert places[0] == pytest.approx(places[1], abs=1e-3)


@pytest.mark.parametrize(("raw", "number"), [("A0000", "100000"), ("Z9999", "339999"), ("J0001", "180001")])
def test_alpha5_catalogue_numbers(tmp_path, raw, number):
    lines = [with_checksum(line.replace("37849", raw)) for line in (LINE1, LINE2)]
    assert load_text(tmp_path, "\n".join(lines))[0].norad_cat_id == number


@pytest.mark.parametrize(("raw", "kept"), [("A0001", "100001"), ("0037849", "37849"), ("XB-12", "XB-12")])
def test_identifiers_have_one_writing(tmp_path, raw, kept):
    (element_set,) = load_text(tmp_path, as_csv(NORAD_CAT_ID=raw))
    assert element_set.norad_cat_id == kept
    assert catalogue_of(element_set).find(raw) is element_set


@pytest.mark.parametrize("number", ["340000", "799500123", "XB-12"])
def test_catalogue_numbers_that_sgp4_refuses(tmp_path, number, almaty):
    from xband_station.orbit.passes import find_passes

    (element_set,) = load_text(tmp_path, as_json(NORAD_CAT_ID=number))
    start = datetime(2026, 7, 22, 6, tzinfo=UTC)
    (first, *_) = find_passes(element_set, almaty, start, start.replace(hour=12))
    assert first.norad_cat_id == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "orbit.txt: no satellite"),
        ("hello", "orbit.txt:1: two element lines"),
        (f"{NAME}\n{LINE1}", "orbit.txt:2: two element lines"),
        (f"{LINE1}\n{LINE1}", "orbit.txt:2: element line 2"),
        (f"{LINE1[:-1]}6\n{LINE2}", "orbit.txt:1: checksum: '6'"),
        (f"{NAME}\n{LINE1}\n{LINE2[:-1]}", "orbit.txt:3: 68 characters"),
        (f"{with_checksum(LINE1.replace('37849', '37840'))}\n{LINE2}", "orbit.txt:2: catalogue number"),
        (f"{with_checksum(LINE1.replace('26202', '26402'))}\n{LINE2}", "orbit.txt:1: epoch"),
        (f"{with_checksum(LINE1.replace(' 50149-4', ' 5014X-4'))}\n{LINE2}", "orbit.txt:1: BSTAR"),
        (f"{LINE1}\n{with_checksum(LINE2.replace('98.7956', '198.795'))}", "inclination_deg: 198.795"),
        (f"{LINE1}\n{with_checksum(LINE2.replace('14.195', ' 0.000'))}", "mean_motion_rev_day"),
        (kvn(EPOCH="yesterday"), "orbit.txt:8: EPOCH: 'yesterday'"),
        (kvn(EPOCH="2026-02-31T00:00:00"), "EPOCH"),
        (kvn(EPOCH="9999-12-31T23:59:59"), "EPOCH"),
        (kvn(EPOCH="0001-01-01T00:00:00"), "EPOCH"),
        (kvn(MEAN_MOTION=None), "orbit.txt:1: MEAN_MOTION: is missing"),
        (kvn(ECCENTRICITY="nan"), "eccentricity: nan"),
        (kvn(ECCENTRICITY="0.9"), "underground"),
        (kvn(REF_FRAME="EME2000"), "orbit.txt:5: REF_FRAME: 'EME2000'"),
        (kvn(NORAD_CAT_ID="12a"), "norad_cat_id"),
        (kvn() + "EPOCH = 2026-01-01T00:00:00\n", "EPOCH: stands twice"),
        ("COMMENT x\nEPOCH = 1\n" + kvn(), "orbit.txt:2: EPOCH: stands before"),
        (xml(INCLINATION="x"), "orbit.txt:11: INCLINATION"),
        (xml()[:-6], "not valid XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><ndm/>', "DOCTYPE"),
        ("<html/>", "no satellite"),
        (as_json()[:-9], "orbit.txt:1: not valid JSON"),
        (as_csv(BSTAR=None), "orbit.txt:2: BSTAR: is missing"),
        (as_csv() + "A,B\n", "orbit.txt:3: 2 fields, the heading has 17"),
        (as_csv(EPOCH="0"), "orbit.txt:2: EPOCH"),
        ("[[1]]", "entry 1: is not an object"),
        (as_json(BSTAR=None), "entry 1: BSTAR: is missing"),
        (b"\xff\xfe1 2", "is not text"),
    ],
)
def test_mistakes_are_named(tmp_path, text, expected):
    with pytest.raises(OrbitError) as caught:
        load_text(tmp_path, text)
    assert expected in str(caught.value)


def test_unreadable_files_are_named(tmp_path):
    for path in (tmp_path, tmp_path / "none.tle"):
        with pytest.raises(OrbitError, match=str(path)):
            load_orbit_file(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_give_a_traceback(tmp_path, data):
    original = data.draw(st.sampled_from([f"{NAME}\n{LINE1}\n{LINE2}\n", kvn(), xml(), as_json(), as_csv()])).encode()
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, min(start + 20, len(original))))
    damaged = original[:start] + data.draw(st.binary(max_size=20)) + original[end:]
    try:
        elements = load_text(tmp_path, damaged)
    except OrbitError:
        return
    assert all(isinstance(element_set, ElementSet) for element_set in elements)


def make(name, norad, epoch_day=1):
    (element_set,) = Catalogue.from_files([DATA_DIR / "suomi-npp.tle"])
    return dataclasses.replace(
        element_set, name=name, norad_cat_id=norad, epoch_utc=datetime(2026, 7, epoch_day, tzinfo=UTC)
    )


def catalogue_of(*orbits):
    return Catalogue(SourcedOrbit(orbit, FILES) for orbit in orbits)


def test_catalogue_finds_names_and_numbers():
    catalogue = catalogue_of(make("NOAA 20 (JPSS-1)", "43013"), make("SUOMI NPP", "37849"), make("OTHER", "340001"))
    assert catalogue.find("noaa-20").norad_cat_id == "43013"
    assert catalogue.find("Suomi NPP").norad_cat_id == "37849"
    assert catalogue.find("0340001").name == "OTHER"
    with pytest.raises(UnknownSatelliteError, match="did you mean SUOMI NPP"):
        catalogue.find("SUOMI NPQ")
    with pytest.raises(UnknownSatelliteError):
        catalogue.find("---")


def test_catalogue_says_when_a_name_is_ambiguous():
    with pytest.raises(UnknownSatelliteError, match=r"A \(1\).*1\), A \(2\)|ambiguous"):
        catalogue_of(make("A", "1"), make("A", "2")).find("a")


def test_newest_elements_count():
    (kept,) = catalogue_of(make("A", "1", 5), make("A", "1", 9), make("A", "1", 7))
    assert kept.epoch_utc.day == 9
    assert kept.age_s(datetime(2026, 7, 10, tzinfo=UTC)) == 86400.0
